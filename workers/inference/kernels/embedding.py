"""Token and position embedding."""
# Triton compiles the functions below; type checkers do not know its dialect.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def embed(
    tokens,
    position,
    token_table,
    position_table,
    out,
    width,
    scale,
    position_offset,
    padding,
    WIDTH: tl.constexpr,
):
    """``token_table[token] * scale + position_table[position + position_offset]``, a row a program.

    The position of padding is its own id. This kernel is the first of a step and never uses programmatic dependent
    launch: when later kernels of the step start, all earlier steps have ended, so their results need no wait.
    """
    row = tl.program_id(0)
    column = tl.arange(0, WIDTH)
    is_column = column < width
    token = tl.load(tokens + row)
    position_row = tl.where(token == padding, padding, tl.load(position) + position_offset)
    embedding = tl.load(token_table + token * width + column, mask=is_column, other=0.0).to(tl.float32)
    position_embedding = tl.load(position_table + position_row * width + column, mask=is_column, other=0.0).to(
        tl.float32
    )
    tl.store(
        out + row * width + column, (embedding * scale + position_embedding).to(out.dtype.element_ty), mask=is_column
    )
