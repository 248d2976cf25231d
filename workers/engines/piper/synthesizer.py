"""The engine ``piper``: phonemes by espeak-ng, sound by the network of a voice."""

from __future__ import annotations

import collections
import importlib
import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.models.weights import AGAIN
from voicestream.workers.engines.piper import voices
from voicestream.workers.engines.piper.model import INSTALL, NAME, PACKAGES
from voicestream.workers.espeak_ng import library as espeak_library
from voicestream.workers.espeak_ng import voices as espeak_voices
from voicestream.workers.onnx_voice import chunks, joining, punctuation, session
from voicestream.workers.onnx_voice.windowed import WindowedNetwork
from voicestream.workers.text.control_characters import without_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.engines.piper.voices import Voice
    from voicestream.workers.onnx_voice.session import Samples

MIN_SPEED: Final = 0.5
MAX_SPEED: Final = 2.0

LOADED_VOICES: Final = 2
"""Networks that stay in memory, each with 100 MB: that of the session's language and that of English."""

_MAX_CHARACTERS: Final = 400
"""Half a minute: a sentence that is synthesized again after a crash is synthesized from its beginning."""

_WORDS_PER_MINUTE: Final = 175
_TIE: Final = "^"
"""Tie of espeak-ng between the parts of an affricate or diphthong, which the networks take as two symbols."""

_ALIKE: Final = str.maketrans({"—": ",", "…": ".", "“": '"', "”": '"'})
"""Marks that Piper has no symbol for."""

_INPUT, _LENGTHS, _SCALES, _SPEAKER = "input", "input_lengths", "scales", "sid"


