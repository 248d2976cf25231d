"""Keeps an answer from repeating itself: with the result of transformers, and shapes that do not depend on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.output_tokens import Answers
    from voicestream.workers.engines.nllb.search import Search


def restrain(scores: Tensor, answers: Answers, search: Search) -> Tensor:
    """Scores (rows, tokens) as they are with what a search forbids; float32."""
    if search.repetition_penalty != 1:
        scores = _penalize(scores, answers, search.repetition_penalty)
    if search.no_repeat_ngram_size:
        scores = _ban(scores, answers, search.no_repeat_ngram_size)
    return scores


def _penalize(scores: Tensor, answers: Answers, penalty: float) -> Tensor:
    """Make the score of all that was said worse, that of the end, too: each answer begins with it."""
    said = torch.where(answers.places <= answers.position, answers.tokens, answers.tokens[:, :1])
    found = scores.gather(1, said)
    return scores.scatter(1, said, torch.where(found < 0, found * penalty, found / penalty))


def _ban(scores: Tensor, answers: Answers, size: int) -> Tensor:
    """Rule out each token with which the last ``size`` tokens would be some that were said before."""
    before = size - 1
    recent = answers.position - torch.arange(before - 1, -1, -1, device=scores.device)
    # Of an answer that is too short for it, nothing is found: no run of so many tokens ends in it yet.
    newest = answers.tokens.index_select(1, recent.clamp(min=0))
    runs = answers.tokens.unfold(1, size, 1)
    is_whole = answers.places[before:] <= answers.position
    is_found = (runs[:, :, :before] == newest[:, None]).all(-1) & is_whole
    # A run that is not found rules out nothing: it takes the lesser of a score and more than any score.
    limits = torch.where(is_found, -math.inf, math.inf)
    return scores.scatter_reduce(1, runs[:, :, before], limits, "amin")
