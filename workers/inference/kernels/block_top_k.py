"""What is to be known of many logits, block by block."""
# Triton reads what is below, as a language of its own.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def blocks(logits, highest, totals, width, count, BLOCK: tl.constexpr, IS_CHAINED: tl.constexpr):
    """The highest of each block, and the sum of ``exp(logit - highest)``: both (rows, blocks)."""
    row, block = tl.program_id(1).to(tl.int64), tl.program_id(0)
    place = block * BLOCK + tl.arange(0, BLOCK)
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    scores = tl.load(logits + row * width + place, mask=place < width, other=-float("inf")).to(tl.float32)
    best = tl.max(scores, 0)
    tl.store(highest + row * count + block, best)
    tl.store(totals + row * count + block, tl.sum(tl.exp(scores - best), 0))


@triton.jit
def follow(
    logits,
    highest,
    newest,
    answers,
    position,
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
    IS_CHAINED: tl.constexpr,
):
    """Take the best token of each row, which is in its best block, and note it: all that greedy search has to note."""
    row = tl.arange(0, ROWS)
    is_row = row < rows
    block = tl.arange(0, COUNT)
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    here = row[:, None] * count + block[None, :]
    of_blocks = tl.load(highest + here, mask=is_row[:, None] & (block < count)[None, :], other=-float("inf"))
    first = tl.argmax(of_blocks, 1) * BLOCK
    token = first[:, None] + tl.arange(0, BLOCK)[None, :]
    is_token = is_row[:, None] & (token < width)
    scores = tl.load(logits + row[:, None].to(tl.int64) * width + token, mask=is_token, other=-float("inf"))
    best = first + tl.argmax(scores.to(tl.float32), 1)
    at = tl.load(position) + 1
    tl.store(newest + row, best.to(tl.int64), mask=is_row)
    tl.store(answers + row * length + at, best.to(tl.int64), mask=is_row)
    ended = tl.load(has_ended + row, mask=is_row, other=1).to(tl.int32) | (best == end).to(tl.int32)
    tl.store(has_ended + row, ended.to(tl.int1), mask=is_row)
    tl.store(position, at)
    tl.store(is_done, tl.min(ended, 0).to(tl.int1))
