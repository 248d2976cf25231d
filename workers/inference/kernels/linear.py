"""Norm, matrix, bias, activation and sum."""
# Triton reads what is below, as a language of its own.
# pyright: basic
# mypy: disable-error-code="possibly-undefined"

import triton
import triton.language as tl

RELU = tl.constexpr(1)
GELU = tl.constexpr(2)


@triton.jit
def _active(made, ACTIVATION: tl.constexpr):
    if ACTIVATION == RELU:
        made = tl.maximum(made, 0.0)
    if ACTIVATION == GELU:
        # sqrt(2 / pi); (1 + tanh(x)) / 2 = sigmoid(2 x)
        inner = 0.7978845608028654 * (made + 0.044715 * made * made * made)
        made = made * tl.sigmoid(2 * inner)
    return made


@triton.jit
def one_row(
    signal,
    weight,
    bias,
    sums,
    out,
    width_in,
    width_out,
    epsilon,
    IN: tl.constexpr,
    COLUMNS: tl.constexpr,
    HAS_NORM: tl.constexpr,
    ACTIVATION: tl.constexpr,
    IS_ADDED: tl.constexpr,
    IS_CHAINED: tl.constexpr,
):
    """One row; ``COLUMNS`` of what comes out a program, over the whole width (``IN``: rounded up to a power of two).

    With a norm (whose weights are folded): ``(W x - mean * sums) / spread``, where ``sums`` are those of the rows of W.
    So norm and matrix need the signal once, and at the same time.
    """
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    is_column = column < width_out
    place = tl.arange(0, IN)
    is_place = place < width_in
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
    numbers = tl.load(
        weight + column[:, None].to(tl.int64) * width_in + place[None, :],
        mask=is_column[:, None] & is_place[None, :],
        other=0.0,
    )
    added = tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)
    if HAS_NORM:
        summed = tl.load(sums + column, mask=is_column, other=0.0)
    if IS_CHAINED:
        tl.extra.cuda.gdc_wait()
    heard = tl.load(signal + place, mask=is_place, other=0.0).to(tl.float32)
    made = tl.sum(numbers.to(tl.float32) * heard[None, :], 1)
    if HAS_NORM:
        mean = tl.sum(heard, 0) / width_in
        # By rounding it can come out below nothing.
        variance = tl.maximum(tl.sum(heard * heard, 0) / width_in - mean * mean, 0.0)
        made = (made - mean * summed) * tl.rsqrt(variance + epsilon)
    made += added
    made = _active(made, ACTIVATION)
    if IS_ADDED:
        made += tl.load(out + column, mask=is_column, other=0.0).to(tl.float32)
    tl.store(out + column, made.to(out.dtype.element_ty), mask=is_column)


@triton.jit
def many_rows(
    signal,
    weight,
    bias,
    out,
    rows,
    width_in,
    width_out,
    SHARE: tl.constexpr,
    PART: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    STAGES: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    IS_CHAINED: tl.constexpr,
):
    """Several rows, on the tensor cores; a program makes a tile, of a ``SHARE`` of the width: (shares, rows, out)."""
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    row = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    share = tl.program_id(2)
    is_column, is_row = column < width_out, row < rows
    made = tl.zeros((ROWS, COLUMNS), tl.float32)
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    for begin in tl.range(0, SHARE, PART, num_stages=STAGES):
        place = share * SHARE + begin + tl.arange(0, PART)
        is_place = place < width_in
        numbers = tl.load(
            weight + column[None, :].to(tl.int64) * width_in + place[:, None],
            mask=is_column[None, :] & is_place[:, None],
            other=0.0,
        )
        heard = tl.load(
            signal + row[:, None] * width_in + place[None, :], mask=is_row[:, None] & is_place[None, :], other=0.0
        )
        made = tl.dot(heard, numbers, made, input_precision="ieee")
    if HAS_BIAS:
        made += tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)[None, :]
    made = _active(made, ACTIVATION)
    at = (share * rows + row[:, None]).to(tl.int64) * width_out + column[None, :]
    tl.store(out + at, made.to(out.dtype.element_ty), mask=is_row[:, None] & is_column[None, :])


