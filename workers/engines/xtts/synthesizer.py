"""The engine ``xtts``: coqui's model and text front-end, with a decoder and a vocoder of our own that stream."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import AUTO
from voicestream.telemetry import go_offline
from voicestream.workers.engines.xtts import languages, weights
from voicestream.workers.engines.xtts.coqui.front_end import guarded
from voicestream.workers.engines.xtts.coqui.importing import import_coqui
from voicestream.workers.engines.xtts.model import NAME
from voicestream.workers.inference import device, malloc_trim
from voicestream.workers.inference.page_cache import read_ahead
from voicestream.workers.text.duration_bounds import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.engines.xtts.conditioning import Voice, Voices
    from voicestream.workers.engines.xtts.coqui.checkpoint import Facts
    from voicestream.workers.engines.xtts.decoding import Decoder, RecordedDecoder
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.sampling import Manner
    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import Compute, RecordedVocoder
    from voicestream.workers.engines.xtts.vocoder.hifi_gan import HifiGan
    from voicestream.workers.engines.xtts.vocoder.streaming import Vocoder
    from voicestream.workers.inference.cuda_graphs import Pool
    from voicestream.workers.inference.device import Device

_log = logging.getLogger(__name__)

RECORDING: Final = ("cuda",)
"""Kinds of devices that can record what they do."""

_WARM_UP_TEXT: Final = "i am ready."


@dataclass(frozen=True)
class Model:
    """The model on a device, in the form in which it computes there."""

    device: Device
    form: str
    """The numbers with which it computes: ``int8``, ``float16``."""
    facts: Facts
    gpt: Gpt
    decoder: Decoder
    vocoder: Vocoder | RecordedVocoder
    voices: Voices
    pool: Pool | None
    """Of what is recorded; None where nothing is."""


class XttsSynthesizer:
    """A ``Synthesizer``."""

    name = NAME
    needs_normalized_text = True
    needs_postprocessing = True

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def device(self) -> str:
        """``cuda:0 float16 1.4 GB + 0.24 GB recorded``, ``cpu int8``."""
        model = self._model
        malloc_trim = device.memory_text(model.device.name, model.pool.bytes if model.pool else 0)
        return " ".join(part for part in (model.device.name, model.form, malloc_trim) if part)

    @property
    def sample_rate(self) -> int:
        """Hertz: 24,000 in the published model."""
        return self._model.facts.sample_rate

    def max_characters(self, language: str) -> int:
        """As XTTS' own front-end has it."""
        return languages.max_characters(language)

    def supports(self, language: str) -> bool:
        """Whether it is one of XTTS' seventeen."""
        return languages.code(language) is not None

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The sound of a text, 24,000 Hz; empty arrays between two tokens.

        Args:
            text: at most ``max_characters``; without numbers and symbols.
            language: BCP-47 tag.
            voice: name of a speaker, or absolute path of a sample; empty: the first speaker.
            seed: of all that is drawn.
            speed: 2.0 = twice as fast, in the same pitch.

        Raises:
            UsageError: there is no such voice.
            EngineNotReadyError: a package for the language is missing.
            ValueError: the text has more tokens than the model takes.
        """
        languages.require(language)
        yield from self._speak(text, language, self._model.voices.get(voice), seed=seed, speed=speed)

    def close(self) -> None:
        """Nothing is held that does not go with this object."""

    def warm_up(self) -> None:
        """Speak a sentence that nobody hears, because the first one takes longer than those after it."""
        from voicestream.workers.engines.xtts import conditioning

        for _ in self._speak(_WARM_UP_TEXT, "en", conditioning.nobody(self._model.gpt), seed=0, speed=1.0):
            pass

    def _speak(
        self, text: str, language: str, voice: Voice, *, seed: int, speed: float
    ) -> Iterator[NDArray[np.float32]]:
        from voicestream.workers.engines.xtts.end_detection import Ending
        from voicestream.workers.engines.xtts.synthesis import Utterance, speak

        gpt = self._model.gpt
        text = guarded(text, language)
        tokens = self._model.facts.tokenizer.encode(text.strip().lower(), lang=languages.code(language) or "")
        if len(tokens) > gpt.max_text_tokens:
            raise ValueError(f"{len(tokens)} tokens of text are more than the {gpt.max_text_tokens} XTTS takes")
        ending = Ending(Limits.of(text, language), gpt.vocabulary.max_tokens, self.sample_rate, speed)
        yield from speak(self._model.decoder, self._model.vocoder, Utterance(tokens, voice, seed, speed), ending)


def load(settings: EngineSettings, report: Report) -> XttsSynthesizer:
    """Import, read, bring into the form in which it computes, and speak a few words.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged, or the device is not there.
    """
    where = weights.find(settings.models)
    report("importing torch and coqui-tts", None)
    go_offline()
    import_coqui()
    chosen = choose_device(settings.compute)
    read_ahead([where / weights.WEIGHTS], report)
    report("making the model", None)
    try:
        model = place(where, chosen, may_record=settings.graphs)
    except RuntimeError as error:
        if not device.is_full(error):
            raise
        if settings.compute != AUTO:
            raise device.does_not_fit(chosen.name, error) from error
        _log.warning("device=%s out of memory, goes on slower on the processor: %s", chosen.name, error)
        model = place(where, device.processor(), may_record=settings.graphs)
    synthesizer = XttsSynthesizer(model)
    report("warming up", None)
    synthesizer.warm_up()
    malloc_trim.trim()
    return synthesizer


def place(where: Path, chosen: Device, *, may_record: bool) -> Model:
    """Bring the model to a device, in the form in which it computes there.

    Args:
        where: directory of the weights.
        chosen: the device.
        may_record: whether an NVIDIA GPU may record steps.

    Raises:
        EngineNotReadyError: the weights are damaged.
        RuntimeError: the memory of the device is full.
    """
    import torch

    from voicestream.workers.engines.xtts import linear
    from voicestream.workers.engines.xtts.conditioning import Voices
    from voicestream.workers.engines.xtts.coqui import checkpoint
    from voicestream.workers.engines.xtts.decoding import PlainDecoder
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.vocoder.streaming import Vocoder
    from voicestream.workers.inference import triton_check

    read, facts = checkpoint.read(where)
    where_to = torch.device(chosen.name)
    device.use(chosen)
    read.to(where_to)
    may_record = may_record and where_to.type in RECORDING
    form = chosen.numbers_name
    if chosen.name == device.CPU and linear.has_int8():
        form = "int8"
        gpt = Gpt(read.gpt, linear.int8, torch.bfloat16)
    else:
        gpu = triton_check.find(where_to) if may_record else None
        gpt = Gpt(read.gpt, linear.exact(chosen.numbers), chosen.numbers, gpu)
    decoder: Decoder
    vocoder: Vocoder | RecordedVocoder
    recorded = _record(gpt, facts.manner, read.hifigan_decoder, chosen) if may_record else None
    if recorded is not None:
        decoder, vocoder, pool = recorded
    else:
        decoder, vocoder = PlainDecoder(gpt, facts.manner), Vocoder(read.hifigan_decoder, chosen.numbers)
        pool = None
    voices = Voices(where, gpt)
    # The weights as they were read are not needed any more, and others have use for their memory.
    del read
    device.give_back()
    return Model(chosen, form, facts, gpt, decoder, vocoder, voices, pool)


def _record(
    gpt: Gpt, manner: Manner, sounds: torch.nn.Module, chosen: Device
) -> tuple[RecordedDecoder, RecordedVocoder, Pool] | None:
    """Record all that can be; None: the device has no memory for that, and goes on slower."""
    from voicestream.workers.engines.xtts.decoding import RecordedDecoder
    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import RecordedVocoder
    from voicestream.workers.engines.xtts.vocoder.network import Network
    from voicestream.workers.inference.cuda_graphs import Pool

    pool = Pool(gpt.device)
    network: Callable[[HifiGan, torch.dtype], Compute] = Network
    if gpt.gpu is not None:
        from voicestream.workers.engines.xtts.vocoder.fused import FusedNetwork
        from voicestream.workers.engines.xtts.vocoder.kernel_launches import Launches

        network = partial(FusedNetwork, kernels=Launches(gpt.gpu))
    try:
        decoder = RecordedDecoder(gpt, manner, pool)
        decoder.record()
        vocoder = RecordedVocoder(sounds, chosen.numbers, pool, network=network)
        vocoder.record()
    except RuntimeError as error:
        if not device.is_full(error):
            raise
        _log.warning("device=%s no memory for recordings, goes on slower: %s", chosen.name, error)
        return None
    return decoder, vocoder, pool


def choose_device(compute: str) -> Device:
    """The device that is wanted; for ``auto`` an NVIDIA GPU or the processor.

    Apple's GPU is used only when it is asked for: hangs and slow paths are reported of XTTS there.

    Raises:
        EngineNotReadyError: the wanted one is not there.
    """
    chosen = device.choose(compute)
    return device.processor() if compute == AUTO and chosen.name == "mps" else chosen
