"""Engine ``nllb-ct2``: NLLB-200 with CTranslate2 and int8 weights, the fastest combination on a CPU."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from voicestream.engines.translator import MAX_BATCH, CancelledError
from voicestream.errors import EngineNotReadyError
from voicestream.models import packages
from voicestream.models.weights import AGAIN
from voicestream.workers.engines.nllb import batches, models, weights
from voicestream.workers.engines.nllb.oom_splitting import BatchSplitter
from voicestream.workers.engines.nllb.search import MAX_ROWS
from voicestream.workers.inference import device
from voicestream.workers.inference.page_cache import prefetch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ctranslate2

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job, Pair
    from voicestream.workers.engines.nllb.batches import Group
    from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer

POLL_SECONDS: Final = 0.002

CPU_COMPUTE_TYPE: Final = "int8"
CUDA_COMPUTE_TYPE: Final = "int8_float16"

_ALTERNATIVES: Final = "Try: --compute cpu, or --translator nllb"

_log = logging.getLogger(__name__)


class NllbCt2Translator:
    """``Translator`` with CTranslate2."""

    name = models.CONVERTED
    needs_checks = True

    def __init__(self, directory: Path, tokenizer: SubwordTokenizer, compute: str) -> None:
        """Load the weights in ``directory`` on a device; ``auto`` is the CPU.

        Raises:
            EngineNotReadyError: the weights are damaged, or the device does not exist.
        """
        self._directory = directory
        self._tokenizer = tokenizer
        self._splitter = BatchSplitter()
        self._translator: ctranslate2.Translator | None
        """None after ``close``."""
        self._device, self._translator = _open(directory, compute)

    @property
    def device(self) -> str:
        """``cpu int8``, ``cuda:0 int8_float16``."""
        return f"{self._device} {self._translator.compute_type}" if self._translator else ""

    def warm_up(self) -> None:
        """Translate one sentence; the first one takes longer than later ones.

        Raises:
            EngineNotReadyError: the device cannot compute.
        """
        try:
            batches.warm_up(self._tokenizer, self._decode_group)
        except RuntimeError as error:
            # CTranslate2 loads the CUDA libraries on first use.
            raise EngineNotReadyError(
                f"CTranslate2 cannot compute on {self._device} here: {error}", hint=_ALTERNATIVES
            ) from error

    @property
    def max_batch(self) -> int:
        """See ``MixedTranslator``."""
        return MAX_BATCH if self._device == "cpu" else MAX_ROWS

    def supports(self, source: str, target: str) -> bool:
        """Return whether NLLB-200 supports both languages."""
        return batches.supports(source, target)

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """See ``Translator``; a cancelled beam search runs to its end, unused, before the next one starts."""
        return self.translate_mixed(texts, [(source, target)] * len(texts), job)

    def translate_mixed(self, texts: Sequence[str], pairs: Sequence[Pair], job: Job) -> list[str]:
        """See ``MixedTranslator``."""
        return batches.translate(self._tokenizer, texts, pairs, job, self._decode_group)

    def prepare(self) -> None:
        """See ``MixedTranslator``; there is nothing to prepare."""

    def close(self) -> None:
        """Release the model."""
        self._translator = None

    def _decode_group(self, group: Group) -> list[list[int]]:
        return self._splitter.decode(group, self._decode, _is_out_of_memory, self._fall_back)

    def _fall_back(self, error: Exception) -> bool:
        """Fall back to the CPU; False if the model is there already."""
        if self._device == "cpu":
            return False
        before = self._device
        self._translator = None  # both at once might need too much memory
        self._device, self._translator = _open(self._directory, "cpu")
        _log.warning("device=%s out of memory, falling back to device=cpu: %s", before, error)
        return True

    def _decode(self, group: Group) -> list[list[int]]:
        assert self._translator is not None  # noqa: S101 - a closed engine is not used
        cancelled = threading.Event()
        is_greedy = group.search.num_beams == 1
        results = self._translator.translate_batch(
            [row.tokens for row in group.rows],
            [[row.target] for row in group.rows],
            beam_size=group.search.num_beams,
            max_decoding_length=group.limit + 1,
            max_input_length=0,
            no_repeat_ngram_size=group.search.no_repeat_ngram_size,
            repetition_penalty=group.search.repetition_penalty,
            asynchronous=True,
            # Runs on a thread of CTranslate2, which must not wait for this one. Only greedy search can be stopped.
            callback=(lambda _: cancelled.is_set()) if is_greedy else None,
        )
        while not all(result.done() for result in results):
            if group.is_cancelled():
                cancelled.set()
                raise CancelledError
            time.sleep(POLL_SECONDS)
        return [self._tokenizer.token_ids(result.result().hypotheses[0]) for result in results]


def load(settings: EngineSettings, report: Report) -> NllbCt2Translator:
    """Import the packages, load the weights, and warm up.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged, or the device does not exist.
    """
    directory = weights.converted(settings.models)
    report("importing ctranslate2", None)
    try:
        importlib.import_module("ctranslate2")
        from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=packages.INSTALL) from error
    tokenizer = SubwordTokenizer(directory / weights.TOKENIZER, AGAIN)
    prefetch(weights.weights(directory), report)
    report("loading the model", None)
    translator = NllbCt2Translator(directory, tokenizer, settings.compute)
    report("warming up", None)
    translator.warm_up()
    return translator


def _open(directory: Path, compute: str) -> tuple[str, ctranslate2.Translator]:
    """Return the name of the device, and the model on it."""
    import ctranslate2

    wants_cuda = compute.startswith("cuda")
    gpus = ctranslate2.get_cuda_device_count() if wants_cuda else 0
    if compute == "mps" or (wants_cuda and gpus == 0):
        raise EngineNotReadyError(f"CTranslate2 cannot compute on {compute} here", hint=_ALTERNATIVES)
    index = int(compute.partition(":")[2] or 0)
    if wants_cuda and index >= gpus:
        raise device.no_such_gpu(compute, gpus)
    try:
        if wants_cuda:
            return f"cuda:{index}", ctranslate2.Translator(
                str(directory), "cuda", device_index=index, compute_type=CUDA_COMPUTE_TYPE, intra_threads=1
            )
        threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
        return "cpu", ctranslate2.Translator(
            str(directory), "cpu", compute_type=CPU_COMPUTE_TYPE, intra_threads=threads
        )
    except (RuntimeError, ValueError) as error:
        raise EngineNotReadyError(f"the weights in {directory} cannot be loaded: {error}", hint=AGAIN) from error


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether an error means out of memory; CTranslate2 raises a plain RuntimeError."""
    return "out of memory" in str(error)
