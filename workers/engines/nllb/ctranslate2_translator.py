"""The engine ``nllb-ct2``: NLLB-200 by CTranslate2, in 8 bits, which is what a CPU is fastest with."""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from voicestream.engines.translator import CancelledError
from voicestream.errors import EngineNotReadyError
from voicestream.models import packages
from voicestream.models.weights import AGAIN
from voicestream.workers.engines.nllb import batches, models, weights
from voicestream.workers.engines.nllb.oom_splitting import Rations
from voicestream.workers.inference import device
from voicestream.workers.inference.page_cache import read_ahead

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ctranslate2

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.spec import Report
    from voicestream.engines.translator import Job
    from voicestream.workers.engines.nllb.batches import Group
    from voicestream.workers.engines.nllb.tokenizer import Vocabulary

POLL_SECONDS: Final = 0.002

ON_CPU: Final = "int8"
ON_CUDA: Final = "int8_float16"

_OTHERWISE: Final = "Try: --compute cpu, or --translator nllb"

_log = logging.getLogger(__name__)


class NllbCt2Translator:
    """A ``Translator``."""

    name = models.CONVERTED
    needs_checks = True

    def __init__(self, directory: Path, vocabulary: Vocabulary, compute: str) -> None:
        """Reads the weights in ``directory`` for a device, ``auto`` being the processor.

        Raises:
            EngineNotReadyError: the weights are damaged, or the device is not there.
        """
        self._directory = directory
        self._vocabulary = vocabulary
        self._rations = Rations()
        self._translator: ctranslate2.Translator | None
        """None once it is closed."""
        self._where, self._translator = _open(directory, compute)

    @property
    def device(self) -> str:
        """``cpu int8``, ``cuda:0 int8_float16``."""
        return f"{self._where} {self._translator.compute_type}" if self._translator else ""

    def warm_up(self) -> None:
        """Translate a sentence, which takes longer than those after it.

        Raises:
            EngineNotReadyError: the device cannot compute.
        """
        try:
            batches.warm_up(self._vocabulary, self._answer)
        except RuntimeError as error:
            # CTranslate2 looks for the libraries of CUDA when it first needs them.
            raise EngineNotReadyError(
                f"CTranslate2 cannot compute on {self._where} here: {error}", hint=_OTHERWISE
            ) from error

    def supports(self, source: str, target: str) -> bool:
        """Whether NLLB-200 has both languages."""
        return batches.supports(source, target)

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        """As ``Translator`` says; a search that was cancelled comes to its end unheard, before the next begins."""
        return batches.translate(self._vocabulary, texts, (source, target), job, self._answer)

    def close(self) -> None:
        """Let go of the model."""
        self._translator = None

    def _answer(self, group: Group) -> list[list[int]]:
        return self._rations.answer(group, self._decode, _is_full, self._fall_back)

    def _fall_back(self, error: Exception) -> bool:
        """Go on where there is more memory; False when that is where we are."""
        if self._where == "cpu":
            return False
        before = self._where
        self._translator = None  # the memory of both at once might be too much
        self._where, self._translator = _open(self._directory, "cpu")
        _log.warning("device=%s out of memory, goes on slower on device=cpu: %s", before, error)
        return True

    def _decode(self, group: Group) -> list[list[int]]:
        assert self._translator is not None  # noqa: S101 - nothing is asked of an engine that is closed
        cancelled = threading.Event()
        is_greedy = group.search.num_beams == 1
        results = self._translator.translate_batch(
            group.rows,
            [[group.target]] * len(group.rows),
            beam_size=group.search.num_beams,
            max_decoding_length=group.limit + 1,
            max_input_length=0,
            no_repeat_ngram_size=group.search.no_repeat_ngram_size,
            repetition_penalty=group.search.repetition_penalty,
            asynchronous=True,
            # Called by its own thread, which must not wait for ours. Only a greedy search can be stopped.
            callback=(lambda _: cancelled.is_set()) if is_greedy else None,
        )
        while not all(result.done() for result in results):
            if group.is_cancelled():
                cancelled.set()
                raise CancelledError
            time.sleep(POLL_SECONDS)
        return [self._vocabulary.ids(result.result().hypotheses[0]) for result in results]


def load(settings: EngineSettings, report: Report) -> NllbCt2Translator:
    """Import, read and warm up.

    Raises:
        EngineNotReadyError: packages or weights are missing or damaged, or the device is not there.
    """
    directory = weights.converted(settings.models)
    report("importing ctranslate2", None)
    try:
        importlib.import_module("ctranslate2")
        from voicestream.workers.engines.nllb.tokenizer import Vocabulary
    except ImportError as error:
        raise EngineNotReadyError(f"a package is missing: {error}", hint=packages.INSTALL) from error
    vocabulary = Vocabulary(directory / weights.TOKENIZER, AGAIN)
    read_ahead(weights.weights(directory), report)
    report("making the model", None)
    translator = NllbCt2Translator(directory, vocabulary, settings.compute)
    report("warming up", None)
    translator.warm_up()
    return translator


def _open(directory: Path, compute: str) -> tuple[str, ctranslate2.Translator]:
    """The name of the device, and the weights on it."""
    import ctranslate2

    wants_cuda = compute.startswith("cuda")
    cards = ctranslate2.get_cuda_device_count() if wants_cuda else 0
    if compute == "mps" or (wants_cuda and cards == 0):
        raise EngineNotReadyError(f"CTranslate2 cannot compute on {compute} here", hint=_OTHERWISE)
    index = int(compute.partition(":")[2] or 0)
    if wants_cuda and index >= cards:
        raise device.no_such_card(compute, cards)
    try:
        if wants_cuda:
            return f"cuda:{index}", ctranslate2.Translator(
                str(directory), "cuda", device_index=index, compute_type=ON_CUDA, intra_threads=1
            )
        threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
        return "cpu", ctranslate2.Translator(str(directory), "cpu", compute_type=ON_CPU, intra_threads=threads)
    except (RuntimeError, ValueError) as error:
        raise EngineNotReadyError(f"the weights in {directory} cannot be loaded: {error}", hint=AGAIN) from error


def _is_full(error: RuntimeError) -> bool:
    """Whether an error says that the device's memory is full; CTranslate2 has no class of its own for that."""
    return "out of memory" in str(error)
