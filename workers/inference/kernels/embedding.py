"""What a token begins with."""
# Triton reads what is below, as a language of its own.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def embed(
    tokens,
    position,
    words,
    places,
    out,
    width,
    scale,
    shift,
    padding,
    WIDTH: tl.constexpr,
):
    """``words[token] * scale + places[position + shift]``, a row a program; padding stands at its own place.

    A step begins with it, and it is never chained: so all that was before the step has ended when any other of the
    step's kernels begins, and they may read that without a wait.
    """
    row = tl.program_id(0)
    one = tl.arange(0, WIDTH)
    is_one = one < width
    token = tl.load(tokens + row)
    place = tl.where(token == padding, padding, tl.load(position) + shift)
    word = tl.load(words + token * width + one, mask=is_one, other=0.0).to(tl.float32)
    added = tl.load(places + place * width + one, mask=is_one, other=0.0).to(tl.float32)
    tl.store(out + row * width + one, (word * scale + added).to(out.dtype.element_ty), mask=is_one)
