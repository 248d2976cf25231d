"""Engine ``xtts``: coqui's model and text front-end with a streaming decoder and vocoder."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import AUTO
from voicestream.telemetry import go_offline
from voicestream.workers.engines.xtts import languages, weights
from voicestream.workers.engines.xtts.coqui.front_end import guard_text
from voicestream.workers.engines.xtts.coqui.importing import import_coqui
from voicestream.workers.engines.xtts.model import NAME
from voicestream.workers.inference import device, malloc_trim
from voicestream.workers.inference.page_cache import prefetch
from voicestream.workers.text.duration_bounds import DurationBounds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import SynthesisStream
    from voicestream.workers.engines.xtts.batching.computation import Computation
    from voicestream.workers.engines.xtts.conditioning import ConditionedVoice, ConditionedVoices
    from voicestream.workers.engines.xtts.coqui.checkpoint import ModelSettings
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.synthesis import Utterance
    from voicestream.workers.inference.device import Device

_log = logging.getLogger(__name__)

GRAPH_DEVICES: Final = ("cuda",)
"""Device types with CUDA graphs."""

_WARM_UP_TEXT: Final = "i am ready."


@dataclass(frozen=True)
class Model:
    """Model on a device, with the settings of its directory."""

    device: Device
    precision: str
    """``int8``, ``float16``."""
    settings: ModelSettings
    gpt: Gpt
    computation: Computation
    voices: ConditionedVoices


class XttsSynthesizer:
    """``BatchSynthesizer`` with XTTS v2."""

    name = NAME
    needs_normalized_text = True
    needs_postprocessing = True

    def __init__(self, model: Model) -> None:
        from voicestream.workers.engines.xtts.batching.batch import Batch

        self._model = model
        computation = model.computation
        self._batch = Batch(computation.decoder, computation.vocoder, computation.limits)

    @property
    def device(self) -> str:
        """``cuda:0 float16 1.4 GB + 0.24 GB CUDA graphs``, ``cpu int8``."""
        model = self._model
        pool = model.computation.pool
        memory = device.memory_text(model.device.name, pool.bytes if pool else 0)
        return " ".join(part for part in (model.device.name, model.precision, memory) if part)

    @property
    def sample_rate(self) -> int:
        """Hz; 24,000 in the published model."""
        return self._model.settings.sample_rate

    def max_characters(self, language: str) -> int:
        """Return the limit of XTTS's own front-end."""
        return languages.max_characters(language)

    def supports(self, language: str) -> bool:
        """Return whether XTTS supports a language."""
        return languages.code(language) is not None

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the sound of a text, 24,000 Hz, float32; empty arrays are points for cancellation.

        Args:
            text: normalized, at most ``max_characters``.
            language: BCP-47 tag.
            voice: name of a built-in speaker, or absolute path of a sample; empty: the first speaker.
            seed: of the sampling.
            speed: 2.0: twice as fast, at the same pitch.

        Raises:
            UsageError: there is no such voice.
            EngineNotReadyError: a package for the language is missing.
            ValueError: the text has more tokens than the model takes.
        """
        yield from self._chunks(self.open(text, language, voice, seed, speed=speed))

    @property
    def max_streams(self) -> int:
        """See ``BatchSynthesizer``."""
        return self._model.computation.decoder.slots

    def open(self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0) -> SynthesisStream:
        """See ``BatchSynthesizer``; the arguments and errors are those of ``synthesize``."""

        def prepare() -> Utterance:
            languages.require(language)
            return self._utterance(text, language, self._model.voices.get(voice), seed=seed, speed=speed)

        return self._batch.open(prepare)

    def advance(self) -> bool:
        """See ``BatchSynthesizer``."""
        return self._batch.advance()

    def close(self) -> None:
        """Do nothing: all resources are freed with this object."""

    def warm_up(self) -> None:
        """Synthesize one sentence; the first one takes longer than later ones."""
        from voicestream.workers.engines.xtts import conditioning

        voice = conditioning.zero_voice(self._model.gpt)
        for _ in self._chunks(self._batch.open(lambda: self._utterance(_WARM_UP_TEXT, "en", voice, seed=0, speed=1.0))):
            pass

    def _chunks(self, stream: SynthesisStream) -> Iterator[NDArray[np.float32]]:
        """Yield the chunks of a stream, and an empty one after each step before them."""
        try:
            while True:
                if not stream.is_ready:
                    self.advance()
                try:
                    chunk = next(stream)
                except StopIteration:
                    return
                yield chunk
        finally:
            stream.close()

    def _utterance(self, text: str, language: str, voice: ConditionedVoice, *, seed: int, speed: float) -> Utterance:
        """Read a text.

        Raises:
            ValueError: the text has more tokens than the model takes.
        """
        from voicestream.workers.engines.xtts.end_detection import EndDetector
        from voicestream.workers.engines.xtts.synthesis import Utterance

        gpt = self._model.gpt
        text = guard_text(text, language)
        tokens = self._model.settings.tokenizer.encode(text.strip().lower(), lang=languages.code(language) or "")
        if len(tokens) > gpt.max_text_tokens:
            raise ValueError(f"{len(tokens)} tokens of text are more than the {gpt.max_text_tokens} XTTS takes")
        bounds = DurationBounds.of(text, language)
        detector = EndDetector(bounds, gpt.vocabulary.max_tokens, self.sample_rate, speed)
        return Utterance(tokens, voice, seed, speed, detector)


def load(settings: EngineSettings, report: Report) -> XttsSynthesizer:
    """Import the packages, load the weights on a device, and warm up.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged, or the device does not exist.
    """
    where = weights.find(settings.models)
    report("importing torch and coqui-tts", None)
    go_offline()
    import_coqui()
    chosen = choose_device(settings.compute)
    prefetch([where / weights.WEIGHTS], report)
    report("loading the model", None)
    try:
        model = build(where, chosen, may_capture=settings.graphs, streams=settings.streams)
    except RuntimeError as error:
        if not device.is_out_of_memory(error):
            raise
        if settings.compute != AUTO:
            raise device.model_too_large(chosen.name, error) from error
        _log.warning("device=%s out of memory, falling back to the CPU: %s", chosen.name, error)
        model = build(where, device.processor(), may_capture=settings.graphs, streams=settings.streams)
    synthesizer = XttsSynthesizer(model)
    report("warming up", None)
    synthesizer.warm_up()
    malloc_trim.trim()
    return synthesizer


def build(where: Path, chosen: Device, *, may_capture: bool, streams: int) -> Model:
    """Load the model on a device, with the precision for that device.

    Args:
        where: directory of the weights.
        chosen: the device.
        may_capture: whether CUDA graphs may be used.
        streams: most sentences that a GPU computes at once.

    Raises:
        EngineNotReadyError: the weights are damaged.
        RuntimeError: out of memory.
    """
    import torch

    from voicestream.workers.engines.xtts import linear
    from voicestream.workers.engines.xtts.batching import computation
    from voicestream.workers.engines.xtts.conditioning import ConditionedVoices
    from voicestream.workers.engines.xtts.coqui import checkpoint
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.inference import triton_check

    loaded, settings = checkpoint.read(where)
    torch_device = torch.device(chosen.name)
    device.set_current(chosen)
    loaded.to(torch_device)
    may_capture = may_capture and torch_device.type in GRAPH_DEVICES
    precision = chosen.dtype_name
    if chosen.name == device.CPU and linear.has_int8():
        precision = "int8"
        gpt = Gpt(loaded.gpt, linear.int8, torch.bfloat16)
    else:
        gpu = triton_check.probe(torch_device) if may_capture else None
        gpt = Gpt(loaded.gpt, linear.in_dtype(chosen.dtype), chosen.dtype, gpu)
    hifigan, sampling = loaded.hifigan_decoder, settings.sampling
    found = computation.captured(gpt, sampling, hifigan, chosen.dtype, streams) if may_capture else None
    if found is None:
        found = computation.plain(gpt, sampling, hifigan, chosen.dtype)
    voices = ConditionedVoices(where, gpt)
    # The loaded weights were copied, so their memory can be freed.
    del loaded, hifigan
    device.free_cache()
    return Model(chosen, precision, settings, gpt, found, voices)


def choose_device(compute: str) -> Device:
    """Return the requested device; for ``auto`` an NVIDIA GPU or the CPU.

    Apple's GPU is used only on request: hangs and slow paths of XTTS are reported there.

    Raises:
        EngineNotReadyError: the requested device does not exist.
    """
    chosen = device.choose(compute)
    return device.processor() if compute == AUTO and chosen.name == "mps" else chosen
