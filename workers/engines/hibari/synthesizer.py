"""The engine ``hibari``: English by a small network, quicker than real time by far on one processor core."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.engines.hibari import dictionaries, voices
from voicestream.workers.engines.hibari.package import INSTALL, LANGUAGES, NAME, PACKAGES, REINSTALL
from voicestream.workers.inference import malloc_trim
from voicestream.workers.onnx_voice import chunks, joining, session
from voicestream.workers.onnx_voice.chunks import Chunk
from voicestream.workers.text.control_characters import without_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from hibari import Hibari
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.engines.hibari.voices import Voices

SLOWEST: Final = 0.5
FASTEST: Final = 2.0
"""Speeds that the package states."""

THREADS: Final = 1
"""A second one takes a core from the agent for a few milliseconds; one is 70 times as fast as speech."""

WHOLE: Final = chunks.FIRST_PREFERRED
"""Phonemes of a sentence that is synthesized at once, in some 32 ms. A longer one is cut at its first clause: a speech
recognizer made the same errors with 82 sentences cut and whole."""

_MAX_CHARACTERS: Final = 400
"""Half a minute: a sentence that is synthesized again after a crash is synthesized from its beginning."""

_LONG_RUN: Final = re.compile(r"\S{25,}")
"""Text without a space: the time of the package's front-end grows with the third power of its length."""

_LONG_WORD: Final = re.compile(r"(\w{24})(?=\w)")

_WARM_UP: Final = "This is a sentence with the word voicestreaming, which no dictionary has."
"""The unknown word loads the network that spells unknown words."""


class HibariSynthesizer:
    """A ``Synthesizer``."""

    name = NAME
    device = "cpu"
    sample_rate = 24_000
    needs_postprocessing = True
    # Its own front-end reads "Python 3.11" as "three one one", "2.4 s" as the letter, and "10 MB/s" without "per".
    needs_normalized_text = True

    def __init__(self, found: Voices) -> None:
        """Initialize.

        Args:
            found: the voices on this machine.
        """
        self._voices = found
        self._loaded: tuple[str, Hibari] | None = None
        """The voice that spoke last."""

    def max_characters(self, language: str) -> int:
        """Return about half a minute of speech."""
        del language
        return _MAX_CHARACTERS

    def supports(self, language: str) -> bool:
        """Return whether it is English."""
        try:
            return languages.parse(language).base in LANGUAGES
        except UsageError:
            return False

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Synthesize one sentence, a long one clause by clause.

        Args:
            text: without words: no chunks.
            language: BCP-47 tag.
            voice: empty, or a name: ``heart``.
            seed: of the noise in the voice.
            speed: kept within 0.5 to 2.

        Raises:
            UsageError: there is no such voice.
            RuntimeError: the network failed.
            ValueError: samples are not finite.
        """
        import numpy as np

        engine = self._engine(self._voices.choose(voice, language))
        pace = min(max(speed, SLOWEST), FASTEST)
        parts = pieces(" ".join(engine.phonemize(bounded(text))))
        joiner = joining.Joiner(self.sample_rate)
        for number, piece in enumerate(parts):
            try:
                samples = engine.from_phonemes(piece.phonemes, speed=pace, seed=(seed, number))
            except session.errors() as error:
                raise RuntimeError(f"the network failed: {error}") from error
            if not np.isfinite(samples).all():
                raise ValueError("the network returned samples that are not finite")
            sound = joiner.add(np.clip(samples, -1.0, 1.0))
            is_last = number == len(parts) - 1
            rest = joiner.end() if is_last else joiner.end_chunk(piece.pause_seconds / pace)
            yield from joining.cut(sound, self.sample_rate)
            yield from joining.cut(rest, self.sample_rate)

    def close(self) -> None:
        """Release the network."""
        self._loaded = None

    def _engine(self, name: str) -> Hibari:
        """Return the loaded voice of a name.

        Raises:
            EngineNotReadyError: its file is damaged.
        """
        if self._loaded is None or self._loaded[0] != name:
            self._loaded = None
            self._loaded = (name, _load_voice(name, self._voices.files[name]))
        return self._loaded[1]


def bounded(text: str) -> str:
    """Return a text that the front-end reads in linear time: long runs are parted at their marks, then by length."""

    def parted(run: re.Match[str]) -> str:
        return _LONG_WORD.sub(r"\1 ", re.sub(r"[^\w'\u2019]+(?=\w)", " ", run[0]))

    return _LONG_RUN.sub(parted, without_control_characters(text))


def pieces(phonemes: str) -> list[Chunk]:
    """Return the pieces of a sentence that are synthesized one after the other; none if nothing in it is spoken."""
    if not any(map(str.isalpha, phonemes)):
        return []
    return [Chunk(phonemes, 0.0)] if len(phonemes) <= WHOLE else chunks.split(phonemes)


def load(_settings: EngineSettings, report: Report) -> HibariSynthesizer:
    """Import the package, load its voice and its dictionaries, and synthesize a sentence.

    Raises:
        EngineNotReadyError: the package is missing or damaged.
    """
    report("importing onnxruntime", None)
    try:
        for package in PACKAGES:
            importlib.import_module(package)
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=INSTALL) from error
    except (OSError, ValueError) as error:
        raise EngineNotReadyError(f"the package hibari-tts cannot be used: {error}", hint=REINSTALL) from error
    loaded = HibariSynthesizer(voices.find())
    report("warming up", None)
    errors: tuple[type[Exception], ...] = (*session.errors(), OSError, RuntimeError, ValueError, KeyError, EOFError)
    try:
        for _ in loaded.synthesize(_WARM_UP, "en", "", 0):
            pass
    except errors as error:
        raise EngineNotReadyError(f"the package hibari-tts cannot be used: {error}", hint=REINSTALL) from error
    malloc_trim.trim()
    return loaded


def _load_voice(name: str, file: Path) -> Hibari:
    """Load one voice.

    Raises:
        EngineNotReadyError: its file is damaged.
    """
    import hibari

    errors: tuple[type[Exception], ...] = (*session.errors(), OSError, ValueError)
    try:
        engine = hibari.Hibari(voice=name, model=str(file), threads=THREADS)
        dictionaries.shrink(engine)
    except errors as error:
        raise EngineNotReadyError(f"{file} is damaged: {error}", hint=f"Remove it, or: {REINSTALL}") from error
    return engine
