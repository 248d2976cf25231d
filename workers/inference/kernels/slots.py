"""Kernels of a decoder step over slots: each row is the newest token of another sequence."""
# Triton compiles the functions below; type checkers do not know its dialect.
# pyright: basic

import triton
import triton.language as tl

from voicestream.workers.inference.kernels.attention import _fetch, _online_softmax
from voicestream.workers.inference.kernels.linear import _activate


@triton.jit
def embed_slots(
    slots,
    tokens,
    positions,
    token_table,
    position_table,
    out,
    width,
    position_offset,
    WIDTH: tl.constexpr,
):
    """``token_table[token] + position_table[position + position_offset]`` of the slot of each row, a row a program.

    This kernel is the first of a step and never uses programmatic dependent launch, like ``embed``.
    """
    row = tl.program_id(0)
    column = tl.arange(0, WIDTH)
    is_column = column < width
    slot = tl.load(slots + row)
    token, position = tl.load(tokens + slot), tl.load(positions + slot) + position_offset
    embedding = tl.load(token_table + token * width + column, mask=is_column, other=0.0).to(tl.float32)
    embedding += tl.load(position_table + position * width + column, mask=is_column, other=0.0).to(tl.float32)
    tl.store(out + row * width + column, embedding.to(out.dtype.element_ty), mask=is_column)


@triton.jit
def paged_self_attention(
    qkv,
    keys,
    values,
    page_table,
    slots,
    positions,
    out,
    page_stride,
    head_stride,
    table_stride,
    heads,
    scale,
    HEAD_DIM: tl.constexpr,
    PAGE: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Self-attention of the newest token of each slot, whose key and value are added to its pages of the cache.

    An iteration attends to one page. Slots, positions, the page table and older entries exist before the step, so they
    are loaded before the wait. The result of a row does not depend on the other rows.
    """
    row, head = tl.program_id(0), tl.program_id(1)
    dim = tl.arange(0, HEAD_DIM)
    width = heads * HEAD_DIM
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
    slot = tl.load(slots + row)
    end = tl.load(positions + slot).to(tl.int32)
    pages = page_table + slot * table_stride
    place = tl.arange(0, PAGE)
    is_valid = place < end
    at = tl.load(pages).to(tl.int64) * page_stride + head * head_stride + place * HEAD_DIM
    first_key, first_value = _fetch(keys, at, is_valid, HEAD_DIM), _fetch(values, at, is_valid, HEAD_DIM)
    own = tl.load(pages + end // PAGE).to(tl.int64) * page_stride + head * head_stride + (end % PAGE) * HEAD_DIM + dim
    if USE_PDL:
        tl.extra.cuda.gdc_wait()
    new = qkv + row * 3 * width + head * HEAD_DIM + dim
    q = tl.load(new).to(tl.float32) * scale
    own_key = tl.load(new + width)
    own_value = tl.load(new + 2 * width)
    tl.store(keys + own, own_key)
    tl.store(values + own, own_value)
    # The newest key and value come from registers, not from the cache just written.
    running_max = tl.sum(q * own_key.to(tl.float32), 0)
    running_sum = running_max * 0.0 + 1.0
    running_max, running_sum, acc = _online_softmax(
        q, first_key, first_value, is_valid, running_max, running_sum, own_value.to(tl.float32)
    )
    for begin in range(PAGE, end, PAGE):
        is_valid_place = begin + place < end
        at = tl.load(pages + begin // PAGE).to(tl.int64) * page_stride + head * head_stride + place * HEAD_DIM
        key, value = _fetch(keys, at, is_valid_place, HEAD_DIM), _fetch(values, at, is_valid_place, HEAD_DIM)
        running_max, running_sum, acc = _online_softmax(q, key, value, is_valid_place, running_max, running_sum, acc)
    tl.store(out + row * width + head * HEAD_DIM + dim, (acc / running_sum).to(out.dtype.element_ty))


@triton.jit
def narrow_linear(
    signal,
    weight,
    bias,
    out,
    rows,
    width_in,
    width_out,
    K: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK_N: tl.constexpr,
    ACTIVATION: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Linear layer of at most ``ROWS`` rows: (rows, in) to (rows, out), with the rounding of ``small_m_linear``.

    The weights are the left operand of the tensor cores, whose right one may have as few as eight columns.
    """
    column = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    row = tl.arange(0, ROWS)
    is_column, is_row = column < width_out, row < rows
    k = tl.arange(0, K)
    is_k = k < width_in
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
    w = tl.load(weight + column[:, None] * width_in + k[None, :], mask=is_column[:, None] & is_k[None, :], other=0.0)
    acc = tl.zeros((BLOCK_N, ROWS), tl.float32)
    acc += tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)[:, None]
    if USE_PDL:
        tl.extra.cuda.gdc_wait()
    x = tl.load(signal + row[None, :] * width_in + k[:, None], mask=is_row[None, :] & is_k[:, None], other=0.0)
    acc = _activate(tl.dot(w, x, acc, input_precision="ieee"), ACTIVATION)
    at = row[None, :] * width_out + column[:, None]
    tl.store(out + at, acc.to(out.dtype.element_ty), mask=is_row[None, :] & is_column[:, None])
