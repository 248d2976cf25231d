"""Looks whether all is done while a GPU goes on: what is seen is one step old there, so nobody waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


class Glance:
    """At a flag (1,) of a device that steps change."""

    def __init__(self, flag: Tensor) -> None:
        self._flag = flag
        self._is_beside = flag.device.type == "cuda"
        self._seen: list[tuple[Tensor, torch.cuda.Event]] = []
        """The flag after the step before last, and after the last one, each with the moment at which it is here."""
        self._spare: list[tuple[Tensor, torch.cuda.Event]] = []

    def begin(self) -> None:
        """Forget what was seen: other work begins."""
        self._spare += self._seen
        self._seen = []

    def after_step(self) -> None:
        """A step was started: its flag is to be looked at."""
        if not self._is_beside:
            return
        here, moment = self._spare.pop() if self._spare else _place()
        here.copy_(self._flag, non_blocking=True)
        moment.record()
        self._seen.append((here, moment))

    def is_set(self) -> bool:
        """Whether it is; on a GPU, whether it was before the newest step."""
        if not self._is_beside:
            return bool(self._flag.item())
        if len(self._seen) <= 1:
            return False
        here, moment = self._seen.pop(0)
        # Without spinning: the processor has other things to do.
        moment.synchronize()
        self._spare.append((here, moment))
        return bool(here.item())


def _place() -> tuple[Tensor, torch.cuda.Event]:
    return torch.zeros(1, dtype=torch.bool, pin_memory=True), torch.cuda.Event(blocking=True)
