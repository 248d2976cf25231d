"""The kernels of the vocoder, in Triton: a convolution with all that is done before and after it is one.

None begins before the one in front of it has ended, as those of the decoders do: programs that wait would take the
place of those that work.
"""
# Triton reads what is below, as a language of its own.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def convolve(
    signal,
    signal_stride,
    weight,
    bias,
    around,
    around_stride,
    out,
    steps,
    dilation,
    CHANNELS: tl.constexpr,
    OUTPUTS: tl.constexpr,
    BIASES: tl.constexpr,
    TAPS_0: tl.constexpr,
    TAPS_1: tl.constexpr,
    TAPS_2: tl.constexpr,
    SUMMED: tl.constexpr,
    SLOPE: tl.constexpr,
    GOES_AROUND: tl.constexpr,
    STEPS: tl.constexpr,
    TO: tl.constexpr,
    FROM: tl.constexpr,
):
    """Up to three convolutions with as many taps each, of a signal each, rectified before.

    ``SUMMED``: of so many signals the sum is taken instead. ``around``: is added to what comes out.
    """
    block = tl.program_id(2)
    at = tl.program_id(0) * STEPS + tl.arange(0, STEPS)
    to = tl.program_id(1) * TO + tl.arange(0, TO)
    channels = tl.arange(0, FROM)
    taps = tl.where(block == 0, TAPS_0, tl.where(block == 1, TAPS_1, TAPS_2))
    weight += tl.where(block == 0, 0, tl.where(block == 1, TAPS_0, TAPS_0 + TAPS_1)) * CHANNELS * OUTPUTS
    if SUMMED == 1:
        signal += block * signal_stride
    total = tl.zeros((STEPS, TO), dtype=tl.float32)
    turns: tl.constexpr = CHANNELS // FROM
    for turn in range(taps * turns):
        tap = turn // turns
        origin = (turn % turns) * FROM + channels
        place = at + (tap - taps // 2) * dilation
        inside = ((place >= 0) & (place < steps))[:, None]
        where = signal + place[:, None] * CHANNELS + origin[None, :]
        piece = tl.load(where, mask=inside, other=0.0)
        if SLOPE != 1.0 or SUMMED > 1:
            wide = piece.to(tl.float32)
            for number in tl.static_range(1, SUMMED):
                wide += tl.load(where + number * signal_stride, mask=inside, other=0.0).to(tl.float32)
            piece = tl.maximum(wide, wide * SLOPE).to(piece.dtype)
        factors = tl.load(weight + (tap * CHANNELS + origin[:, None]) * OUTPUTS + to[None, :])
        total = tl.dot(piece, factors, total, input_precision="ieee")
    total += tl.load(bias + block * BIASES + to % BIASES).to(tl.float32)[None, :]
    inside = (at < steps)[:, None]
    target = at[:, None] * OUTPUTS + to[None, :]
    if GOES_AROUND:
        total += tl.load(around + block * around_stride + target, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + block * steps * OUTPUTS + target, total.to(out.dtype.element_ty), mask=inside)


@triton.jit
def finish(
    signal,
    signal_stride,
    weight,
    out,
    steps,
    CHANNELS: tl.constexpr,
    TAPS: tl.constexpr,
    SUMMED: tl.constexpr,
    SLOPE: tl.constexpr,
    STEPS: tl.constexpr,
):
    """The sum of signals, rectified, made one channel, and that a sound."""
    at = tl.program_id(0) * STEPS + tl.arange(0, STEPS)
    channels = tl.arange(0, CHANNELS)
    total = tl.zeros((STEPS,), dtype=tl.float32)
    for tap in tl.static_range(TAPS):
        place = at + (tap - TAPS // 2)
        inside = ((place >= 0) & (place < steps))[:, None]
        where = signal + place[:, None] * CHANNELS + channels[None, :]
        piece = tl.load(where, mask=inside, other=0.0).to(tl.float32)
        for number in tl.static_range(1, SUMMED):
            piece += tl.load(where + number * signal_stride, mask=inside, other=0.0).to(tl.float32)
        piece = tl.maximum(piece, piece * SLOPE)
        total += tl.sum(piece * tl.load(weight + tap * CHANNELS + channels).to(tl.float32)[None, :], axis=1)
    # The hyperbolic tangent.
    tl.store(out + at, 1.0 - 2.0 / (tl.exp(2.0 * total) + 1.0), mask=at < steps)
