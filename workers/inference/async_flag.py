"""Asynchronous read-back of a device flag: the value read is one step old, so the processor never waits for the GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


class AsyncFlag:
    """Non-blocking reader of a boolean flag, (1,), that steps change on the device."""

    def __init__(self, flag: Tensor) -> None:
        self._flag = flag
        self._is_remote = flag.device.type == "cuda"
        self._pending: list[tuple[Tensor, torch.cuda.Event]] = []
        """Copies of the flag after the last two steps, each with the event that marks its arrival."""
        self._spare: list[tuple[Tensor, torch.cuda.Event]] = []

    def reset(self) -> None:
        """Drop all pending copies; call it before new work."""
        self._spare += self._pending
        self._pending = []

    def start_copy(self) -> None:
        """Start copying the flag after a step was launched."""
        if not self._is_remote:
            return
        value, arrival = self._spare.pop() if self._spare else _pinned_copy()
        value.copy_(self._flag, non_blocking=True)
        arrival.record()
        self._pending.append((value, arrival))

    def is_set(self) -> bool:
        """Return the flag; on a GPU, its value before the newest step."""
        if not self._is_remote:
            return bool(self._flag.item())
        if len(self._pending) <= 1:
            return False
        value, arrival = self._pending.pop(0)
        # Blocking instead of spinning leaves the processor to other threads.
        arrival.synchronize()
        self._spare.append((value, arrival))
        return bool(value.item())


def _pinned_copy() -> tuple[Tensor, torch.cuda.Event]:
    return torch.zeros(1, dtype=torch.bool, pin_memory=True), torch.cuda.Event(blocking=True)
