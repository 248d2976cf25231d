"""Block-wise reduction over logits, and the greedy decoding step."""
# Triton compiles the functions below; type checkers do not know its dialect.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def block_max_and_sum(logits, maxima, exp_sums, width, count, BLOCK: tl.constexpr, USE_PDL: tl.constexpr):
    """Maximum of each block, and the sum of ``exp(logit - maximum)``: both (rows, blocks)."""
    row, block = tl.program_id(1).to(tl.int64), tl.program_id(0)
    column = block * BLOCK + tl.arange(0, BLOCK)
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    scores = tl.load(logits + row * width + column, mask=column < width, other=-float("inf")).to(tl.float32)
    best = tl.max(scores, 0)
    tl.store(maxima + row * count + block, best)
    tl.store(exp_sums + row * count + block, tl.sum(tl.exp(scores - best), 0))


@triton.jit
def greedy_step(
    logits,
    maxima,
    newest,
    output_tokens,
    position,
    last,
    has_ended,
    is_done,
    rows,
    width,
    count,
    length,
    end,
    ROWS: tl.constexpr,
    COUNT: tl.constexpr,
    BLOCK: tl.constexpr,
    IS_WHOLE: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Append the token with the highest logit of each row, and update the state of greedy search.

    A program computes ``ROWS`` rows. ``IS_WHOLE``: there is only one, which also updates what all rows share. ``last``:
    position of each row after which a token may be appended.
    """
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    is_row = row < rows
    block = tl.arange(0, COUNT)
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    block_at = row[:, None] * count + block[None, :]
    block_maxima = tl.load(maxima + block_at, mask=is_row[:, None] & (block < count)[None, :], other=-float("inf"))
    first = tl.argmax(block_maxima, 1) * BLOCK
    token = first[:, None] + tl.arange(0, BLOCK)[None, :]
    is_token = is_row[:, None] & (token < width)
    scores = tl.load(logits + row[:, None].to(tl.int64) * width + token, mask=is_token, other=-float("inf"))
    best = first + tl.argmax(scores.to(tl.float32), 1)
    before = tl.load(position)
    at = before + 1
    tl.store(newest + row, best.to(tl.int64), mask=is_row)
    tl.store(output_tokens + row * length + at, best.to(tl.int64), mask=is_row)
    ended = tl.load(has_ended + row, mask=is_row, other=1).to(tl.int32) | (best == end).to(tl.int32)
    ended |= (before >= tl.load(last + row, mask=is_row, other=0)).to(tl.int32)
    tl.store(has_ended + row, ended.to(tl.int1), mask=is_row)
    if IS_WHOLE:
        tl.store(position, at)
        tl.store(is_done, tl.min(ended, 0).to(tl.int1))
