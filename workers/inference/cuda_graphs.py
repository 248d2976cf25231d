"""CUDA graph capture and replay of steps that repeat, so that each kernel is not launched from Python.

A decoder step has some two hundred kernels of a few microseconds each; launching one from Python takes longer than
running it. A CUDA graph launches them all at once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

WARM_UPS: Final = 2
"""Runs before a capture: libraries initialize and select their kernels in the first run, which cannot be captured."""


class GraphPool:
    """Memory pool that the CUDA graphs of one device share.

    Two graphs never run at the same time, so they can share memory. A step must therefore keep its results in tensors
    that were allocated outside of the pool.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.has_failed = False
        """True if capture failed once: all steps run eagerly from then on."""
        self.reset()

    def reset(self) -> None:
        """Start a new pool once no graph is left: torch does not capture into a pool whose graphs were all freed."""
        self.bytes = 0
        """Bytes that all graphs reserved, including what torch reserved for them."""
        self.handle = torch.cuda.graph_pool_handle() if self.device.type == "cuda" else None


class CapturedStep:
    """Step that runs eagerly, or as a replayed CUDA graph after ``capture``.

    The step has no arguments and no result: it changes the same tensors in place each time, and neither its control
    flow nor a shape depends on their values.
    """

    def __init__(self, step: Callable[[], None], pool: GraphPool) -> None:
        self._step = step
        self._pool = pool
        self._graph: torch.cuda.CUDAGraph | None = None
        self.memory_bytes = 0
        """Bytes by which the capture enlarged the pool; the next capture reuses them."""

    def __call__(self) -> None:
        """Run or replay the step; on CUDA without waiting for it."""
        if self._graph is None:
            self._step()
        else:
            self._graph.replay()

    def capture(self) -> None:
        """Capture the step as a CUDA graph, if the device supports it; after a failure it continues to run eagerly.

        The step runs several times: the caller restores what it changes.

        Raises:
            RuntimeError: the step itself failed.
        """
        if self._pool.device.type != "cuda" or self._pool.has_failed or self._graph is not None:
            return
        with torch.cuda.device(self._pool.device):
            _warm_up(self._step)
            # Free the cache first, as a capture does, so that the difference is what the graph reserved.
            torch.cuda.empty_cache()
            before = torch.cuda.memory_reserved(self._pool.device)
            try:
                self._graph = _capture_graph(self._step, self._pool)
            except RuntimeError as error:
                self._pool.has_failed = True
                _log.warning(
                    "device=%s CUDA graph capture failed, falling back to eager execution: %s", self._pool.device, error
                )
                return
            self.memory_bytes = max(torch.cuda.memory_reserved(self._pool.device) - before, 0)
            self._pool.bytes += self.memory_bytes


def _warm_up(step: Callable[[], None]) -> None:
    """Run a step on a side stream, as capture requires."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()


def _capture_graph(step: Callable[[], None], pool: GraphPool) -> torch.cuda.CUDAGraph:
    graph = torch.cuda.CUDAGraph()
    # Other threads may use the device during the capture.
    with torch.cuda.graph(graph, pool=pool.handle, capture_error_mode="thread_local"):
        step()
    return graph
