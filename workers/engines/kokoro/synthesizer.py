"""Engine ``kokoro``: Kokoro-82M with ONNX Runtime, faster than real time on a CPU."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError
from voicestream.models.weights import AGAIN
from voicestream.workers.engines.kokoro import phonemes, voices, weights
from voicestream.workers.engines.kokoro.model import INSTALL, NAME
from voicestream.workers.espeak_ng import library as espeak_library
from voicestream.workers.espeak_ng import voices as espeak_voices
from voicestream.workers.inference import malloc_trim
from voicestream.workers.onnx_voice import chunks, joining

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.engines.kokoro.network import KokoroNetwork
    from voicestream.workers.engines.kokoro.phonemes import Phonemizer
    from voicestream.workers.engines.kokoro.vocabulary import SymbolTable

MIN_SPEED: Final = 0.5
MAX_SPEED: Final = 2.0
"""Range of speeds that the network supports well."""

_MAX_CHARACTERS: Final = 400
_MAX_CHARACTERS_DENSE: Final = 150
"""About half a minute: after a crash, a text is synthesized again from its start."""

_DENSE: Final = frozenset(("ja", "zh"))
"""Languages with about one syllable per character."""


class KokoroSynthesizer:
    """``Synthesizer`` with Kokoro."""

    name = NAME
    device = "cpu"
    sample_rate = 24_000
    needs_postprocessing = True
    needs_normalized_text = True

    def __init__(self, directory: Path, network: KokoroNetwork, vocabulary: SymbolTable, front_end: Phonemizer) -> None:
        """Take the parts that ``load`` created.

        Args:
            directory: of the weights.
            network: the network.
            vocabulary: phoneme symbols and their ids.
            front_end: converts text to phonemes.
        """
        self._directory = directory
        self._names = voices.names(directory)
        self._network = network
        self._vocabulary = vocabulary
        self._phonemizer = front_end
        self._voice: tuple[list[str], NDArray[np.float32]] | None = None
        """Names and style vectors of the last voice."""

    def max_characters(self, language: str) -> int:
        """Return the characters of about half a minute of speech."""
        return _MAX_CHARACTERS_DENSE if languages.parse(language).base in _DENSE else _MAX_CHARACTERS

    def supports(self, language: str) -> bool:
        """Return whether Kokoro speaks the language."""
        return phonemes.supports(language)

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the sound of a text, float32; empty arrays are points for cancellation.

        Args:
            text: normalized; without words nothing is yielded.
            language: BCP-47 tag.
            voice: empty, ``af_heart``, or a mix of several: ``af_heart+af_bella``.
            seed: of the noise in the voice.
            speed: clamped to 0.5 to 2.

        Raises:
            UsageError: there is no such voice.
            EngineNotReadyError: a package of the language is missing, or the voice is damaged.
            EspeakError: espeak-ng cannot be used.
            RuntimeError: the inference failed.
            ValueError: the samples are not finite.
        """
        chosen = voices.choose(self._names, voice, language)
        is_british = voices.is_british(chosen, language)
        symbols = self._vocabulary.known(self._phonemizer.convert(text, language, is_british=is_british))
        if not any(map(str.isalpha, symbols)):
            return
        styles = self._styles(chosen)
        clamped = min(max(speed, MIN_SPEED), MAX_SPEED)
        parts = chunks.split(symbols)
        joiner = joining.Joiner(self.sample_rate)
        for index, chunk in enumerate(parts):
            ids = self._vocabulary.ids(chunk.phonemes)
            style = styles[len(chunk.phonemes) - 1]
            sound = joiner.add((yield from self._network.synthesize(ids, style, clamped, seed)))
            rest = joiner.end() if index == len(parts) - 1 else joiner.end_chunk(chunk.pause_seconds / clamped)
            yield from joining.cut(sound, self.sample_rate)
            yield from joining.cut(rest, self.sample_rate)

    def close(self) -> None:
        """Close the network."""
        self._network.close()

    def _styles(self, chosen: list[str]) -> NDArray[np.float32]:
        if self._voice is None or self._voice[0] != chosen:
            self._voice = (chosen, voices.read(self._directory, chosen))
        return self._voice[1]


def load(settings: EngineSettings, report: Report) -> KokoroSynthesizer:
    """Import the packages, load the weights, and warm up.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged.
    """
    directory = weights.find(settings.models)
    report("importing onnxruntime", None)
    try:
        for package in ("numpy", "onnx", "onnxruntime"):
            importlib.import_module(package)
        import espeakng_loader

        from voicestream.workers.engines.kokoro.network import KokoroNetwork
        from voicestream.workers.engines.kokoro.vocabulary import SymbolTable
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=INSTALL) from error
    vocabulary = SymbolTable(directory / weights.TOKENIZER)
    try:
        library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    except RuntimeError as error:
        raise EngineNotReadyError(
            f"the package of espeak-ng cannot be used: {error}", hint=espeak_voices.REINSTALL
        ) from error
    front_end = phonemes.Phonemizer(Path(library), Path(data))
    report("loading the model", None)
    file = weights.network(directory)
    assert file is not None  # noqa: S101 - find() checked it
    network = KokoroNetwork(file, int(os.environ.get("OMP_NUM_THREADS") or 0))
    synthesizer = KokoroSynthesizer(directory, network, vocabulary, front_end)
    report("warming up", None)
    try:
        _warm_up(synthesizer, file)
    except BaseException:
        synthesizer.close()
        raise
    malloc_trim.trim()  # 400 to 250 MB
    return synthesizer


def _warm_up(synthesizer: KokoroSynthesizer, file: Path) -> None:
    """Synthesize a sentence with the network and espeak-ng.

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
