"""Logits processors: repetition penalty and no-repeat n-grams, with fixed shapes and the results of transformers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.output_tokens import OutputTokens
    from voicestream.workers.engines.nllb.search import Search


def process_logits(scores: Tensor, outputs: OutputTokens, search: Search) -> Tensor:
    """Apply the logits processors of a search to scores (rows, tokens), float32."""
    if search.repetition_penalty != 1:
        scores = _apply_repetition_penalty(scores, outputs, search.repetition_penalty)
    if search.no_repeat_ngram_size:
        scores = _ban_repeated_ngrams(scores, outputs, search.no_repeat_ngram_size)
    return scores


def _apply_repetition_penalty(scores: Tensor, outputs: OutputTokens, penalty: float) -> Tensor:
    """Penalize all tokens of the output, also the end token, with which each output begins."""
    generated = torch.where(outputs.positions <= outputs.position, outputs.tokens, outputs.tokens[:, :1])
    found = scores.gather(1, generated)
    return scores.scatter(1, generated, torch.where(found < 0, found * penalty, found / penalty))


def _ban_repeated_ngrams(scores: Tensor, outputs: OutputTokens, size: int) -> Tensor:
    """Mask each token that would repeat an n-gram of ``size`` tokens."""
    before = size - 1
    recent = outputs.position - torch.arange(before - 1, -1, -1, device=scores.device)
    # An output that is too short has no complete n-gram, so nothing matches.
    newest = outputs.tokens.index_select(1, recent.clamp(min=0))
    ngrams = outputs.tokens.unfold(1, size, 1)
    is_complete = outputs.positions[before:] <= outputs.position
    is_match = (ngrams[:, :, :before] == newest[:, None]).all(-1) & is_complete
    # N-grams that do not match leave the score unchanged: the minimum of it and infinity.
    limits = torch.where(is_match, -math.inf, math.inf)
    return scores.scatter_reduce(1, ngrams[:, :, before], limits, "amin")
