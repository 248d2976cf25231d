"""The engine ``xtts``: coqui's model and text front-end, with a decoder and a vocoder of our own that stream."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from voicestream.engine_settings import AUTO
from voicestream.telemetry import go_offline
from voicestream.workers import device, memory
from voicestream.workers.reading import read_ahead
from voicestream.workers.tts.heard.limits import Limits
from voicestream.workers.tts.xtts import directory, languages
from voicestream.workers.tts.xtts.front_end import guarded
from voicestream.workers.tts.xtts.importing import import_coqui
from voicestream.workers.tts.xtts.spec import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from voicestream.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.captured import Pool
    from voicestream.workers.device import Device
    from voicestream.workers.tts.xtts.checkpoint import Facts
    from voicestream.workers.tts.xtts.conditioning import Voice, Voices
    from voicestream.workers.tts.xtts.decoding import Decoder
    from voicestream.workers.tts.xtts.gpt import Gpt
    from voicestream.workers.tts.xtts.sampling import Manner
    from voicestream.workers.tts.xtts.vocoder.hifi_gan import HifiGan
    from voicestream.workers.tts.xtts.vocoder.recorded import Compute, RecordedVocoder
    from voicestream.workers.tts.xtts.vocoder.streaming import Vocoder

_log = logging.getLogger(__name__)

RECORDING: Final = ("cuda",)
"""Kinds of devices that can record what they do."""

_WARM_UP_TEXT: Final = "i am ready."


class XttsSynthesizer:
    """A ``Synthesizer``."""

    name = NAME
    needs_words = True
    needs_care = True

    def __init__(self) -> None:
        self._device: Device | None = None
        self._form = ""
        self._may_record = True
        self._facts: Facts | None = None
        self._gpt: Gpt | None = None
        self._decoder: Decoder | None = None
        self._vocoder: Vocoder | RecordedVocoder | None = None
        self._voices: Voices | None = None
        self._pool: Pool | None = None
        """Of what is recorded; None where nothing is."""

    @property
    def device(self) -> str:
        """``cuda:0 float16 1.4 GB + 0.24 GB recorded``, ``cpu int8``."""
        if self._device is None:
            return ""
        memory = device.memory_text(self._device.name, self._pool.bytes if self._pool else 0)
        return " ".join(part for part in (self._device.name, self._form, memory) if part)

    @property
    def sample_rate(self) -> int:
        """Hertz: 24,000 in the published model."""
        return self._facts.sample_rate if self._facts else 24_000

    def max_characters(self, language: str) -> int:
        """As XTTS' own front-end has it."""
        return languages.max_characters(language)

    def load(self, settings: EngineSettings, report: Report) -> None:
        """Import, read, bring into the form in which it computes, and speak a few words.

        Raises:
            EngineNotReadyError: packages or weights are missing or damaged, or the device is not there.
        """
        self._may_record = settings.graphs
        where = directory.find(settings.models)
        report("importing torch and coqui-tts", None)
        go_offline()
        import_coqui()
        chosen = choose_device(settings.compute)
        read_ahead([where / directory.WEIGHTS], report)
        report("making the model", None)
        try:
            self._place(where, chosen)
        except RuntimeError as error:
            if not device.is_full(error):
                raise
            if settings.compute != AUTO:
                raise device.does_not_fit(chosen.name, error) from error
            _log.warning("device=%s out of memory, goes on slower on the processor: %s", chosen.name, error)
            self._place(where, device.processor())
        report("warming up", None)
        self._warm_up()
        memory.trim()

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
        assert self._voices is not None  # noqa: S101 - after load
        yield from self._speak(text, language, self._voices.get(voice), seed=seed, speed=speed)

    def close(self) -> None:
        """Let go of the model."""
        self._facts = self._gpt = self._decoder = self._vocoder = self._voices = self._pool = None

    def _warm_up(self) -> None:
        """The first sentence takes longer than those after it, so it is spoken here, by nobody."""
        from voicestream.workers.tts.xtts import conditioning

        assert self._gpt is not None  # noqa: S101 - load() calls this
        for _ in self._speak(_WARM_UP_TEXT, "en", conditioning.nobody(self._gpt), seed=0, speed=1.0):
            pass

    def _speak(
        self, text: str, language: str, voice: Voice, *, seed: int, speed: float
    ) -> Iterator[NDArray[np.float32]]:
        from voicestream.workers.tts.xtts.ending import Ending
        from voicestream.workers.tts.xtts.speaking import Utterance, speak

        assert self._facts and self._gpt and self._decoder and self._vocoder  # noqa: S101, PT018 - after load
        text = guarded(text, language)
        tokens = self._facts.tokenizer.encode(text.strip().lower(), lang=languages.code(language) or "")
        if len(tokens) > self._gpt.max_text_tokens:
            raise ValueError(f"{len(tokens)} tokens of text are more than the {self._gpt.max_text_tokens} XTTS takes")
        ending = Ending(Limits.of(text, language), self._gpt.vocabulary.max_tokens, self.sample_rate, speed)
        utterance = Utterance(tokens, voice, seed, speed)
        yield from speak(self._decoder, self._vocoder, utterance, ending)

    def _place(self, where: Path, chosen: Device) -> None:
        """Bring the model to a device, in the form in which it computes there."""
        import torch

        from voicestream.workers.decoder import available
        from voicestream.workers.tts.xtts import checkpoint, linear
        from voicestream.workers.tts.xtts.conditioning import Voices
        from voicestream.workers.tts.xtts.decoding import PlainDecoder
        from voicestream.workers.tts.xtts.gpt import Gpt
        from voicestream.workers.tts.xtts.vocoder.streaming import Vocoder

        model, self._facts = checkpoint.read(where)
        where_to = torch.device(chosen.name)
        device.use(chosen)
        model.to(where_to)
        self._device, self._form = chosen, chosen.numbers_name
        may_record = self._may_record and where_to.type in RECORDING
        if chosen.name == device.CPU and linear.has_int8():
            self._form = "int8"
            self._gpt = Gpt(model.gpt, linear.int8, torch.bfloat16)
        else:
            gpu = available.find(where_to) if may_record else None
            self._gpt = Gpt(model.gpt, linear.exact(chosen.numbers), chosen.numbers, gpu)
        if not (may_record and self._record(self._gpt, self._facts.manner, model.hifigan_decoder)):
            self._decoder = PlainDecoder(self._gpt, self._facts.manner)
            self._vocoder = Vocoder(model.hifigan_decoder, chosen.numbers)
        self._voices = Voices(where, self._gpt)
        # The weights as they were read are not needed any more, and others have use for their memory.
        del model
        device.give_back()

    def _record(self, gpt: Gpt, manner: Manner, sounds: torch.nn.Module) -> bool:
        """Record all that can be; False: the device has no memory for that, and goes on slower."""
        from voicestream.workers.captured import Pool
        from voicestream.workers.tts.xtts.decoding import RecordedDecoder
        from voicestream.workers.tts.xtts.vocoder.network import Network
        from voicestream.workers.tts.xtts.vocoder.recorded import RecordedVocoder

        assert self._device is not None  # noqa: S101 - _place() calls this
        pool = Pool(gpt.device)
        network: Callable[[HifiGan, torch.dtype], Compute] = Network
        if gpt.gpu is not None:
            from voicestream.workers.tts.xtts.vocoder.fused import FusedNetwork
            from voicestream.workers.tts.xtts.vocoder.launches import Launches

            network = partial(FusedNetwork, kernels=Launches(gpt.gpu))
        try:
            decoder = RecordedDecoder(gpt, manner, pool)
            decoder.record()
            vocoder = RecordedVocoder(sounds, self._device.numbers, pool, network=network)
            vocoder.record()
        except RuntimeError as error:
            if not device.is_full(error):
                raise
            _log.warning("device=%s no memory for recordings, goes on slower: %s", self._device.name, error)
            return False
        self._decoder, self._vocoder, self._pool = decoder, vocoder, pool
        return True


def load(settings: EngineSettings, report: Report) -> XttsSynthesizer:
    """The engine, loaded.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged, or the device is not there.
    """
    made = XttsSynthesizer()
    try:
        made.load(settings, report)
    except BaseException:
        made.close()
        raise
    return made


def choose_device(compute: str) -> Device:
    """The device that is wanted; for ``auto`` an NVIDIA GPU or the processor.

    Apple's GPU is used only when it is asked for: hangs and slow paths are reported of XTTS there.

    Raises:
        EngineNotReadyError: the wanted one is not there.
    """
    chosen = device.choose(compute)
    return device.processor() if compute == AUTO and chosen.name == "mps" else chosen
