"""Work that a GPU does again and again, recorded once: the processor then says "again" instead of naming each kernel.

A decoder's step is some two hundred kernels of a few microseconds each, and naming one from Python takes longer than
running it. A CUDA graph holds them all.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

WARM_UPS: Final = 2
"""Runs before a recording: libraries set themselves up and choose their kernels at the first, which cannot be
recorded."""


class Pool:
    """The memory in which recordings of one device keep what they need between two kernels.

    They share it, because never two of them run at the same time; so what a step is to keep for the next must be in
    tensors that were there before.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.has_failed = False
        """Whether recording was given up: then all runs as it would without."""
        self.begin_anew()

    def begin_anew(self) -> None:
        """Call it when no recording is left: torch takes no more of them into memory that the last one has left."""
        self.bytes = 0
        """How much all recordings took, including what torch set aside for them."""
        self.handle = torch.cuda.graph_pool_handle() if self.device.type == "cuda" else None


class Captured:
    """A step: called, it runs; once ``capture`` was called, on CUDA, it is replayed.

    The step takes nothing and returns nothing: it changes tensors in place, always the same ones, decides nothing by
    what is in them, and makes none whose shape depends on that.
    """

    def __init__(self, step: Callable[[], None], pool: Pool) -> None:
        self._step = step
        self._pool = pool
        self._graph: torch.cuda.CUDAGraph | None = None
        self.memory_bytes = 0
        """By how much the recording made the pool larger; the next one finds room in it."""

    def __call__(self) -> None:
        """Run it; on CUDA without waiting for its end."""
        if self._graph is None:
            self._step()
        else:
            self._graph.replay()

    def capture(self) -> None:
        """Record it, if the device can and it was not done before. If it does not work, the step goes on to be run.

        It runs some times for that: what it changes is the caller's to put back.

        Raises:
            RuntimeError: what the step itself raises.
        """
        if self._pool.device.type != "cuda" or self._pool.has_failed or self._graph is not None:
            return
        with torch.cuda.device(self._pool.device):
            _warm_up(self._step)
            # What is free goes back first, as it would while recording: so the difference is what was taken.
            torch.cuda.empty_cache()
            before = torch.cuda.memory_reserved(self._pool.device)
            try:
                self._graph = _record(self._step, self._pool)
            except RuntimeError as error:
                self._pool.has_failed = True
                _log.warning("device=%s cannot record its work, goes on slower: %s", self._pool.device, error)
                return
            self.memory_bytes = max(torch.cuda.memory_reserved(self._pool.device) - before, 0)
            self._pool.bytes += self.memory_bytes


def _warm_up(step: Callable[[], None]) -> None:
    """Run a step where it will be recorded: beside the stream that all else uses."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()


def _record(step: Callable[[], None], pool: Pool) -> torch.cuda.CUDAGraph:
    graph = torch.cuda.CUDAGraph()
    # Other threads may go on using the device meanwhile.
    with torch.cuda.graph(graph, pool=pool.handle, capture_error_mode="thread_local"):
        step()
    return graph
