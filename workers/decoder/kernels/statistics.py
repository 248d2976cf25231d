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