class PiperSynthesizer:
    """A ``Synthesizer``."""

    name = NAME
    device = "cpu"
    needs_postprocessing = True
    needs_normalized_text = True

    def __init__(self, there: Mapping[str, Voice], library: Path, data: Path, threads: int) -> None:
        """Initialize; no network is loaded yet.

        Args:
            there: the voices on this machine, at least one.
            library: of espeak-ng.
            data: of espeak-ng.
            threads: for the arithmetic; 0 = as many as there are processors.

        Raises:
            EngineNotReadyError: the data of espeak-ng cannot be read.
        """
        self._voices = there
        self._library = library
        self._data = data
        self._espeak_voices = espeak_voices.read_voices(data).voices
        """Names that the library takes, by those in configurations: ``en-gb`` is its voice ``en``."""
        self._threads = threads
        self._sessions: collections.OrderedDict[str, WindowedNetwork] = collections.OrderedDict()
        """Loaded networks by voice, the one that was used last at the end."""
        self.sample_rate: Final = max(voice.sample_rate for voice in there.values())
        """Voices of small networks have 16 kHz, the others 22.05 kHz; the former are resampled to the latter."""

    def max_characters(self, language: str) -> int:
        """Return about half a minute of speech."""
        del language
        return _MAX_CHARACTERS

    def supports(self, language: str) -> bool:
        """Return whether a voice here speaks it."""
        try:
            base = languages.parse(language).base
        except UsageError:
            return False
        return any(voice.base == base for voice in self._voices.values())

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Synthesize one sentence chunk by chunk, and each chunk in windows; empty arrays while one computes.

        Args:
            text: without words: no chunks.
            language: BCP-47 tag.
            voice: empty, ``de_DE-thorsten-medium``, or with a speaker: ``fr_FR-upmc-medium#jessica``.
            seed: of the noise in the voice.
            speed: kept within 0.5 to 2.

        Raises:
            UsageError: there is no such voice.
            EngineNotReadyError: its network is damaged.
            EspeakError: espeak-ng cannot be used.
            RuntimeError: the network failed.
            ValueError: no voice speaks the language, or samples are not finite.
        """
        chosen, speaker = voices.choose(self._voices, voice, language)
        said = self._phonemes(text, chosen)
        if not any(map(str.isalpha, said)):
            return
        network = self._session(chosen)
        pace = min(max(speed, MIN_SPEED), MAX_SPEED)
        parts = chunks.split(said)
        joiner = joining.Joiner(self.sample_rate)
        for index, chunk in enumerate(parts):
            sound = _run(network, chosen, chunk.phonemes, speaker=speaker, pace=pace, seed=seed)
            for samples in self._resampled(sound, chosen.sample_rate):
                yield from joining.cut(joiner.add(samples), self.sample_rate) if len(samples) else [samples]
            rest = joiner.end() if index == len(parts) - 1 else joiner.end_chunk(chunk.pause_seconds / pace)
            yield from joining.cut(rest, self.sample_rate)

    def warm_up(self) -> None:
        """Load the networks that stay in memory and synthesize a word with each.

        Raises:
            EngineNotReadyError: one of them, or espeak-ng, is damaged.
        """
        for voice in list(self._voices.values())[:LOADED_VOICES]:
            try:
                for _ in self.synthesize("OK, 1, 2, 3.", voice.tag, voice.name, 0):
                    pass
            except espeak_library.EspeakError as error:
                raise EngineNotReadyError(str(error), hint=espeak_voices.REINSTALL) from error
            except (RuntimeError, ValueError) as error:
                raise EngineNotReadyError(f"{voice.network} cannot be used: {error}", hint=AGAIN) from error

    def close(self) -> None:
        """End the threads of the networks."""
        for loaded in self._sessions.values():
            loaded.close()
        self._sessions.clear()

    def _phonemes(self, text: str, voice: Voice) -> str:
        """Return the symbols of a text that the voice knows, with its marks."""
        with espeak_library.loaded(self._library, self._data) as espeak:
            espeak.configure(self._espeak_voices.get(voice.espeak.lower(), voice.espeak), _WORDS_PER_MINUTE, 0)
            found = "".join(
                (espeak.phonemes(words.encode(), _TIE).replace(_TIE, "") if words else "") + mark.translate(_ALIKE)
                for words, mark in punctuation.split(without_control_characters(text))
            )
        apart = unicodedata.normalize("NFD", " ".join(found.split()))
        return "".join(symbol for symbol in apart if symbol in voice.ids)

    def _session(self, voice: Voice) -> WindowedNetwork:
        """Return the loaded network of a voice; the one that was not used for longest makes room."""
        if voice.name not in self._sessions:
            while len(self._sessions) >= LOADED_VOICES:
                self._sessions.popitem(last=False)[1].close()
            self._sessions[voice.name] = _loaded(voice, self._threads)
        self._sessions.move_to_end(voice.name)
        return self._sessions[voice.name]

    def _resampled(self, sound: Iterator[Samples], rate: int) -> Iterator[Samples]:
        """Yield samples at the rate of all voices; empty arrays stay."""
        if rate == self.sample_rate:
            yield from sound
            return
        import numpy as np
        import soxr

        stream = soxr.ResampleStream(rate, self.sample_rate, 1, dtype="float32")
        for samples in sound:
            yield np.clip(stream.resample_chunk(samples), -1.0, 1.0) if len(samples) else samples
        yield np.clip(stream.resample_chunk(np.zeros(0, np.float32), last=True), -1.0, 1.0)


def load(settings: EngineSettings, report: Report) -> PiperSynthesizer:
    """Import, find the voices and warm up.

    Raises:
        EngineNotReadyError: packages or voices are missing or damaged.
    """
    there = voices.find(settings.models)
    report("importing onnxruntime", None)
    try:
        for package in PACKAGES:
            importlib.import_module(package)
        import espeakng_loader
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=INSTALL) from error
    try:
        library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    except RuntimeError as error:
        raise EngineNotReadyError(
            f"the package of espeak-ng cannot be used: {error}", hint=espeak_voices.REINSTALL
        ) from error
    made = PiperSynthesizer(there, Path(library), Path(data), int(os.environ.get("OMP_NUM_THREADS") or 0))
    report("warming up", None)
    try:
        made.warm_up()
    except BaseException:
        made.close()
        raise
    return made


def ids_of(phonemes: str, voice: Voice) -> list[int]:
    """Return the numbers of symbols, a pad behind each, between those of beginning and end."""
    pad = voice.ids[voices.PAD]
    inside = [number for symbol in phonemes for number in (*voice.ids[symbol], *pad)]
    return [*voice.ids[voices.BEGIN], *pad, *inside, *voice.ids[voices.END]]


def _run(
    network: WindowedNetwork, voice: Voice, phonemes: str, *, speaker: int, pace: float, seed: int
) -> Iterator[Samples]:
    import numpy as np

    ids = ids_of(phonemes, voice)
    numbers: dict[str, NDArray[np.generic]] = {
        _INPUT: np.array([ids], np.int64),
        _LENGTHS: np.array([len(ids)], np.int64),
        _SCALES: np.array([voice.noise_scale, voice.length_scale / pace, voice.noise_w], np.float32),
    }
    if _SPEAKER in network.inputs:
        numbers[_SPEAKER] = np.array([speaker], np.int64)
    return network.run(numbers, seed, voice.sample_rate)


def _loaded(voice: Voice, threads: int) -> WindowedNetwork:
    """Load the network of a voice.

    Raises:
        EngineNotReadyError: it is damaged, or not Piper's.
    """
    errors: tuple[type[Exception], ...] = (OSError, ValueError, *session.errors())
    try:
        network = WindowedNetwork(voice.network, threads)
    except errors as error:
        raise EngineNotReadyError(f"{voice.network} cannot be loaded: {error}", hint=AGAIN) from error
    if not {_INPUT, _LENGTHS, _SCALES} <= set(network.inputs):
        network.close()
        raise EngineNotReadyError(
            f"{voice.network} is not Piper's network: it takes {', '.join(network.inputs)}", hint=AGAIN
        )
    return network
