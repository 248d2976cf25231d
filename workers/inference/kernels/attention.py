"""Self-attention over a KV cache and cross-attention of the newest token; a program computes one head of one row."""
# Triton compiles the functions below; type checkers do not know its dialect.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def _fetch(base, at, is_valid, HEAD_DIM: tl.constexpr):
    """Load a block of keys or values: (positions, head_dim)."""
    dim = tl.arange(0, HEAD_DIM)
    return tl.load(base + at[:, None] + dim[None, :], mask=is_valid[:, None], other=0.0)


@triton.jit
def _online_softmax(q, key, value, is_valid, running_max, running_sum, acc):
    """Attend to one more block of positions with online softmax (arXiv:1805.02867)."""
    score = tl.where(is_valid, tl.sum(q[None, :] * key.to(tl.float32), 1), -float("inf"))
    new_max = tl.maximum(running_max, tl.max(score, 0))
    rescale, weight = tl.exp(running_max - new_max), tl.exp(score - new_max)
    acc = acc * rescale + tl.sum(weight[:, None] * value.to(tl.float32), 0)
    return new_max, running_sum * rescale + tl.sum(weight, 0), acc


@triton.jit
def self_attention(
    qkv,
    keys,
    values,
    indirection,
    position,
    out,
    row_stride,
    head_stride,
    indirection_stride,
    heads,
    scale,
    HEAD_DIM: tl.constexpr,
    BLOCK: tl.constexpr,
    HAS_INDIRECTION: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Self-attention of the newest token, whose key and value are added to the cache.

    ``qkv``: its query, key and value. ``indirection``: the row of the cache that holds the entry of a position, as beam
    search needs it. Position, indirection and older entries exist before the step, so they are loaded before the wait.
    """
    row, head = tl.program_id(0), tl.program_id(1)
    dim = tl.arange(0, HEAD_DIM)
    width = heads * HEAD_DIM
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
    end = tl.load(position).to(tl.int32)
    slot = tl.arange(0, BLOCK)
    is_valid = slot < end
    cache_row = row
    if HAS_INDIRECTION:
        cache_row = tl.load(indirection + row * indirection_stride + slot, mask=is_valid, other=0)
    at = cache_row * row_stride + head * head_stride + slot * HEAD_DIM
    first_key, first_value = _fetch(keys, at, is_valid, HEAD_DIM), _fetch(values, at, is_valid, HEAD_DIM)
    if USE_PDL:
        tl.extra.cuda.gdc_wait()
    new = qkv + row * 3 * width + head * HEAD_DIM + dim
    q = tl.load(new).to(tl.float32) * scale
    own_key = tl.load(new + width)
    own_value = tl.load(new + 2 * width)
    own = row * row_stride + head * head_stride + end * HEAD_DIM + dim
    tl.store(keys + own, own_key)
    tl.store(values + own, own_value)
    # The newest key and value come from registers, not from the cache just written.
    running_max = tl.sum(q * own_key.to(tl.float32), 0)
    running_sum = running_max * 0.0 + 1.0
    running_max, running_sum, acc = _online_softmax(
        q, first_key, first_value, is_valid, running_max, running_sum, own_value.to(tl.float32)
    )
    for begin in range(BLOCK, end, BLOCK):
        slots = begin + tl.arange(0, BLOCK)
        is_valid_slot = slots < end
        cache_row = row
        if HAS_INDIRECTION:
            cache_row = tl.load(indirection + row * indirection_stride + slots, mask=is_valid_slot, other=0)
        at = cache_row * row_stride + head * head_stride + slots * HEAD_DIM
        key, value = _fetch(keys, at, is_valid_slot, HEAD_DIM), _fetch(values, at, is_valid_slot, HEAD_DIM)
        running_max, running_sum, acc = _online_softmax(q, key, value, is_valid_slot, running_max, running_sum, acc)
    tl.store(out + row * width + head * HEAD_DIM + dim, (acc / running_sum).to(out.dtype.element_ty))


@triton.jit
def cross_attention(
    query,
    keys,
    values,
    lengths,
    out,
    source_stride,
    head_stride,
    heads,
    rows_per_source,
    scale,
    HEAD_DIM: tl.constexpr,
    BLOCK: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Cross-attention to a source, which ``rows_per_source`` rows share and which exists before the step."""
    row, head = tl.program_id(0), tl.program_id(1)
    dim = tl.arange(0, HEAD_DIM)
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
    source_index = row // rows_per_source
    length = tl.load(lengths + source_index).to(tl.int32)
    base = source_index * source_stride + head * head_stride
    slot = tl.arange(0, BLOCK)
    is_valid = slot < length
    first_key = _fetch(keys, base + slot * HEAD_DIM, is_valid, HEAD_DIM)
    first_value = _fetch(values, base + slot * HEAD_DIM, is_valid, HEAD_DIM)
    if USE_PDL:
        tl.extra.cuda.gdc_wait()
    at_row = (row * heads + head) * HEAD_DIM + dim
    q = tl.load(query + at_row).to(tl.float32) * scale
    acc = q * 0.0
    running_sum = tl.sum(acc, 0)
    running_max, running_sum, acc = _online_softmax(
        q, first_key, first_value, is_valid, running_sum - 1.0e30, running_sum, acc
    )
    for begin in range(BLOCK, length, BLOCK):
        slots = begin + tl.arange(0, BLOCK)
        is_valid_slot = slots < length
        key = _fetch(keys, base + slots * HEAD_DIM, is_valid_slot, HEAD_DIM)
        value = _fetch(values, base + slots * HEAD_DIM, is_valid_slot, HEAD_DIM)
        running_max, running_sum, acc = _online_softmax(q, key, value, is_valid_slot, running_max, running_sum, acc)
    tl.store(out + at_row, (acc / running_sum).to(out.dtype.element_ty))
