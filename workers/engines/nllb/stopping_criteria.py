"""Stopping criterion of transformers for cancelled jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import StoppingCriteria

if TYPE_CHECKING:
    from collections.abc import Callable


class CancellationCriteria(StoppingCriteria):
    """Cancellation check that ``generate`` makes after each token."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        self._is_cancelled = is_cancelled
        self.has_cancelled = False
        """True if the criterion stopped generation."""

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: object) -> torch.Tensor:  # noqa: ARG002 - signature of transformers
        """Return for each row whether generation stops."""
        self.has_cancelled = self.has_cancelled or self._is_cancelled()
        return torch.full((input_ids.shape[0],), self.has_cancelled, dtype=torch.bool, device=input_ids.device)
