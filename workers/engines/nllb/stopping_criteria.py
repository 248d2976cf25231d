"""Stops transformers between two tokens when nobody wants the answer any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import StoppingCriteria

if TYPE_CHECKING:
    from collections.abc import Callable


class Stopping(StoppingCriteria):
    """Asked by ``generate`` after every token."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        self._is_cancelled = is_cancelled
        self.has_cancelled = False
        """Whether it was stopped by this."""

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:  # noqa: ARG002 - transformers'
        """For each row whether it is done."""
        self.has_cancelled = self.has_cancelled or self._is_cancelled()
        return torch.full((input_ids.shape[0],), self.has_cancelled, dtype=torch.bool, device=input_ids.device)
