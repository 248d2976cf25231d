"""A decoder of our own for NLLB: the answers that ``generate`` of transformers gives, without its work for each token.

All it needs for a batch is set aside before the first token and changed in place. So a step is always the same work on
the same memory, and on CUDA it is recorded and played again (``workers/inference/cuda_graphs.py``).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import torch

from voicestream.engines.translator import CancelledError
from voicestream.workers.engines.nllb.decoder import buckets
from voicestream.workers.engines.nllb.decoder.buffers import Routine, Workspace
from voicestream.workers.engines.nllb.decoder.network import Network
from voicestream.workers.engines.nllb.decoder.output_tokens import END
from voicestream.workers.inference.cuda_graphs import Pool
from voicestream.workers.inference.device import is_full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from transformers import M2M100ForConditionalGeneration

    from voicestream.workers.engines.nllb.decoder.buckets import Shape
    from voicestream.workers.engines.nllb.search import Search
    from voicestream.workers.inference.kernel_launches import Gpu

_log = logging.getLogger(__name__)

KEPT_BYTES: Final = 3_000_000_000
"""Caches of all shapes together, beyond which the one that was not used for longest goes. One alone may have more."""


class Decoder:
    """Answers batches of sentences with a model."""

    def __init__(self, model: M2M100ForConditionalGeneration, *, is_recorded: bool, gpu: Gpu | None = None) -> None:
        """Take a model; it goes on to work, and must stay on its device.

        Args:
            model: loaded, where it is to compute.
            is_recorded: whether shapes are rounded up to a few, and what is done again is recorded where the device
                can: on CUDA.
            gpu: whose kernels take the steps; None: torch does it. The norms of the model's decoder are folded then.
        """
        self._network = Network(model, gpu)
        self._is_recorded = is_recorded
        self._pool = Pool(self._network.device)
        self._routines: dict[Shape, Routine] = {}
        """The one used last comes last."""

    @property
    def memory_bytes(self) -> int:
        """Of the device, besides the weights: of the shapes that are kept, and of all that is recorded."""
        return self.recorded_bytes + sum(map(self._network.cache_bytes, self._routines))

    @property
    def recorded_bytes(self) -> int:
        """Of these, what recordings took: as much as the largest needs between two kernels, for they share it."""
        return self._pool.bytes

    def prepare(self, search: Search, sizes: Iterable[tuple[int, int, int]]) -> None:
        """Record what will be needed, so that the first sentence does not wait for it.

        Args:
            search: as for ``answer``.
            sizes: numbers of sentences, of tokens of the longest, and the limit of the answers.
        """
        with torch.inference_mode():
            for sentences, source, limit in sizes:
                routine = self._routine(self._shape(search, sentences, source, limit))
                routine.capture()
                routine.uses += 1

    def answer(
        self, rows: list[list[int]], language: int, limit: int, search: Search, is_cancelled: Callable[[], bool]
    ) -> list[list[int]]:
        """The tokens of an answer to each sentence, the language first, and the end last if it came before the limit.

        Args:
            rows: the tokens of the sentences.
            language: the token answers begin with.
            limit: tokens an answer may have besides.
            search: how it is searched.
            is_cancelled: asked before each step.

        Raises:
            CancelledError: ``is_cancelled`` said so.
            RuntimeError: the device's memory is full.
        """
        with torch.inference_mode():
            routine = self._routine(self._shape(search, len(rows), max(map(len, rows)), limit))
            routine.uses += 1
            # To record takes as long as some batches: what is needed once only is not.
            if self._is_recorded and routine.uses > 1:
                self._record(routine)
            routine.workspace.fill(rows, language, limit, is_cancelled)
            self._run(routine, limit, is_cancelled)
            return [_cut(answer[1 : limit + 2]) for answer in routine.workspace.best()[: len(rows)]]

    def let_go(self) -> None:
        """Give back all memory but that of the weights."""
        self._routines.clear()
        self._pool.begin_anew()

    def _run(self, routine: Routine, limit: int, is_cancelled: Callable[[], bool]) -> None:
        routine.begin()
        glance = routine.workspace.glance
        glance.begin()
        windows = iter(routine.windows.items())
        window, step = next(windows)
        for position in range(1, limit + 1):
            if is_cancelled():
                raise CancelledError
            if glance.is_set():
                return
            if position >= window:
                window, step = next(windows)
                routine.workspace.make_room(window)
            step()
            glance.after_step()

    def _record(self, routine: Routine) -> None:
        """Record a routine; where there is no memory for that, it and all later ones are run step by step."""
        try:
            routine.capture()
        except RuntimeError as error:
            if not is_full(error):
                raise
            self._pool.has_failed = True
            _log.warning("device=%s no memory for recordings, goes on slower: %s", self._network.device, error)

    def _shape(self, search: Search, sentences: int, source: int, limit: int) -> Shape:
        make = buckets.rounded if self._is_recorded else buckets.exact
        return make(search, sentences, source, limit)

    def _routine(self, shape: Shape) -> Routine:
        """That of a shape, made if there is none."""
        found = self._routines.pop(shape, None)
        if found is None:
            self._make_room(self._network.cache_bytes(shape))
            # Without recordings, memory may move: it is taken when an answer gets so long.
            positions = shape.positions if self._is_recorded else shape.windows[0]
            found = Routine(Workspace(self._network, shape, positions), self._pool)
        self._routines[shape] = found
        return found

    def _make_room(self, wanted: int) -> None:
        """Let go of what was not used for longest; without recordings nothing is worth being kept."""
        room = KEPT_BYTES if self._is_recorded else 0
        while self._routines and sum(map(self._network.cache_bytes, self._routines)) + wanted > room:
            del self._routines[next(iter(self._routines))]
            if not self._routines:
                self._pool.begin_anew()


def _cut(tokens: list[int]) -> list[int]:
    """What stands up to the end."""
    return tokens[: tokens.index(END) + 1] if END in tokens else tokens
