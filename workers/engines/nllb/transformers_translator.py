"""Engine ``nllb``: NLLB-200 with transformers, on CUDA, on Apple's GPU or on the CPU.

Except on Apple's GPU, ``NllbDecoder`` replaces ``generate``, whose overhead between kernels takes most of the time on a
GPU and some on a CPU.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import AUTO
from voicestream.engines.translator import MAX_BATCH, CancelledError, Job
from voicestream.errors import EngineNotReadyError
from voicestream.models import packages
from voicestream.models.weights import AGAIN
from voicestream.telemetry import go_offline
from voicestream.workers.engines.nllb import batches, models, weights
from voicestream.workers.engines.nllb.oom_splitting import BatchSplitter
from voicestream.workers.engines.nllb.search import MAX_ROWS
from voicestream.workers.inference import device
from voicestream.workers.inference.page_cache import prefetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import torch
    from transformers import M2M100ForConditionalGeneration, StoppingCriteriaList

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Pair
    from voicestream.workers.engines.nllb.batches import Group
    from voicestream.workers.engines.nllb.decoder.decoder import NllbDecoder
    from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer
    from voicestream.workers.inference.device import Device

_log = logging.getLogger(__name__)

DECODER_DEVICES: Final = ("cpu", "cuda")
"""Device types on which ``NllbDecoder`` was measured to be faster than ``generate``."""

PREPARED_BATCHES: Final = ((1, 6, 32), (1, 19, 64), (1, 44, 128), (2, 19, 64), (4, 19, 64))
"""Sentences, tokens of the longest one, and output limit of the batches to prepare before the first session."""

SHARED_LIMIT: Final = 128
"""Output limit up to which sentences of any length are decoded together on a GPU: a step takes about as long for all
of them as for some. Longer ones are decoded after them, so that no usual sentence waits for their end."""

LARGE_BATCHES: Final = ((8, 19, 64), (16, 19, 64), (32, 19, 64), (64, 19, 64), (128, 19, 64))
"""Batches to prepare for many clients, as ``PREPARED_BATCHES``; their KV caches take 1.2 GB for 600 million weights."""


class NllbTranslator:
    """``Translator`` with transformers."""

    name = models.ORIGINAL
    needs_checks = True

    def __init__(
        self, model: M2M100ForConditionalGeneration, tokenizer: SubwordTokenizer, *, may_capture: bool
    ) -> None:
        """Take a model on the CPU.

        Args:
            model: the loaded model.
            tokenizer: of the model.
            may_capture: whether CUDA graphs may be used.
        """
        self._model = model
        self._tokenizer = tokenizer
        self._device = device.processor()
        self._decoder: NllbDecoder | None = None
        """None if ``generate`` is used."""
        self._splitter = BatchSplitter()
        self._may_capture = may_capture
        self._is_cancelled: Callable[[], bool] = Job().is_cancelled
        """Cancellation check of the current group."""
        # Encoding a large batch takes longer than a token on a CPU, so each encoder layer checks for cancellation.
        self._hooks = [layer.register_forward_pre_hook(self._check_cancelled) for layer in model.get_encoder().layers]

    @property
    def device(self) -> str:
        """``cuda:0 float16 1.4 GB + 0.24 GB CUDA graphs``, ``cpu bfloat16``."""
        memory = device.memory_text(self._device.name, self._decoder.graph_bytes if self._decoder else 0)
        return " ".join(part for part in (self._device.name, self._device.dtype_name, memory) if part)

    @property
    def max_batch(self) -> int:
        """See ``MixedTranslator``."""
        return MAX_ROWS if self._is_on_cuda else MAX_BATCH

    def move_to(self, chosen: Device, *, may_fall_back: bool) -> None:
        """Move the model to another device; if it does not fit, stay on the CPU where ``may_fall_back``.

        Raises:
            EngineNotReadyError: the model does not fit the memory of the device.
        """
        import torch

        try:
            device.set_current(chosen)
            self._model = self._model.to(torch.device(chosen.name))
            self._device = chosen
        except RuntimeError as error:
            if not device.is_out_of_memory(error):
                raise
            if not may_fall_back:
                raise device.model_too_large(chosen.name, error) from error
            self._device = chosen
            self._fall_back(error)

    def warm_up(self) -> None:
        """Capture CUDA graphs for common batch sizes, and translate one sentence; the first one takes longer."""
        self._make_decoder()
        batches.warm_up(self._tokenizer, self._decode_group)

    def supports(self, source: str, target: str) -> bool:
        """Return whether NLLB-200 supports both languages."""
        return batches.supports(source, target)

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """See ``Translator``."""
        return self.translate_mixed(texts, [(source, target)] * len(texts), job)

    def translate_mixed(self, texts: Sequence[str], pairs: Sequence[Pair], job: Job) -> list[str]:
        """See ``MixedTranslator``."""
        shared = SHARED_LIMIT if self._is_on_cuda and self._decoder is not None else 0
        return batches.translate(self._tokenizer, texts, pairs, job, self._decode_group, shared_limit=shared)

    def prepare(self) -> None:
        """See ``MixedTranslator``: CUDA graphs are captured before the first large batch needs them."""
        can_capture = self._is_on_cuda and self._may_capture and self._decoder is not None
        if can_capture and not self._capture(LARGE_BATCHES):
            self._capture(PREPARED_BATCHES)

    def close(self) -> None:
        """Release the model."""
        self._decoder = None
        for hook in self._hooks:  # through which the model refers to this object
            hook.remove()

    @property
    def _is_on_cuda(self) -> bool:
        return self._device.name.startswith("cuda")

    def _fall_back(self, error: Exception) -> bool:
        """Fall back to the CPU; False if the model is there already."""
        import torch

        if self._device.name == device.CPU:
            return False
        self._decoder = None
        previous, self._device = self._device, device.processor()
        self._model = self._model.to(torch.device(device.CPU)).to(self._device.dtype)
        self._make_decoder()
        torch.cuda.empty_cache()
        _log.warning("device=%s out of memory, falling back to device=%s: %s", previous, self._device.name, error)
        return True

    def _make_decoder(self) -> None:
        import torch

        from voicestream.workers.engines.nllb.decoder.decoder import NllbDecoder
        from voicestream.workers.inference import triton_check

        kind = self._device.name.partition(":")[0]
        if kind not in DECODER_DEVICES:
            return
        use_graphs = kind == "cuda" and self._may_capture
        gpu = triton_check.probe(torch.device(self._device.name)) if use_graphs else None
        self._decoder = NllbDecoder(self._model, use_graphs=use_graphs, gpu=gpu)
        if kind == "cuda":
            self._capture(PREPARED_BATCHES)

    def _capture(self, sizes: Iterable[tuple[int, int, int]]) -> bool:
        """Capture CUDA graphs for batches of these sizes; False if memory ran out, and none is left."""
        from voicestream.workers.engines.nllb.search import Search

        assert self._decoder is not None  # noqa: S101 - ``_make_decoder`` came before
        try:
            self._decoder.prepare(Search(num_beams=1), sizes)
        except RuntimeError as error:
            if not device.is_out_of_memory(error):
                raise
            self._decoder.release()
            _log.warning("device=%s out of memory for CUDA graphs, retrying later: %s", self._device.name, error)
            return False
        return True

    def _check_cancelled(self, _layer: object, _inputs: object) -> None:
        if self._is_cancelled():
            raise CancelledError

    def _decode_group(self, group: Group) -> list[list[int]]:
        return self._splitter.decode(group, self._decode, device.is_out_of_memory, self._fall_back)

    def _decode(self, group: Group) -> list[list[int]]:
        if self._decoder is None:
            return self._generate(group)
        from voicestream.workers.engines.nllb.decoder.output_tokens import Sentence

        sentences = [
            Sentence(self._tokenizer.token_ids(row.tokens), self._tokenizer.token_id(row.target) or 0, row.limit)
            for row in group.rows
        ]
        try:
            return self._decoder.decode(sentences, group.search, group.is_cancelled)
        except RuntimeError:
            # Out of memory: its buffers and CUDA graphs take memory that a retry needs.
            self._decoder.release()
            raise

    def _generate(self, group: Group) -> list[list[int]]:
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        from voicestream.workers.engines.nllb.generation_hooks import CancellationCriteria, LanguageProcessor

        target = torch.device(self._device.name)
        ids = [self._tokenizer.token_ids(row.tokens) for row in group.rows]
        languages = [self._tokenizer.token_id(row.target) or 0 for row in group.rows]
        padding = self._tokenizer.token_id("<pad>") or 0
        longest = max(map(len, ids))
        self._is_cancelled = group.is_cancelled
        stopping = CancellationCriteria(group.is_cancelled)
        ends: StoppingCriteriaList = StoppingCriteriaList([stopping])
        with torch.inference_mode():
            found = self._model.generate(
                input_ids=torch.tensor([row + [padding] * (longest - len(row)) for row in ids], device=target),
                attention_mask=torch.tensor(
                    [[1] * len(row) + [0] * (longest - len(row)) for row in ids], device=target
                ),
                logits_processor=LogitsProcessorList([LanguageProcessor(languages, group.search.num_beams)]),
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
    """Import the packages, load the weights, and warm up.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged, or the device does not exist.
    """
    directory = weights.original(settings.models)
    report("importing torch", None)
    go_offline()
    try:
        importlib.import_module("torch")
        from transformers.utils import logging as transformers_logging

        from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=packages.INSTALL) from error
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    tokenizer = SubwordTokenizer(directory / weights.TOKENIZER, AGAIN)
    chosen = device.choose(settings.compute)
    prefetch(weights.weights(directory), report)
    report("loading the model", None)
    model = _model(directory, chosen.dtype)
    # With it, transformers warns in every call that two limits are set.
    model.generation_config.max_length = None
    translator = NllbTranslator(model, tokenizer, may_capture=settings.graphs)
    del model
    try:
        if chosen.name != device.CPU:
            report(f"moving the model to {chosen.name}", None)
            translator.move_to(chosen, may_fall_back=settings.compute == AUTO)
        report("warming up", None)
        translator.warm_up()
    except BaseException:
        translator.close()
        raise
    return translator


def _model(directory: Path, dtype: torch.dtype) -> M2M100ForConditionalGeneration:
    from transformers import M2M100ForConditionalGeneration

    try:
        return M2M100ForConditionalGeneration.from_pretrained(directory, dtype=dtype, local_files_only=True).eval()
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineNotReadyError(f"the weights in {directory} cannot be loaded: {error}", hint=AGAIN) from error
