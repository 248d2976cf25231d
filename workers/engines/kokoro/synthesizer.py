"""The engine ``kokoro``: Kokoro-82M by ONNX Runtime, quicker than real time on a processor."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError
from voicestream.models.weights import AGAIN
from voicestream.workers.engines.kokoro import chunks as pieces
from voicestream.workers.engines.kokoro import joining as joints
from voicestream.workers.engines.kokoro import phonemes, voices
from voicestream.workers.engines.kokoro import weights as directories
from voicestream.workers.engines.kokoro.model import INSTALL, NAME
from voicestream.workers.espeak_ng import library as espeak_library
from voicestream.workers.espeak_ng import voices as espeak_voices

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.engines.kokoro.network import Network
    from voicestream.workers.engines.kokoro.phonemes import Phonemes
    from voicestream.workers.engines.kokoro.vocabulary import Vocabulary

SLOWEST: Final = 0.5
FASTEST: Final = 2.0
"""Speeds at which the network was tried by its makers; beyond them it stammers."""

CHUNK_SECONDS: Final = 0.25

_MAX_CHARACTERS: Final = 400
_MAX_CHARACTERS_DENSE: Final = 150
"""Half a minute. It would take more, but a sentence that is made again after a crash is made from its beginning."""

_DENSE: Final = frozenset(("ja", "zh"))
"""Languages that write a syllable with a character."""


class KokoroSynthesizer:
    """A ``Synthesizer``."""

    name = NAME
    device = "cpu"
    sample_rate = 24_000
    needs_postprocessing = True
    needs_normalized_text = True

    def __init__(self, directory: Path, network: Network, vocabulary: Vocabulary, front_end: Phonemes) -> None:
        """Takes what ``load`` has made.

        Args:
            directory: of the weights.
            network: makes sound.
            vocabulary: numbers phonemes.
            front_end: makes phonemes of a text.
        """
        self._directory = directory
        self._names = voices.names(directory)
        self._network = network
        self._vocabulary = vocabulary
        self._phonemes = front_end
        self._voice: tuple[list[str], NDArray[np.float32]] | None = None
        """The one that spoke last."""

    def max_characters(self, language: str) -> int:
        """About half a minute of speech."""
        return _MAX_CHARACTERS_DENSE if languages.parse(language).base in _DENSE else _MAX_CHARACTERS

    def supports(self, language: str) -> bool:
        """Whether it is one of the nine."""
        return phonemes.supports(language)

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The sound of a text, piece by piece; empty chunks while a piece is being made.

        Args:
            text: without words: no chunks.
            language: BCP-47 tag.
            voice: empty, ``af_heart``, or several that are mixed: ``af_heart+af_bella``.
            seed: of the noise in the voice.
            speed: kept within 0.5 to 2.

        Raises:
            UsageError: there is no such voice.
            EngineNotReadyError: a package of the language is missing, or the voice is damaged.
            EspeakError: espeak-ng cannot be used.
            RuntimeError: the network cannot make it.
            ValueError: likewise.
        """
        chosen = voices.choose(self._names, voice, language)
        is_british = voices.is_british(chosen, language)
        said = self._vocabulary.known(self._phonemes.of(text, language, is_british=is_british))
        if not any(map(str.isalpha, said)):
            return
        rows = self._rows(chosen)
        pace = min(max(speed, SLOWEST), FASTEST)
        parts = pieces.cut(said)
        for number, piece in enumerate(parts):
            ids = self._vocabulary.ids(piece.phonemes)
            style = rows[len(piece.phonemes) - 1]
            sound = yield from self._network.speak(ids, style, pace, seed)
            joined = joints.join(
                sound,
                self.sample_rate,
                is_first=number == 0,
                is_last=number == len(parts) - 1,
                pause_seconds=piece.pause_seconds / pace,
            )
            size = int(CHUNK_SECONDS * self.sample_rate)
            for start in range(0, len(joined), size):
                yield joined[start : start + size].copy()

    def close(self) -> None:
        """Let go of the network."""
        self._network.close()

    def _rows(self, chosen: list[str]) -> NDArray[np.float32]:
        if self._voice is None or self._voice[0] != chosen:
            self._voice = (chosen, voices.read(self._directory, chosen))
        return self._voice[1]


def load(settings: EngineSettings, report: Report) -> KokoroSynthesizer:
    """Import, read and warm up.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged.
    """
    directory = directories.find(settings.models)
    report("importing onnxruntime", None)
    try:
        for package in ("numpy", "onnx", "onnxruntime"):
            importlib.import_module(package)
        import espeakng_loader

        from voicestream.workers.engines.kokoro.network import Network
        from voicestream.workers.engines.kokoro.vocabulary import Vocabulary
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=INSTALL) from error
    vocabulary = Vocabulary(directory / directories.TOKENIZER)
    try:
        library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    except RuntimeError as error:
        raise EngineNotReadyError(
            f"the package of espeak-ng cannot be used: {error}", hint=espeak_voices.REINSTALL
        ) from error
    front_end = phonemes.Phonemes(Path(library), Path(data))
    report("making the model", None)
    file = directories.network(directory)
    assert file is not None  # noqa: S101 - find() has looked
    network = Network(file, int(os.environ.get("OMP_NUM_THREADS") or 0))
    made = KokoroSynthesizer(directory, network, vocabulary, front_end)
    report("warming up", None)
    try:
        _warm_up(made, file)
    except BaseException:
        made.close()
        raise
    return made


def _warm_up(synthesizer: KokoroSynthesizer, file: Path) -> None:
    """Say a sentence, which tries the network and espeak-ng.

    Raises:
        EngineNotReadyError: one of them is damaged.
    """
    try:
        for _ in synthesizer.synthesize("This is a sentence of a usual length.", "en", "", 0):
            pass
    except espeak_library.EspeakError as error:
        raise EngineNotReadyError(str(error), hint=espeak_voices.REINSTALL) from error
    except (RuntimeError, ValueError) as error:
        raise EngineNotReadyError(f"{file} cannot be used: {error}", hint=AGAIN) from error
