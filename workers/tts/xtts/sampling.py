"""Which audio token comes next: drawn by chance, but the same for the same seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor

FILLING_TOKEN: Final = 1
"""Coqui's decoder stands in for the positions of voice and text with this token, so it counts as said already."""


@dataclass(frozen=True)
class Manner:
    """How tokens are drawn; the values of a model are in its ``config.json``."""

    temperature: float = 0.75
    top_k: int = 50
    """The best so many are in the draw; 1 = the best is taken."""
    top_p: float = 0.85
    """Of these the best whose chances together reach this."""
    repetition_penalty: float = 10.0
    """What was said already is this much less likely (arXiv:1909.05858)."""


@dataclass(frozen=True)
class Drawn:
    """A token that was drawn."""

    token: int
    stop_chance: float
    """That the sound ends here, from 0 to 1, as the model has it, before anything is forbidden or made less likely."""


class Sampler:
    """Draws the tokens of one sentence."""

    def __init__(self, manner: Manner, *, vocabulary: int, start_token: int, stop_token: int, seed: int) -> None:
        self._manner = manner
        self._stop_token = stop_token
        self._said = torch.zeros(vocabulary, dtype=torch.bool)
        self._said[FILLING_TOKEN] = True
        self._said[start_token] = True
        self._chance = torch.Generator().manual_seed(seed)

    def draw(self, scores: Tensor, *, may_stop: bool) -> Drawn:
        """The next token.

        Args:
            scores: logits, (tokens,); what a draw needs is little, so it is done on the processor in float32.
            may_stop: False: the stop token is not drawn.
        """
        scores = scores.float().cpu()
        stop_chance = torch.softmax(scores, 0)[self._stop_token].item()
        chances, tokens = self.chances(scores, may_stop=may_stop)
        # Who divides each chance by a draw of its own and takes the largest has drawn by these chances.
        noise = torch.empty_like(chances).exponential_(generator=self._chance)
        token = int(tokens[(chances / noise).argmax()].item())
        self._said[token] = True
        return Drawn(token, stop_chance)

    def chances(self, scores: Tensor, *, may_stop: bool) -> tuple[Tensor, Tensor]:
        """The tokens that are in the draw, the best first, and the weight of each; 0 for those it leaves out."""
        manner = self._manner
        penalized = torch.where(scores < 0, scores * manner.repetition_penalty, scores / manner.repetition_penalty)
        scores = torch.where(self._said, penalized, scores)
        if not may_stop:
            scores[self._stop_token] = -math.inf
        best, tokens = torch.topk(scores / manner.temperature, min(manner.top_k, len(scores)))
        chances = torch.softmax(best, 0)
        before = torch.cumsum(chances, 0) - chances
        return torch.where(before < manner.top_p, chances, 0.0), tokens
