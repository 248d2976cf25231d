"""Hooks in ``generate`` of transformers: cancelled jobs end, and each sentence has a target language of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from transformers import LogitsProcessor, StoppingCriteria

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


class LanguageProcessor(LogitsProcessor):
    """Forces the first token of each sentence, as ``forced_bos_token_id`` does for one language."""

    def __init__(self, languages: list[int], beams: int) -> None:
        """Take the token ids of the target languages, by sentence, and the beams of each sentence."""
        self._languages = torch.tensor([[language] for language in languages for _ in range(beams)])

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return the scores, (rows, tokens): those of the first token are replaced."""
        if input_ids.shape[1] > 1:
            return scores
        rows, tokens = scores.shape
        forced = torch.full((rows, tokens), -math.inf, dtype=scores.dtype, device=scores.device)
        return forced.scatter_(1, self._languages.to(scores.device), value=0.0)
