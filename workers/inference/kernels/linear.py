"""Fused linear layers: layer norm, matrix product, bias, activation and residual add."""
# Triton compiles the functions below; type checkers do not know its dialect.
# pyright: basic
# mypy: disable-error-code="possibly-undefined"

import triton
import triton.language as tl

RELU = tl.constexpr(1)
GELU = tl.constexpr(2)


@triton.jit
def _activate(acc, ACTIVATION: tl.constexpr):
    if ACTIVATION == RELU:
        acc = tl.maximum(acc, 0.0)
    if ACTIVATION == GELU:
        # sqrt(2 / pi); (1 + tanh(x)) / 2 = sigmoid(2 x)
        inner = 0.7978845608028654 * (acc + 0.044715 * acc * acc * acc)
        acc = acc * tl.sigmoid(2 * inner)
    return acc


@triton.jit
def gemv(
    signal,
    weight,
    bias,
    row_sums,
    out,
    width_in,
    width_out,
    epsilon,
    K: tl.constexpr,
    BLOCK_N: tl.constexpr,
    HAS_NORM: tl.constexpr,
    ACTIVATION: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Matrix-vector product (M = 1); a program computes ``BLOCK_N`` outputs over all of K (``K``: a power of two).

    With a layer norm whose weights are folded: ``(W x - mean * row_sums) / standard deviation``, where ``row_sums`` are
    those of W. So norm and product need the signal only once.
    """
    column = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    is_column = column < width_out
    k = tl.arange(0, K)
    is_k = k < width_in
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
    w = tl.load(
        weight + column[:, None].to(tl.int64) * width_in + k[None, :],
        mask=is_column[:, None] & is_k[None, :],
        other=0.0,
    )
    bias_values = tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)
    if HAS_NORM:
        w_sums = tl.load(row_sums + column, mask=is_column, other=0.0)
    if USE_PDL:
        tl.extra.cuda.gdc_wait()
    x = tl.load(signal + k, mask=is_k, other=0.0).to(tl.float32)
    acc = tl.sum(w.to(tl.float32) * x[None, :], 1)
    if HAS_NORM:
        mean = tl.sum(x, 0) / width_in
        # Rounding can make it negative.
        variance = tl.maximum(tl.sum(x * x, 0) / width_in - mean * mean, 0.0)
        acc = (acc - mean * w_sums) * tl.rsqrt(variance + epsilon)
    acc += bias_values
    acc = _activate(acc, ACTIVATION)
    if HAS_RESIDUAL:
        acc += tl.load(out + column, mask=is_column, other=0.0).to(tl.float32)
    tl.store(out + column, acc.to(out.dtype.element_ty), mask=is_column)


@triton.jit
def large_m_linear(
    signal,
    weight,
    bias,
    out,
    rows,
    width_in,
    width_out,
    K_PER_SPLIT: tl.constexpr,
    BLOCK_K: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    NUM_STAGES: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Linear layer for large M on the tensor cores; a program computes a tile of one k-split: (splits, rows, out)."""
    column = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    row = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    split = tl.program_id(2)
    is_column, is_row = column < width_out, row < rows
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    # The sum begins with the bias in every kernel on the tensor cores, so that all tiles round alike.
    if HAS_BIAS:
        acc += tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)[None, :]
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    for begin in tl.range(0, K_PER_SPLIT, BLOCK_K, num_stages=NUM_STAGES):
        k = split * K_PER_SPLIT + begin + tl.arange(0, BLOCK_K)
        is_k = k < width_in
        w = tl.load(
            weight + column[None, :].to(tl.int64) * width_in + k[:, None],
            mask=is_column[None, :] & is_k[:, None],
            other=0.0,
        )
        x = tl.load(signal + row[:, None] * width_in + k[None, :], mask=is_row[:, None] & is_k[None, :], other=0.0)
        acc = tl.dot(x, w, acc, input_precision="ieee")
    acc = _activate(acc, ACTIVATION)
    at = (split * rows + row[:, None]).to(tl.int64) * width_out + column[None, :]
    tl.store(out + at, acc.to(out.dtype.element_ty), mask=is_row[:, None] & is_column[None, :])


