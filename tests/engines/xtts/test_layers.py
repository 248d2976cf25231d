"""The layers of a vocoder, fed piece by piece, give what torch gives for the whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.fixtures.neural import skip_unless_voice_installed

skip_unless_voice_installed()

import torch
from torch.nn import functional

from voicestream.workers.engines.xtts.vocoder.streaming_layers import (
    Chain,
    Interpolation,
    Mean,
    Pointwise,
    Residual,
    StreamingConvolution,
    StreamingLayer,
    StreamingUpsampling,
)

if TYPE_CHECKING:
    from torch import Tensor

pieces = st.lists(st.integers(0, 9), min_size=1, max_size=12)
kernels = st.sampled_from([1, 3, 7, 11])
dilations = st.sampled_from([1, 3, 5])


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(math.prod(shape)))


def fed(layer: StreamingLayer, signal: Tensor, sizes: list[int]) -> Tensor:
    """What a layer makes of a signal in pieces of these sizes."""
    cut = torch.split(signal, sizes, 2)
    return torch.cat([layer.feed(piece, last=number == len(sizes)) for number, piece in enumerate(cut, 1)], 2)


def agree(found: Tensor, expected: Tensor, within: float = 1e-5) -> None:
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, atol=within)


@given(pieces, kernels, dilations)
def test_a_convolution(sizes: list[int], kernel: int, dilation: int) -> None:
    signal, weight, bias = random(1, 3, sum(sizes)), random(4, 3, kernel), random(4)
    padding = (kernel - 1) * dilation // 2
    if sum(sizes) == 0:
        return
    expected = functional.conv1d(signal, weight, bias, padding=padding, dilation=dilation)
    agree(fed(StreamingConvolution(weight, bias, dilation), signal, sizes), expected)


@given(pieces, st.sampled_from([(16, 8), (4, 2), (6, 2)]))
def test_an_upsampling(sizes: list[int], shape: tuple[int, int]) -> None:
    kernel, stride = shape
    signal, weight, bias = random(1, 3, sum(sizes)), random(3, 2, kernel), random(2)
    if sum(sizes) == 0:
        return
    expected = functional.conv_transpose1d(signal, weight, bias, stride=stride, padding=(kernel - stride) // 2)
    agree(fed(StreamingUpsampling(weight, bias, stride), signal, sizes), expected)


@settings(max_examples=300)
@example([4, 0], 1 / 1.4)
@given(pieces, st.one_of(st.sampled_from([4.0, 24_000 / 22_050, 1.0]), st.floats(0.4, 5.0)))
def test_an_interpolation(sizes: list[int], factor: float) -> None:
    signal = random(1, 2, sum(sizes))
    # Where the length stays the same, torch takes the signal as it is; an utterance of three tokens is longer.
    if math.floor(sum(sizes) * factor) in (0, sum(sizes)) and factor != 1.0:
        return
    if not sum(sizes):
        return
    expected = functional.interpolate(signal, scale_factor=[factor], mode="linear")
    # The place of the hundredth output is known to some 10⁻⁵ in float32, and a signal may change by three in a step.
    agree(fed(Interpolation(factor), signal, sizes), expected, within=1e-4)


@given(pieces)
def test_a_residual_block_and_the_mean_of_several(sizes: list[int]) -> None:
    signal, first, second = random(1, 3, sum(sizes)), random(3, 3, 7), random(3, 3, 3)
    if sum(sizes) == 0:
        return

    def layers(weight: Tensor) -> StreamingLayer:
        return Residual(Chain([Pointwise(torch.tanh), StreamingConvolution(weight, None, 3)]))

    def whole(weight: Tensor) -> Tensor:
        padding = (weight.shape[2] - 1) * 3 // 2
        return signal + functional.conv1d(torch.tanh(signal), weight, padding=padding, dilation=3)

    agree(fed(Mean([layers(first), layers(second)]), signal, sizes), (whole(first) + whole(second)) / 2)


def test_an_interpolation_says_what_is_certain_at_once() -> None:
    """The first sound of a sentence waits for it."""
    made = Interpolation(4.0).feed(random(1, 1, 2), last=False)
    assert made.shape[2] == 6, "those that lie beyond the last input wait for the next one"


def test_a_convolution_waits_for_what_it_looks_ahead() -> None:
    layer = StreamingConvolution(random(1, 1, 7), None)
    assert layer.feed(random(1, 1, 3), last=False).shape[2] == 0
    assert layer.feed(random(1, 1, 1), last=False).shape[2] == 1
    assert layer.feed(random(1, 1, 0), last=True).shape[2] == 3
