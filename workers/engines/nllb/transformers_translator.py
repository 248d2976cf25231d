"""The engine ``nllb``: NLLB-200 by transformers, on CUDA, on Apple's GPU or on the CPU.

Except on Apple's GPU, a decoder of our own takes the place of ``generate``, which spends most of a GPU's time between
its kernels, and some of a processor's.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import AUTO
from voicestream.engines.translator import CancelledError, Job
from voicestream.errors import EngineNotReadyError
from voicestream.models import packages
from voicestream.models.weights import AGAIN
from voicestream.telemetry import go_offline
from voicestream.workers.engines.nllb import batches, models, weights
from voicestream.workers.engines.nllb.oom_splitting import Rations
from voicestream.workers.inference import device
from voicestream.workers.inference.page_cache import read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import torch
    from transformers import M2M100ForConditionalGeneration, StoppingCriteriaList

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.workers.engines.nllb.batches import Group
    from voicestream.workers.engines.nllb.decoder.decoder import Decoder
    from voicestream.workers.engines.nllb.tokenizer import Vocabulary
    from voicestream.workers.inference.device import Device

_log = logging.getLogger(__name__)

OWN_DECODER: Final = ("cpu", "cuda")
"""Kinds of devices on which the decoder of our own was measured, and is the faster one."""

USUAL_SIZES: Final = ((1, 6, 32), (1, 19, 64), (1, 44, 128), (2, 19, 64), (4, 19, 64))
"""Sentences, tokens of the longest, and the limit of the answers: what a session begins with is ready before it."""


class NllbTranslator:
    """A ``Translator``."""

    name = models.ORIGINAL
    needs_checks = True

    def __init__(self, model: M2M100ForConditionalGeneration, vocabulary: Vocabulary, *, may_record: bool) -> None:
        """Takes a model on the processor.

        Args:
            model: as it was read.
            vocabulary: of the model.
            may_record: whether an NVIDIA GPU may record steps.
        """
        self._model = model
        self._vocabulary = vocabulary
        self._device = device.processor()
        self._decoder: Decoder | None = None
        """None where ``generate`` is used."""
        self._rations = Rations()
        self._may_record = may_record
        self._is_cancelled: Callable[[], bool] = Job().is_cancelled
        """Of the group that is decoded now."""
        # Reading a large batch takes longer than a token on a processor: it is asked in between, too.
        self._hooks = [layer.register_forward_pre_hook(self._look) for layer in model.get_encoder().layers]

    @property
    def device(self) -> str:
        """``cuda:0 float16 1.4 GB + 0.24 GB recorded``, ``cpu bfloat16``."""
        memory = device.memory_text(self._device.name, self._decoder.recorded_bytes if self._decoder else 0)
        return " ".join(part for part in (self._device.name, self._device.numbers_name, memory) if part)

    def move_to(self, chosen: Device, *, may_fall_back: bool) -> None:
        """Have the model on another device; stay on the processor if it does not fit there and may stay.

        Raises:
            EngineNotReadyError: it does not fit the memory of the device.
        """
        import torch

        try:
            device.use(chosen)
            self._model = self._model.to(torch.device(chosen.name))
            self._device = chosen
        except RuntimeError as error:
            if not device.is_full(error):
                raise
            if not may_fall_back:
                raise device.does_not_fit(chosen.name, error) from error
            self._device = chosen
            self._fall_back(error)

    def warm_up(self) -> None:
        """Get ready for the usual sizes, and translate a sentence, which takes longer than those after it."""
        self._make_decoder()
        batches.warm_up(self._vocabulary, self._answer)

    def supports(self, source: str, target: str) -> bool:
        """Whether NLLB-200 has both languages."""
        return batches.supports(source, target)

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """As ``Translator`` says."""
        return batches.translate(self._vocabulary, texts, (source, target), job, self._answer)

    def close(self) -> None:
        """Let go of the model."""
        self._decoder = None
        for hook in self._hooks:  # in which the model holds on to this object
            hook.remove()

    def _fall_back(self, error: Exception) -> bool:
        """Go on where there is more memory; False when that is where we are."""
        import torch

        if self._device.name == device.CPU:
            return False
        self._decoder = None
        before, self._device = self._device, device.processor()
        self._model = self._model.to(torch.device(device.CPU)).to(self._device.numbers)
        self._make_decoder()
        torch.cuda.empty_cache()
        _log.warning("device=%s out of memory, goes on slower on device=%s: %s", before, self._device.name, error)
        return True

    def _make_decoder(self) -> None:
        import torch

        from voicestream.workers.engines.nllb.decoder.decoder import Decoder
        from voicestream.workers.engines.nllb.search import Search
        from voicestream.workers.inference import triton_check

        kind = self._device.name.partition(":")[0]
        if kind not in OWN_DECODER:
            return
        is_recorded = kind == "cuda" and self._may_record
        gpu = triton_check.find(torch.device(self._device.name)) if is_recorded else None
        self._decoder = Decoder(self._model, is_recorded=is_recorded, gpu=gpu)
        if kind != "cuda":
            return
        try:
            self._decoder.prepare(Search(num_beams=1), USUAL_SIZES)
        except RuntimeError as error:
            if not device.is_full(error):
                raise
            self._decoder.let_go()
            _log.warning("device=%s no memory for recordings yet: %s", self._device.name, error)

    def _look(self, _layer: object, _inputs: object) -> None:
        if self._is_cancelled():
            raise CancelledError

    def _answer(self, group: Group) -> list[list[int]]:
        return self._rations.answer(group, self._decode, device.is_full, self._fall_back)

    def _decode(self, group: Group) -> list[list[int]]:
        if self._decoder is None:
            return self._generate(group)
        rows = [self._vocabulary.ids(row) for row in group.rows]
        language = self._vocabulary.id_of(group.target) or 0
        try:
            return self._decoder.answer(rows, language, group.limit, group.search, group.is_cancelled)
        except RuntimeError:
            # If the memory is full, what it keeps for later is in the way.
            self._decoder.let_go()
            raise

    def _generate(self, group: Group) -> list[list[int]]:
        import torch
        from transformers import StoppingCriteriaList

        from voicestream.workers.engines.nllb.stopping_criteria import Stopping

        where = torch.device(self._device.name)
        ids = [self._vocabulary.ids(row) for row in group.rows]
        padding = self._vocabulary.id_of("<pad>") or 0
        longest = max(map(len, ids))
        self._is_cancelled = group.is_cancelled
        stopping = Stopping(group.is_cancelled)
        ends: StoppingCriteriaList = StoppingCriteriaList([stopping])
        with torch.inference_mode():
            found = self._model.generate(
                input_ids=torch.tensor([row + [padding] * (longest - len(row)) for row in ids], device=where),
                attention_mask=torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids], device=where),
                forced_bos_token_id=self._vocabulary.id_of(group.target) or 0,
                max_new_tokens=group.limit + 1,
                do_sample=False,
                num_beams=group.search.num_beams,
                no_repeat_ngram_size=group.search.no_repeat_ngram_size,
                repetition_penalty=group.search.repetition_penalty,
                stopping_criteria=ends,
            )
        if stopping.has_cancelled:
            raise CancelledError
        return found.tolist()


def load(settings: EngineSettings, report: Report) -> NllbTranslator:
    """Import, read and warm up.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged, or the device is not there.
    """
    directory = weights.original(settings.models)
    report("importing torch", None)
    go_offline()
    try:
        importlib.import_module("torch")
        from transformers.utils import logging as transformers_logging

        from voicestream.workers.engines.nllb.tokenizer import Vocabulary
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=packages.INSTALL) from error
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    vocabulary = Vocabulary(directory / weights.TOKENIZER, AGAIN)
    chosen = device.choose(settings.compute)
    read_ahead(weights.weights(directory), report)
    report("making the model", None)
    model = _model(directory, chosen.numbers)
    # With it, every call would complain that two limits are set.
    model.generation_config.max_length = None
    translator = NllbTranslator(model, vocabulary, may_record=settings.graphs)
    del model
    try:
        if chosen.name != device.CPU:
            report(f"moving it to {chosen.name}", None)
            translator.move_to(chosen, may_fall_back=settings.compute == AUTO)
        report("warming up", None)
        translator.warm_up()
    except BaseException:
        translator.close()
        raise
    return translator


def _model(directory: Path, numbers: torch.dtype) -> M2M100ForConditionalGeneration:
    from transformers import M2M100ForConditionalGeneration

    try:
        return M2M100ForConditionalGeneration.from_pretrained(directory, dtype=numbers, local_files_only=True).eval()
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineNotReadyError(f"the weights in {directory} cannot be loaded: {error}", hint=AGAIN) from error
