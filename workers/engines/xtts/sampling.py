"""Which audio token comes next: drawn by chance, but the same for the same seed.

All of it happens on the device that computes, without a look at any number: so a step can be recorded with its draw.
"""

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
class Vocabulary:
    """The audio tokens of a model."""

    size: int
    start: int
    stop: int
    max_tokens: int
    """Of one sentence."""


class Sampler:
    """Draws the tokens of one sentence after another."""

    def __init__(self, manner: Manner, vocabulary: Vocabulary, device: torch.device) -> None:
        self._manner = manner
        self._vocabulary = vocabulary
        self._top_k = min(manner.top_k, vocabulary.size)
        said = torch.zeros(vocabulary.size, dtype=torch.bool)
        said[FILLING_TOKEN] = said[vocabulary.start] = True
        self._said_at_first = said.to(device)
        self._said = self._said_at_first.clone()
        self._is_stop = torch.arange(vocabulary.size, device=device) == vocabulary.stop
        self._noise = torch.ones(vocabulary.max_tokens, self._top_k, device=device)
        self._least_tokens = torch.zeros(1, dtype=torch.long, device=device)

    def begin(self, seed: int, least_tokens: int) -> None:
        """A new sentence.

        Args:
            seed: of its draws, which are the same on every device.
            least_tokens: before so many the stop token is not drawn.
        """
        noise = torch.empty(self._noise.shape).exponential_(generator=torch.Generator().manual_seed(seed))
        self._noise.copy_(noise)
        self._said.copy_(self._said_at_first)
        self._least_tokens.fill_(least_tokens)

    def draw(self, scores: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
        """The next token and the chance that the sound ends here, as the model has it before anything is changed.

        Args:
            scores: logits, (tokens,).
            number: which token of the sentence it is, from 0, (1,).
        """
        scores = scores.float()
        stop_chance = torch.softmax(scores, 0)[self._vocabulary.stop, None]
        chances, tokens = self.chances(scores, number)
        # Who divides each chance by a draw of its own and takes the largest has drawn by these chances.
        place = (chances / self._noise.index_select(0, number)[0]).argmax(0, keepdim=True)
        token = tokens.index_select(0, place)
        self._said.scatter_(0, token, value=True)
        return token, stop_chance

    def chances(self, scores: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens that are in the draw, the best first, and the weight of each; 0 for those it leaves out."""
        manner = self._manner
        penalized = torch.where(scores < 0, scores * manner.repetition_penalty, scores / manner.repetition_penalty)
        scores = torch.where(self._said, penalized, scores)
        scores = torch.where(self._is_stop & (number < self._least_tokens), -math.inf, scores)
        best, tokens = torch.topk(scores / manner.temperature, self._top_k)
        chances = torch.softmax(best, 0)
        before = torch.cumsum(chances, 0) - chances
        return torch.where(before < manner.top_p, chances, 0.0), tokens