@triton.jit
def add_layer_norm(
    signal,
    partials,
    bias,
    norm_weight,
    norm_bias,
    out,
    rows,
    width,
    epsilon,
    SPLITS: tl.constexpr,
    WIDTH: tl.constexpr,
    IS_NORMED: tl.constexpr,
    HAS_AFFINE: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Add split-K partial sums and their bias to the residual stream, then apply layer norm; a row a program."""
    row = tl.program_id(0)
    k = tl.arange(0, WIDTH)
    is_k = k < width
    at = row * width + k
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    x = tl.load(signal + at, mask=is_k, other=0.0).to(tl.float32)
    if SPLITS > 0:
        x += tl.load(bias + k, mask=is_k, other=0.0).to(tl.float32)
        for split in tl.static_range(SPLITS):
            x += tl.load(partials + split * rows * width + at, mask=is_k, other=0.0)
        tl.store(signal + at, x.to(signal.dtype.element_ty), mask=is_k)
    if IS_NORMED:
        mean = tl.sum(x, 0) / width
        x = tl.where(is_k, x - mean, 0.0)
        x *= tl.rsqrt(tl.sum(x * x, 0) / width + epsilon)
        if HAS_AFFINE:
            x = x * tl.load(norm_weight + k, mask=is_k, other=0.0).to(tl.float32)
            x += tl.load(norm_bias + k, mask=is_k, other=0.0).to(tl.float32)
        tl.store(out + at, x.to(out.dtype.element_ty), mask=is_k)


@triton.jit
def small_m_linear(
    signal,
    weight,
    bias,
    row_sums,
    out,
    rows,
    width_in,
    width_out,
    epsilon,
    K_PER_SPLIT: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    HAS_NORM: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr,
    USE_PDL: tl.constexpr,
):
    """Linear layer for small M on the tensor cores, one k-split a program without a loop: (splits, rows, out).

    The weights are loaded before the signal is available. A layer norm is applied as in ``gemv``; it needs all of K in
    one split.
    """
    column = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    row = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    split = tl.program_id(2)
    is_column, is_row = column < width_out, row < rows
    k = split * K_PER_SPLIT + tl.arange(0, K_PER_SPLIT)
    is_k = k < width_in
    if USE_PDL:
        tl.extra.cuda.gdc_launch_dependents()
    w = tl.load(weight + column[:, None] * width_in + k[None, :], mask=is_column[:, None] & is_k[None, :], other=0.0)
    if HAS_BIAS:
        bias_values = tl.load(bias + column, mask=is_column, other=0.0).to(tl.float32)
    if HAS_NORM:
        w_sums = tl.load(row_sums + column, mask=is_column, other=0.0)
    if USE_PDL:
        tl.extra.cuda.gdc_wait()
    x = tl.load(signal + row[:, None] * width_in + k[None, :], mask=is_row[:, None] & is_k[None, :], other=0.0)
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    if HAS_BIAS and not HAS_NORM:
        acc += bias_values[None, :]
    acc = tl.dot(x.to(w.dtype), tl.trans(w), acc, input_precision="ieee")
    if HAS_NORM:
        exact = x.to(tl.float32)
        mean = tl.sum(exact, 1) / width_in
        variance = tl.maximum(tl.sum(exact * exact, 1) / width_in - mean * mean, 0.0)
        acc = (acc - mean[:, None] * w_sums[None, :]) * tl.rsqrt(variance + epsilon)[:, None]
    if HAS_BIAS and HAS_NORM:
        acc += bias_values[None, :]
    acc = _activate(acc, ACTIVATION)
    at = (split * rows + row[:, None]) * width_out + column[None, :]
    is_valid = is_row[:, None] & is_column[None, :]
    if HAS_RESIDUAL:
        acc += tl.load(out + at, mask=is_valid, other=0.0).to(tl.float32)
    tl.store(out + at, acc.to(out.dtype.element_ty), mask=is_valid)
