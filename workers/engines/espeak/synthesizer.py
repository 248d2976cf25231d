"""Engine ``espeak``: espeak-ng from the package ``espeakng-loader``, a voice without a download."""

from __future__ import annotations

import importlib
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.espeak_ng import library as espeak_library
from voicestream.workers.espeak_ng import voices as espeak_voices
from voicestream.workers.text.control_characters import without_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.espeak_ng.voices import EspeakVoices

NATURAL_WORDS_PER_MINUTE: Final = 175
"""Default of espeak-ng."""

SLOWEST_WORDS_PER_MINUTE: Final = 80
FASTEST_WORDS_PER_MINUTE: Final = 450
"""Limits of espeak-ng; beyond the higher one it only cuts samples."""

MAX_CHARACTERS: Final = 600
"""Limit of one call, which cannot be cancelled: about 40 s of sound, 2 MB, 60 ms."""

_FULL_SCALE: Final = 32_768
"""Full scale of signed 16-bit samples."""


class EspeakSynthesizer:
    """``Synthesizer`` with espeak-ng: 100 languages on any machine, low latency, a robotic voice."""

    name = "espeak"
    device = "cpu"
    sample_rate = espeak_library.SAMPLE_RATE
    needs_normalized_text = False
    needs_postprocessing = False

    def __init__(self, library: Path, data: Path, voices: EspeakVoices) -> None:
        """Take the files that ``load`` found.

        Args:
            library: the shared library.
            data: its data directory.
            voices: names of its voices.
        """
        self._library = library
        self._data = data
        self._voices = voices

    def max_characters(self, language: str) -> int:
        """Return ``MAX_CHARACTERS`` for every language."""
        del language
        return MAX_CHARACTERS

    def supports(self, language: str) -> bool:
        """Return whether espeak-ng has a voice for the language."""
        try:
            voice = languages.parse(language).espeak
        except UsageError:
            return False
        return voice is not None and voice in self._voices.voices.values()

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the sound of a text: float32, mono, 22,050 Hz, chunks of at most 0.25 s.

        Args:
            text: without words nothing is yielded.
            language: BCP-47 tag.
            voice: empty, ``en-gb``, ``en-gb+f3`` or ``+f3``.
            seed: of the noise in breathy voices.
            speed: 1.0: 175 words a minute; clamped to 80 to 450.

        Raises:
            UsageError: there is no such voice.
            EspeakError: the library returned an error.
            ValueError: espeak-ng does not speak the language.
        """
        import numpy as np

        chunks = split(without_control_characters(text), MAX_CHARACTERS)
        if not chunks:
            return
        name = self._voices.choose(language, voice)
        for chunk in chunks:
            # The library is unloaded before the first chunk is yielded, so a dropped iterator leaves nothing loaded.
            with espeak_library.loaded(self._library, self._data) as espeak:
                espeak.configure(name, words_per_minute(speed), seed)
                arrays = espeak.synthesize(chunk.encode())
            for array in arrays:
                yield np.frombuffer(array, np.int16).astype(np.float32) / np.float32(_FULL_SCALE)

    def close(self) -> None:
        """Do nothing: the library is not loaded between sentences."""


def load(_settings: EngineSettings, report: Report) -> EspeakSynthesizer:
    """Import numpy and load the library once.

    Raises:
        EngineNotReadyError: the package is missing or damaged.
    """
    report("espeak-ng", None)
    importlib.import_module("numpy")  # here, so that the first sentence does not wait for it
    try:
        import espeakng_loader

        library, data = Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    except (ImportError, RuntimeError) as error:
        raise EngineNotReadyError(
            f"the package of espeak-ng cannot be used: {error}", hint=espeak_voices.REINSTALL
        ) from error
    voices = espeak_voices.read_voices(data)
    try:
        with espeak_library.loaded(library, data):
            pass
    except espeak_library.EspeakError as error:
        raise EngineNotReadyError(str(error), hint=espeak_voices.REINSTALL) from error
    return EspeakSynthesizer(library, data, voices)


def words_per_minute(speed: float) -> int:
    """Return the rate of espeak-ng for a speed; 1.0 is natural."""
    wanted = round(NATURAL_WORDS_PER_MINUTE * speed)
    return min(max(wanted, SLOWEST_WORDS_PER_MINUTE), FASTEST_WORDS_PER_MINUTE)


def split(text: str, limit: int) -> list[str]:
    """Split a text into chunks of at most ``limit`` characters, at spaces where possible."""
    chunks: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        end = rest.rfind(" ", 1, limit + 1)
        end = end if end > 0 else limit
        chunks.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [chunk for chunk in itertools.chain(chunks, [rest]) if chunk]
