"""Triton kernels of the vocoder: convolutions fused with leaky ReLU, bias and residual add.

The last axis of each grid has the rows, one for each window. All row counts have the same compiled kernel: its programs
read one row only, with the same tile and order of sums, so that a row has the same samples in every batch.

They do not use programmatic dependent launch as those of the decoders do: waiting programs would occupy the place of
working ones.
"""
# Triton compiles the functions below; type checkers do not know its dialect.
# pyright: basic

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["frames", "positions"])
def interpolate(
    weights,
    latents,
    out,
    frames,
    positions,
    CHANNELS: tl.constexpr,
    BLOCK_FRAMES: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
    BLOCK_POSITIONS: tl.constexpr,
):
    """Product of interpolation weights and latents."""
    row = tl.program_id(2)
    frame = tl.program_id(0) * BLOCK_FRAMES + tl.arange(0, BLOCK_FRAMES)
    channels = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    weights += row * frames * positions
    latents += row * positions * CHANNELS
    inside = (frame < frames)[:, None]
    acc = tl.zeros((BLOCK_FRAMES, BLOCK_CHANNELS), dtype=tl.float32)
    for begin in range(0, positions, BLOCK_POSITIONS):
        position = begin + tl.arange(0, BLOCK_POSITIONS)
        valid = position < positions
        w = tl.load(weights + frame[:, None] * positions + position[None, :], mask=inside & valid[None, :], other=0.0)
        x = tl.load(latents + position[:, None] * CHANNELS + channels[None, :], mask=valid[:, None], other=0.0)
        acc = tl.dot(w, x, acc, input_precision="ieee")
    target = (row * frames + frame)[:, None] * CHANNELS + channels[None, :]
    tl.store(out + target, acc.to(out.dtype.element_ty), mask=inside)


# Windows without a graph have other numbers of steps, for which nothing must be compiled.
@triton.jit(do_not_specialize=["steps"])
def convolve(
    signal,
    signal_stride,
    weight,
    bias,
    bias_stride,
    residual,
    residual_stride,
    out,
    steps,
    dilation,
    COUNT: tl.constexpr,
    CHANNELS: tl.constexpr,
    OUTPUTS: tl.constexpr,
    BIASES: tl.constexpr,
    KERNEL_SIZE_0: tl.constexpr,
    KERNEL_SIZE_1: tl.constexpr,
    KERNEL_SIZE_2: tl.constexpr,
    SUMMED: tl.constexpr,
    SLOPE: tl.constexpr,
    HAS_RESIDUAL: tl.constexpr,
    BLOCK_STEPS: tl.constexpr,
    BLOCK_OUT: tl.constexpr,
    BLOCK_IN: tl.constexpr,
):
    """Up to three convolutions (``COUNT``) of one signal each, after leaky ReLU.

    ``SUMMED``: a single convolution of the sum of so many signals. ``residual``: added to the output.
    ``signal_stride``, ``residual_stride``: elements between signals; 0: one for all convolutions. ``bias_stride``:
    between rows.
    """
    rows = tl.num_programs(2) // COUNT
    block = tl.program_id(2) // rows
    row = tl.program_id(2) % rows
    step_out = tl.program_id(0) * BLOCK_STEPS + tl.arange(0, BLOCK_STEPS)
    channels_out = tl.program_id(1) * BLOCK_OUT + tl.arange(0, BLOCK_OUT)
    channels = tl.arange(0, BLOCK_IN)
    kernel_size = tl.where(block == 0, KERNEL_SIZE_0, tl.where(block == 1, KERNEL_SIZE_1, KERNEL_SIZE_2))
    weight += (
        tl.where(block == 0, 0, tl.where(block == 1, KERNEL_SIZE_0, KERNEL_SIZE_0 + KERNEL_SIZE_1)) * CHANNELS * OUTPUTS
    )
    signal += row * steps * CHANNELS
    if SUMMED == 1:
        signal += block * signal_stride
    acc = tl.zeros((BLOCK_STEPS, BLOCK_OUT), dtype=tl.float32)
    channel_blocks: tl.constexpr = CHANNELS // BLOCK_IN
    for iteration in range(kernel_size * channel_blocks):
        tap = iteration // channel_blocks
        channels_in = (iteration % channel_blocks) * BLOCK_IN + channels
        step_in = step_out + (tap - kernel_size // 2) * dilation
        inside = ((step_in >= 0) & (step_in < steps))[:, None]
        where = signal + step_in[:, None] * CHANNELS + channels_in[None, :]
        x = tl.load(where, mask=inside, other=0.0)
        if SLOPE != 1.0 or SUMMED > 1:
            x_wide = x.to(tl.float32)
            for number in tl.static_range(1, SUMMED):
                x_wide += tl.load(where + number * signal_stride, mask=inside, other=0.0).to(tl.float32)
            x = tl.maximum(x_wide, x_wide * SLOPE).to(x.dtype)
        w = tl.load(weight + (tap * CHANNELS + channels_in[:, None]) * OUTPUTS + channels_out[None, :])
        acc = tl.dot(x, w, acc, input_precision="ieee")
    acc += tl.load(bias + row * bias_stride + block * BIASES + channels_out % BIASES).to(tl.float32)[None, :]
    inside = (step_out < steps)[:, None]
    target = step_out[:, None] * OUTPUTS + channels_out[None, :]
    if HAS_RESIDUAL:
        residual += block * residual_stride + row * steps * OUTPUTS
        acc += tl.load(residual + target, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + (block * rows + row) * steps * OUTPUTS + target, acc.to(out.dtype.element_ty), mask=inside)


@triton.jit(do_not_specialize=["steps"])
def finish(
    signal,
    signal_stride,
    weight,
    out,
    steps,
    CHANNELS: tl.constexpr,
    KERNEL_SIZE: tl.constexpr,
    SUMMED: tl.constexpr,
    SLOPE: tl.constexpr,
    BLOCK_STEPS: tl.constexpr,
):
    """Leaky ReLU of the sum of signals, convolution to one channel, and tanh."""
    row = tl.program_id(2)
    signal += row * steps * CHANNELS
    step_out = tl.program_id(0) * BLOCK_STEPS + tl.arange(0, BLOCK_STEPS)
    channels = tl.arange(0, CHANNELS)
    acc = tl.zeros((BLOCK_STEPS,), dtype=tl.float32)
    for tap in tl.static_range(KERNEL_SIZE):
        step_in = step_out + (tap - KERNEL_SIZE // 2)
        inside = ((step_in >= 0) & (step_in < steps))[:, None]
        where = signal + step_in[:, None] * CHANNELS + channels[None, :]
        x = tl.load(where, mask=inside, other=0.0).to(tl.float32)
        for number in tl.static_range(1, SUMMED):
            x += tl.load(where + number * signal_stride, mask=inside, other=0.0).to(tl.float32)
        x = tl.maximum(x, x * SLOPE)
        acc += tl.sum(x * tl.load(weight + tap * CHANNELS + channels).to(tl.float32)[None, :], axis=1)
    # tanh
    tl.store(out + row * steps + step_out, 1.0 - 2.0 / (tl.exp(2.0 * acc) + 1.0), mask=step_out < steps)