@triton.jit
def settle(
    signal,
    parts,
    bias,
    gain,
    shift,
    out,
    rows,
    width,
    epsilon,
    SHARES: tl.constexpr,
    WIDTH: tl.constexpr,
    IS_NORMED: tl.constexpr,
    HAS_GAIN: tl.constexpr,
    IS_CHAINED: tl.constexpr,
):
    """Add what was made in shares, and its bias, to the signal, a row a program; the result goes out normed."""
    row = tl.program_id(0)
    place = tl.arange(0, WIDTH)
    is_place = place < width
    at = row * width + place
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    heard = tl.load(signal + at, mask=is_place, other=0.0).to(tl.float32)
    if SHARES > 0:
        heard += tl.load(bias + place, mask=is_place, other=0.0).to(tl.float32)
        for share in tl.static_range(SHARES):
            heard += tl.load(parts + share * rows * width + at, mask=is_place, other=0.0)
        tl.store(signal + at, heard.to(signal.dtype.element_ty), mask=is_place)
    if IS_NORMED:
        mean = tl.sum(heard, 0) / width
        heard = tl.where(is_place, heard - mean, 0.0)
        heard *= tl.rsqrt(tl.sum(heard * heard, 0) / width + epsilon)
        if HAS_GAIN:
            heard = heard * tl.load(gain + place, mask=is_place, other=0.0).to(tl.float32)
            heard += tl.load(shift + place, mask=is_place, other=0.0).to(tl.float32)
        tl.store(out + at, heard.to(out.dtype.element_ty), mask=is_place)


@triton.jit
def few_rows(
    signal,
    weight,
    bias,
    sums,
    out,
    rows,
    width_in,
    width_out,
    epsilon,
    SHARE: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    HAS_NORM: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    IS_ADDED: tl.constexpr,
    IS_CHAINED: tl.constexpr,
):
    """Some rows, on the tensor cores, all of a ``SHARE`` of the width at once: (shares, rows, out).

    The weights are fetched before the signal is there; with a norm as ``one_row``, then the share is the whole width.
    """
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    row = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    share = tl.program_id(2)
    is_column, is_row = column < width_out, row < rows
    place = share * SHARE + tl.arange(0, SHARE)
    is_place = place < width_in
    if IS_CHAINED:
        tl.extra.cuda.gdc_launch_dependents()
    numbers = tl.load(
        weight + column[:, None] * width_in + place[None, :], mask=is_column[:, None] & is_place[None, :], other=0.0
    )
    if HAS_BIAS:
        added = tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)
    if HAS_NORM:
        summed = tl.load(sums + column, mask=is_column, other=0.0)
    if IS_CHAINED:
        tl.extra.cuda.gdc_wait()
    heard = tl.load(
        signal + row[:, None] * width_in + place[None, :], mask=is_row[:, None] & is_place[None, :], other=0.0
    )
    made = tl.dot(heard.to(numbers.dtype), tl.trans(numbers), input_precision="ieee")
    if HAS_NORM:
        exact = heard.to(tl.float32)
        mean = tl.sum(exact, 1) / width_in
        variance = tl.maximum(tl.sum(exact * exact, 1) / width_in - mean * mean, 0.0)
        made = (made - mean[:, None] * summed[None, :]) * tl.rsqrt(variance + epsilon)[:, None]
    if HAS_BIAS:
        made += added[None, :]
    made = _active(made, ACTIVATION)
    at = (share * rows + row[:, None]) * width_out + column[None, :]
    is_there = is_row[:, None] & is_column[None, :]
    if IS_ADDED:
        made += tl.load(out + at, mask=is_there, other=0.0).to(tl.float32)
    tl.store(out + at, made.to(out.dtype.element_ty), mask=is_there)
