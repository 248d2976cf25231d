"""Seeded top-k and top-p sampling of audio tokens with repetition penalty.

All of it runs on the device without reading values back, so it can be captured in the CUDA graph of a step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

if TYPE_CHECKING:
    from torch import Tensor

PREFIX_TOKEN: Final = 1
"""Token that coqui's decoder puts at the positions of voice and text, so the repetition penalty applies to it."""


@dataclass(frozen=True)
class SamplingParameters:
    """Sampling parameters; those of a model are in its ``config.json``."""

    temperature: float = 0.75
    top_k: int = 50
    """Number of candidates; 1: greedy."""
    top_p: float = 0.85
    """Cumulative probability of the candidates to sample from."""
    repetition_penalty: float = 10.0
    """Penalty of tokens that were generated before (arXiv:1909.05858)."""


@dataclass(frozen=True)
class AudioVocabulary:
    """Audio tokens of a model."""

    size: int
    start: int
    stop: int
    max_tokens: int
    """Limit of one sentence."""


class Sampler:
    """Sampler of one sentence at a time."""

    def __init__(self, parameters: SamplingParameters, vocabulary: AudioVocabulary, device: torch.device) -> None:
        self._parameters = parameters
        self._vocabulary = vocabulary
        self._top_k = min(parameters.top_k, vocabulary.size)
        generated = torch.zeros(vocabulary.size, dtype=torch.bool)
        generated[PREFIX_TOKEN] = generated[vocabulary.start] = True
        self._initially_generated = generated.to(device)
        self._generated = self._initially_generated.clone()
        self._is_stop = torch.arange(vocabulary.size, device=device) == vocabulary.stop
        self._noise = torch.ones(vocabulary.max_tokens, self._top_k, device=device)
        self._min_tokens = torch.zeros(1, dtype=torch.long, device=device)

    def reset(self, seed: int, min_tokens: int) -> None:
        """Start a sentence.

        Args:
            seed: of the noise, which is the same on every device.
            min_tokens: tokens before which the stop token is not sampled.
        """
        noise = torch.empty(self._noise.shape).exponential_(generator=torch.Generator().manual_seed(seed))
        self._noise.copy_(noise)
        self._generated.copy_(self._initially_generated)
        self._min_tokens.fill_(min_tokens)

    def sample(self, logits: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next token, and the probability of the stop token before any filtering.

        Args:
            logits: (tokens,).
            index: of the token in the sentence, from 0, (1,).
        """
        logits = logits.float()
        stop_probability = torch.softmax(logits, 0)[self._vocabulary.stop, None]
        probabilities, tokens = self.filtered_probabilities(logits, index)
        # The exponential trick: argmax of probability / exponential noise is a sample from the distribution.
        choice = (probabilities / self._noise.index_select(0, index)[0]).argmax(0, keepdim=True)
        token = tokens.index_select(0, choice)
        self._generated.scatter_(0, token, value=True)
        return token, stop_probability

    def filtered_probabilities(self, logits: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return the probabilities (0: removed by top-p) and the tokens of the candidates, the best first."""
        parameters = self._parameters
        penalized = torch.where(
            logits < 0, logits * parameters.repetition_penalty, logits / parameters.repetition_penalty
        )
        logits = torch.where(self._generated, penalized, logits)
        logits = torch.where(self._is_stop & (index < self._min_tokens), -math.inf, logits)
        best, tokens = torch.topk(logits / parameters.temperature, self._top_k)
        probabilities = torch.softmax(best, 0)
        before = torch.cumsum(probabilities, 0) - probabilities
        return torch.where(before < parameters.top_p, probabilities, 0.0), tokens
