"""The engine ``espeak``: the voice that needs no download, espeak-ng from the package ``espeakng-loader``."""

from __future__ import annotations

import importlib
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.espeak_ng import library as espeak_library
from voicestream.workers.espeak_ng import voices as espeak_voices

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.espeak_ng.voices import EspeakVoices

NATURAL_WORDS_PER_MINUTE: Final = 175
"""espeak-ng's own default."""

SLOWEST_WORDS_PER_MINUTE: Final = 80
FASTEST_WORDS_PER_MINUTE: Final = 450
"""espeak-ng's limits; beyond the latter it only cuts samples."""

MAX_CHARACTERS: Final = 600
"""One call makes a whole text, cannot be cancelled and holds its sound in memory: about 40 s, 2 MB, 60 ms."""

_FULL_SCALE: Final = 32_768
"""Of signed 16-bit samples."""

_UNSPEAKABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
"""NUL would end the text, a lone surrogate is not UTF-8; other control characters say nothing."""


class EspeakSynthesizer:
    """A ``Synthesizer`` around espeak-ng: 100 languages on any machine, without delay, in a robot's voice."""

    name = "espeak"
    device = "cpu"
    sample_rate = espeak_library.SAMPLE_RATE
    needs_normalized_text = False
    needs_postprocessing = False

    def __init__(self, library: Path, data: Path, voices: EspeakVoices) -> None:
        """Takes what ``load`` has found.

        Args:
            library: the file.
            data: its directory of data.
            voices: the names that are in it.
        """
        self._library = library
        self._data = data
        self._voices = voices

    def max_characters(self, language: str) -> int:
        """The same in every language."""
        del language
        return MAX_CHARACTERS

    def supports(self, language: str) -> bool:
        """Whether espeak-ng has a voice for it."""
        try:
            voice = languages.parse(language).espeak
        except UsageError:
            return False
        return voice is not None and voice in self._voices.voices.values()

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The sound of a text: float32, mono, chunks of at most 0.25 s, 22,050 Hz.

        Args:
            text: without words: no chunks.
            language: BCP-47 tag.
            voice: empty, ``en-gb``, ``en-gb+f3`` or ``+f3``.
            seed: of the noise in breathy voices.
            speed: 1.0 = 175 words a minute; kept within 80 to 450.

        Raises:
            UsageError: there is no such voice.
            EspeakError: the library refused.
            ValueError: espeak-ng does not speak the language.
        """
        import numpy as np

        pieces = cut(_UNSPEAKABLE.sub(" ", text), MAX_CHARACTERS)
        if not pieces:
            return
        name = self._voices.choose(language, voice)
        for piece in pieces:
            # Unloaded before the first chunk leaves: an iterator that is dropped half way leaves nothing loaded.
            with espeak_library.loaded(self._library, self._data) as espeak:
                espeak.set_up(name, words_per_minute(speed), seed)
                chunks = espeak.speak(piece.encode())
            for chunk in chunks:
                yield np.frombuffer(chunk, np.int16).astype(np.float32) / np.float32(_FULL_SCALE)

    def close(self) -> None:
        """Nothing stays loaded between sentences."""


def load(_settings: EngineSettings, report: Report) -> EspeakSynthesizer:
    """Import numpy and try the library once.

    Raises:
        EngineNotReadyError: the package is missing or damaged.
    """
    report("espeak-ng", None)
    importlib.import_module("numpy")  # here, so that the first sentence need not wait for it
    try:
        import espeakng_loader

        library, data = Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    except (ImportError, RuntimeError) as error:
        raise EngineNotReadyError(
            f"the package of espeak-ng cannot be used: {error}", hint=espeak_voices.REINSTALL
        ) from error
    voices = espeak_voices.find(data)
    try:
        with espeak_library.loaded(library, data):
            pass
    except espeak_library.EspeakError as error:
        raise EngineNotReadyError(str(error), hint=espeak_voices.REINSTALL) from error
    return EspeakSynthesizer(library, data, voices)


def words_per_minute(speed: float) -> int:
    """espeak-ng's rate for a speed, 1.0 being natural."""
    wanted = round(NATURAL_WORDS_PER_MINUTE * speed)
    return min(max(wanted, SLOWEST_WORDS_PER_MINUTE), FASTEST_WORDS_PER_MINUTE)


def cut(text: str, limit: int) -> list[str]:
    """The text in pieces of at most ``limit`` characters, cut at spaces where there are any."""
    pieces: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        end = rest.rfind(" ", 1, limit + 1)
        end = end if end > 0 else limit
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [piece for piece in itertools.chain(pieces, [rest]) if piece]
