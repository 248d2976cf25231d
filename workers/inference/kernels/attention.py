"""Attention of the newest token: to what came before it, and to a source. A program takes one head of one row."""
# Triton reads what is below, as a language of its own.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def _fetch(numbers, at, is_there, VALUES: tl.constexpr):
    """(places, values of a head)."""
    one = tl.arange(0, VALUES)
    return tl.load(numbers + at[:, None] + one[None, :], mask=is_there[:, None], other=0.0)


@triton.jit
def _look(asked, key, value, is_there, best, total, seen):
    """Look at some more places (softmax as it comes, arXiv:1805.02867)."""
    score = tl.where(is_there, tl.sum(asked[None, :] * key.to(tl.float32), 1), -float("inf"))
    higher = tl.maximum(best, tl.max(score, 0))
    fading, share = tl.exp(best - higher), tl.exp(score - higher)
    seen = seen * fading + tl.sum(share[:, None] * value.to(tl.float32), 0)
    return higher, total * fading + tl.sum(share, 0), seen


@triton.jit
def past(
    mixed,
    keys,
    values,
    origins,
    position,
    out,
    row_stride,
    head_stride,
    origin_stride,
    heads,
    scale,
    VALUES: tl.constexpr,
    PLACES: tl.constexpr,
    HAS_ORIGINS: tl.constexpr,
    IS_CHAINED: tl.constexpr,
):
    """To the same answer so far. ``mixed``: query, key and value of the newest token; the latter two are kept.

    With ``origins`` the past of a row is spread: what it said at a place is in the row that stands there. Position,
    origins and what came before are there before the step begins, so they are fetched before the wait.
    """
    row, head = tl.program_id(0), tl.program_id(1)
    one = tl.arange(0, VALUES)
    width = heads * VALUES
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
    end = tl.load(position).to(tl.int32)
    place = tl.arange(0, PLACES)
    is_there = place < end
    source = row
    if HAS_ORIGINS:
        source = tl.load(origins + row * origin_stride + place, mask=is_there, other=0)
    at = source * row_stride + head * head_stride + place * VALUES
    first_key, first_value = _fetch(keys, at, is_there, VALUES), _fetch(values, at, is_there, VALUES)
    if IS_CHAINED:
        tl.extra.cuda.gdc_wait()
    new = mixed + row * 3 * width + head * VALUES + one
    asked = tl.load(new).to(tl.float32) * scale
    own_key = tl.load(new + width)
    own_value = tl.load(new + 2 * width)
    own = row * row_stride + head * head_stride + end * VALUES + one
    tl.store(keys + own, own_key)
    tl.store(values + own, own_value)
    # Nobody reads here what was just written.
    best = tl.sum(asked * own_key.to(tl.float32), 0)
    total = best * 0.0 + 1.0
    best, total, seen = _look(asked, first_key, first_value, is_there, best, total, own_value.to(tl.float32))
    for begin in range(PLACES, end, PLACES):
        more = begin + tl.arange(0, PLACES)
        is_more = more < end
        source = row
        if HAS_ORIGINS:
            source = tl.load(origins + row * origin_stride + more, mask=is_more, other=0)
        at = source * row_stride + head * head_stride + more * VALUES
        key, value = _fetch(keys, at, is_more, VALUES), _fetch(values, at, is_more, VALUES)
        best, total, seen = _look(asked, key, value, is_more, best, total, seen)
    tl.store(out + row * width + head * VALUES + one, (seen / total).to(out.dtype.element_ty))


@triton.jit
def source(
    query,
    keys,
    values,
    lengths,
    out,
    sentence_stride,
    head_stride,
    heads,
    beams,
    scale,
    VALUES: tl.constexpr,
    PLACES: tl.constexpr,
    IS_CHAINED: tl.constexpr,
):
    """To a source of so many places; ``beams`` rows have the same. It is there before the step begins."""
    row, head = tl.program_id(0), tl.program_id(1)
    one = tl.arange(0, VALUES)
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
    sentence = row // beams
    length = tl.load(lengths + sentence).to(tl.int32)
    base = sentence * sentence_stride + head * head_stride
    place = tl.arange(0, PLACES)
    is_there = place < length
    first_key = _fetch(keys, base + place * VALUES, is_there, VALUES)
    first_value = _fetch(values, base + place * VALUES, is_there, VALUES)
    if IS_CHAINED:
        tl.extra.cuda.gdc_wait()
    at_row = (row * heads + head) * VALUES + one
    asked = tl.load(query + at_row).to(tl.float32) * scale
    seen = asked * 0.0
    total = tl.sum(seen, 0)
    best, total, seen = _look(asked, first_key, first_value, is_there, total - 1.0e30, total, seen)
    for begin in range(PLACES, length, PLACES):
        more = begin + tl.arange(0, PLACES)
        is_more = more < length
        key = _fetch(keys, base + more * VALUES, is_more, VALUES)
        value = _fetch(values, base + more * VALUES, is_more, VALUES)
        best, total, seen = _look(asked, key, value, is_more, best, total, seen)
    tl.store(out + at_row, (seen / total).to(out.dtype.element_ty))
