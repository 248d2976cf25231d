"""Engine ``xtts``: coqui's model and text front-end with a streaming decoder and vocoder."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
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
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.engines.xtts.conditioning import ConditionedVoice, ConditionedVoices
    from voicestream.workers.engines.xtts.coqui.checkpoint import ModelSettings
    from voicestream.workers.engines.xtts.decoding import AudioTokenDecoder, CapturedDecoder
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.sampling import SamplingParameters
    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import CapturedVocoder
    from voicestream.workers.engines.xtts.vocoder.hifi_gan import HifiGan
    from voicestream.workers.engines.xtts.vocoder.network import Network
    from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder
    from voicestream.workers.inference.cuda_graphs import GraphPool
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
    decoder: AudioTokenDecoder
    vocoder: StreamingVocoder | CapturedVocoder
    voices: ConditionedVoices
    pool: GraphPool | None
    """Memory of the CUDA graphs; None without them."""


class XttsSynthesizer:
    """``Synthesizer`` with XTTS v2."""

    name = NAME
    needs_normalized_text = True
    needs_postprocessing = True

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def device(self) -> str:
        """``cuda:0 float16 1.4 GB + 0.24 GB CUDA graphs``, ``cpu int8``."""
        model = self._model
        memory = device.memory_text(model.device.name, model.pool.bytes if model.pool else 0)
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
        languages.require(language)
        yield from self._speak(text, language, self._model.voices.get(voice), seed=seed, speed=speed)

    def close(self) -> None:
        """Do nothing: all resources are freed with this object."""

    def warm_up(self) -> None:
        """Synthesize one sentence; the first one takes longer than later ones."""
        from voicestream.workers.engines.xtts import conditioning

        for _ in self._speak(_WARM_UP_TEXT, "en", conditioning.zero_voice(self._model.gpt), seed=0, speed=1.0):
            pass

    def _speak(
        self, text: str, language: str, voice: ConditionedVoice, *, seed: int, speed: float
    ) -> Iterator[NDArray[np.float32]]:
        from voicestream.workers.engines.xtts import synthesis
        from voicestream.workers.engines.xtts.end_detection import EndDetector

        gpt = self._model.gpt
        text = guard_text(text, language)
        tokens = self._model.settings.tokenizer.encode(text.strip().lower(), lang=languages.code(language) or "")
        if len(tokens) > gpt.max_text_tokens:
            raise ValueError(f"{len(tokens)} tokens of text are more than the {gpt.max_text_tokens} XTTS takes")
        end_detector = EndDetector(
            DurationBounds.of(text, language), gpt.vocabulary.max_tokens, self.sample_rate, speed
        )
        yield from synthesis.synthesize(
            self._model.decoder, self._model.vocoder, synthesis.Utterance(tokens, voice, seed, speed), end_detector
        )


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
        model = build(where, chosen, may_capture=settings.graphs)
    except RuntimeError as error:
        if not device.is_out_of_memory(error):
            raise
        if settings.compute != AUTO:
            raise device.model_too_large(chosen.name, error) from error
        _log.warning("device=%s out of memory, falling back to the CPU: %s", chosen.name, error)
        model = build(where, device.processor(), may_capture=settings.graphs)
    synthesizer = XttsSynthesizer(model)
    report("warming up", None)
    synthesizer.warm_up()
    malloc_trim.trim()
    return synthesizer


def build(where: Path, chosen: Device, *, may_capture: bool) -> Model:
    """Load the model on a device, with the precision for that device.

    Args:
        where: directory of the weights.
        chosen: the device.
        may_capture: whether CUDA graphs may be used.

    Raises:
        EngineNotReadyError: the weights are damaged.
        RuntimeError: out of memory.
    """
    import torch

    from voicestream.workers.engines.xtts import linear
    from voicestream.workers.engines.xtts.conditioning import ConditionedVoices
    from voicestream.workers.engines.xtts.coqui import checkpoint
    from voicestream.workers.engines.xtts.decoding import EagerDecoder
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder
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
    decoder: AudioTokenDecoder
    vocoder: StreamingVocoder | CapturedVocoder
    captured = _capture(gpt, settings.sampling, loaded.hifigan_decoder, chosen) if may_capture else None
    if captured is not None:
        decoder, vocoder, pool = captured
    else:
        decoder, vocoder = EagerDecoder(gpt, settings.sampling), StreamingVocoder(loaded.hifigan_decoder, chosen.dtype)
        pool = None
    voices = ConditionedVoices(where, gpt)
    # The loaded weights were copied, so their memory can be freed.
    del loaded
    device.free_cache()
    return Model(chosen, precision, settings, gpt, decoder, vocoder, voices, pool)


def _capture(
    gpt: Gpt, sampling: SamplingParameters, hifigan: torch.nn.Module, chosen: Device
) -> tuple[CapturedDecoder, CapturedVocoder, GraphPool] | None:
    """Capture decoder and vocoder as CUDA graphs; None when out of memory."""
    from voicestream.workers.engines.xtts.decoding import CapturedDecoder
    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import CapturedVocoder
    from voicestream.workers.engines.xtts.vocoder.network import TorchNetwork
    from voicestream.workers.inference.cuda_graphs import GraphPool

    pool = GraphPool(gpt.device)
    network: Callable[[HifiGan, torch.dtype], Network] = TorchNetwork
    if gpt.gpu is not None:
        from voicestream.workers.engines.xtts.vocoder.fused import FusedNetwork
        from voicestream.workers.engines.xtts.vocoder.kernel_launches import TritonKernels

        network = partial(FusedNetwork, kernels=TritonKernels(gpt.gpu))
    try:
        decoder = CapturedDecoder(gpt, sampling, pool)
        decoder.capture()
        vocoder = CapturedVocoder(hifigan, chosen.dtype, pool, network=network)
        vocoder.capture()
    except RuntimeError as error:
        if not device.is_out_of_memory(error):
            raise
        _log.warning("device=%s out of memory for CUDA graphs, falling back to eager execution: %s", chosen.name, error)
        return None
    return decoder, vocoder, pool


def choose_device(compute: str) -> Device:
    """Return the requested device; for ``auto`` an NVIDIA GPU or the CPU.

    Apple's GPU is used only on request: hangs and slow paths of XTTS are reported there.

    Raises:
        EngineNotReadyError: the requested device does not exist.
    """
    chosen = device.choose(compute)
    return device.processor() if compute == AUTO and chosen.name == "mps" else chosen
