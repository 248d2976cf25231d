"""Top-k tokens from block-wise maxima, with Triton kernels."""

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

    from voicestream.workers.engines.nllb.decoder.output_tokens import OutputTokens
    from voicestream.workers.inference.kernel_launches import Gpu

_BLOCK: Final = 512
"""Tokens of a block."""

_GREEDY_ROWS: Final = 16
"""Rows of one program of the greedy step, whose block maxima its registers hold."""


def greedy_step(gpu: Gpu, logits: Tensor, outputs: OutputTokens, has_ended: Tensor, is_done: Tensor) -> None:
    """Append the best token of each row, and update which rows have ended.

    Args:
        gpu: the device.
        logits: (rows, tokens).
        outputs: changed in place.
        has_ended: by row, (rows,); changed in place.
        is_done: whether all rows have ended, (1,); changed in place.
    """
    rows, size = logits.shape
    maxima = _statistics(gpu, logits)[0]
    programs = triton.cdiv(rows, _GREEDY_ROWS)
    block_top_k.greedy_step[(programs,)](
        logits,
        maxima,
        outputs.newest,
        outputs.tokens,
        outputs.position,
        outputs.last,
        has_ended,
        is_done,
        rows,
        size,
        maxima.shape[1],
        outputs.tokens.shape[1],
        END,
        ROWS=round_up(min(rows, _GREEDY_ROWS)),
        COUNT=round_up(maxima.shape[1]),
        BLOCK=_BLOCK,
        IS_WHOLE=programs == 1,
        **gpu.options(8),
    )
    if programs > 1:
        # Programs cannot wait for each other, so the state that all rows share is updated after them.
        outputs.position.add_(1)
        is_done.copy_(has_ended.all())


def best_continuations(gpu: Gpu, logits: Tensor, before: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the best continuations of the beams of each sentence, the best first.

    Args:
        gpu: the device.
        logits: (sentences * beams, tokens).
        before: log probabilities of the beams, (sentences, beams).
        count: of the continuations.

    Returns:
        Log probability, beam and token of each continuation: (sentences, count).
    """
    sentences, beams = before.shape
    size = logits.shape[1]
    maxima, exp_sums = _statistics(gpu, logits).unbind(0)
    blocks = maxima.shape[1]
    # Turns the logits of a row into log probabilities of the beam.
    log_sum = torch.logsumexp(maxima + exp_sums.log(), 1)
    offset = before - log_sum.view(sentences, beams)
    # The ``count`` best blocks contain the ``count`` best tokens.
    block_scores = (maxima.view(sentences, beams, blocks) + offset[:, :, None]).view(sentences, -1)
    _, found = block_scores.topk(min(count, block_scores.shape[1]))
    rows_of, blocks_of = found // blocks, found % blocks
    tokens = blocks_of[:, :, None] * _BLOCK + torch.arange(_BLOCK, device=logits.device)
    by_sentence = logits.view(sentences, -1)
    at = (rows_of[:, :, None] * size + tokens.clamp(max=size - 1)).view(sentences, -1)
    scores = by_sentence.gather(1, at).view_as(tokens) + offset.gather(1, rows_of)[:, :, None]
    scores = torch.where(tokens < size, scores, -math.inf).view(sentences, -1)
    scores, chosen = scores.topk(count)
    return scores, rows_of.gather(1, chosen // _BLOCK), tokens.view(sentences, -1).gather(1, chosen)


def _statistics(gpu: Gpu, logits: Tensor) -> Tensor:
    """Return the maximum of each block, and the sum of exp(logit - maximum): (2, rows, blocks)."""
    rows, size = logits.shape
    count = triton.cdiv(size, _BLOCK)
    statistics = torch.empty((2, rows, count), dtype=torch.float32, device=logits.device)
    block_top_k.block_max_and_sum[(count, rows)](
        logits, statistics[0], statistics[1], size, count, BLOCK=_BLOCK, **gpu.options(4)
    )
    return statistics
