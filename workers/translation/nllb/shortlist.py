"""The best tokens of many, found on an NVIDIA GPU without sorting them all: they lie in the best blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
import triton

from voicestream.workers.decoder.kernels import statistics

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.decoder.launches import Gpu

_BLOCK: Final = 512
"""Tokens of which one is the block's best."""


def find(gpu: Gpu, logits: Tensor, before: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best continuations of the answers to each sentence, the best first.

    Args:
        gpu: where.
        logits: (sentences * beams, tokens).
        before: how good the answers are so far, (sentences, beams).
        count: how many.

    Returns:
        The sum of the logarithms of their chances, from which beam each goes on, and with which token: (sentences,
        count).
    """
    sentences, beams = before.shape
    rows, size = logits.shape
    blocks = triton.cdiv(size, _BLOCK)
    highest, totals = torch.empty((2, rows, blocks), dtype=torch.float32, device=logits.device).unbind(0)
    statistics.blocks[(blocks, rows)](logits, highest, totals, size, blocks, BLOCK=_BLOCK, **gpu.options(4))
    # What makes logits of a row the logarithms of chances, with what is before it.
    whole = torch.logsumexp(highest + totals.log(), 1)
    offset = before - whole.view(sentences, beams)
    # So many blocks hold the best so many tokens.
    at_best = (highest.view(sentences, beams, blocks) + offset[:, :, None]).view(sentences, -1)
    _, found = at_best.topk(min(count, at_best.shape[1]))
    rows_of, blocks_of = found // blocks, found % blocks
    tokens = blocks_of[:, :, None] * _BLOCK + torch.arange(_BLOCK, device=logits.device)
    by_sentence = logits.view(sentences, -1)
    at = (rows_of[:, :, None] * size + tokens.clamp(max=size - 1)).view(sentences, -1)
    scores = by_sentence.gather(1, at).view_as(tokens) + offset.gather(1, rows_of)[:, :, None]
    scores = torch.where(tokens < size, scores, -math.inf).view(sentences, -1)
    scores, chosen = scores.topk(count)
    return scores, rows_of.gather(1, chosen // _BLOCK), tokens.view(sentences, -1).gather(1, chosen)
