"""The best tokens of many, found on an NVIDIA GPU by the best of each block."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch
import triton

from voicestream.workers.engines.nllb.decoder.output_tokens import END
from voicestream.workers.inference.kernels import block_top_k
from voicestream.workers.inference.tile_config import round_up

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.output_tokens import Answers
    from voicestream.workers.inference.kernel_launches import Gpu

_BLOCK: Final = 512
"""Tokens of which one is the block's best."""


def follow(gpu: Gpu, logits: Tensor, answers: Answers, has_ended: Tensor, is_done: Tensor) -> None:
    """Add the best token to each answer, and note which have ended.

    Args:
        gpu: where.
        logits: (rows, tokens).
        answers: get their newest tokens.
        has_ended: which rows have, (rows,).
        is_done: whether all have, (1,).
    """
    rows, size = logits.shape
    highest = _statistics(gpu, logits)[0]
    block_top_k.follow[(1,)](
        logits,
        highest,
        answers.newest,
        answers.tokens,
        answers.position,
        has_ended,
        is_done,
        rows,
        size,
        highest.shape[1],
        answers.tokens.shape[1],
        END,
        ROWS=round_up(rows),
        COUNT=round_up(highest.shape[1]),
        BLOCK=_BLOCK,
        **gpu.options(8),
    )


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
    size = logits.shape[1]
    highest, totals = _statistics(gpu, logits).unbind(0)
    blocks = highest.shape[1]
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


def _statistics(gpu: Gpu, logits: Tensor) -> Tensor:
    """Of each block the highest logit, and the sum of exp(logit - highest): (2, rows, blocks)."""
    rows, size = logits.shape
    count = triton.cdiv(size, _BLOCK)
    made = torch.empty((2, rows, count), dtype=torch.float32, device=logits.device)
    block_top_k.blocks[(count, rows)](logits, made[0], made[1], size, count, BLOCK=_BLOCK, **gpu.options(4))
    return made
