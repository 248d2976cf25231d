"""The kernels of a step's matrices, in Triton's interpreter, against torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.interpreted import skip_unless_interpreted
from helpers.kernels.guarded import guarded, is_intact

skip_unless_interpreted()

import torch

from voicestream.workers.inference import kernel_launches, tile_config
from voicestream.workers.inference.embedding import embed
from voicestream.workers.inference.layers import Activation, Linear, Norm, fold_layer_norm

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu

# The sigmoid of far less than nothing is nothing.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")

EPSILON = 1e-5
NARROW, ODD, WIDE = (32, 64), (40, 72), (1100, 33)
"""Widths of what goes in and what comes out: whole tiles; no power of two; more than is summed at once elsewhere."""
DIGITS = {torch.float32: 1e-5, torch.float16: 4e-3}


@pytest.fixture(autouse=True)
def chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def layer(sizes: tuple[int, int], numbers: torch.dtype = torch.float32) -> Linear:
    width_in, width_out = sizes
    weight = torch.randn(width_out, width_in) * width_in**-0.5
    return Linear(guarded(weight.to(numbers)), guarded(torch.randn(width_out).to(numbers)))


def norm_of(width: int, numbers: torch.dtype = torch.float32) -> Norm:
    weight, bias = 1 + torch.randn(width) * 0.3, torch.randn(width) * 0.3
    return Norm(guarded(weight.to(numbers)), guarded(bias.to(numbers)), EPSILON)


def signal_of(rows: int, width: int, numbers: torch.dtype = torch.float32) -> Tensor:
    return guarded((torch.randn(rows, width) * 3 + 1).to(numbers))


def exactly(signal: Tensor, linear: Linear, norm: Norm | None = None) -> Tensor:
    """What torch makes of it, with all digits."""
    signal = signal.float()
    if norm is not None:
        signal = Norm(norm.weight.float(), norm.bias.float(), norm.epsilon)(signal)
    return Linear(linear.weight.float(), linear.bias.float())(signal)


def agree(found: Tensor, expected: Tensor, digits: float = 1e-5) -> None:
    torch.testing.assert_close(found.float(), expected.float(), rtol=digits, atol=digits)


SOME_ROWS = [
    (kernel_launches.gemv, 1),
    *((kernel_launches.small_m_linear, rows) for rows in (1, 2, 5, tile_config.MMA_ROWS)),
    *((kernel_launches.large_m_linear, rows) for rows in (1, 17, 80)),
]
NORMED = [case for case in SOME_ROWS if case[0] is not kernel_launches.large_m_linear]


@pytest.mark.parametrize("activation", [None, *Activation])
@pytest.mark.parametrize("sizes", [NARROW, ODD, WIDE], ids=str)
@pytest.mark.parametrize(("launch", "rows"), SOME_ROWS)
def test_a_layer_is_that_of_torch(
    gpu: Gpu, launch: Callable[..., Tensor], rows: int, sizes: tuple[int, int], activation: Activation | None
) -> None:
    signal, linear = signal_of(rows, sizes[0]), layer(sizes)
    expected = exactly(signal, linear)
    agree(launch(gpu, signal, linear, activation=activation), activation(expected) if activation else expected)


@pytest.mark.parametrize("activation", [None, *Activation])
@pytest.mark.parametrize("sizes", [NARROW, ODD, WIDE], ids=str)
@pytest.mark.parametrize(("launch", "rows"), NORMED)
def test_a_norm_that_was_folded_into_a_layer_is_in_front_of_it(
    gpu: Gpu, launch: Callable[..., Tensor], rows: int, sizes: tuple[int, int], activation: Activation | None
) -> None:
    signal, linear, norm = signal_of(rows, sizes[0]), layer(sizes), norm_of(sizes[0])
    expected = exactly(signal, linear, norm)
    fold_layer_norm(norm, linear)
    found = launch(gpu, signal, linear, epsilon=EPSILON, activation=activation)
    agree(found, activation(expected) if activation else expected, 1e-4)


@pytest.mark.parametrize("sizes", [NARROW, ODD, WIDE], ids=str)
@pytest.mark.parametrize(("launch", "rows"), NORMED)
def test_a_result_is_added_to_a_signal_and_to_nothing_beside_it(
    gpu: Gpu, launch: Callable[..., Tensor], rows: int, sizes: tuple[int, int]
) -> None:
    heard, linear, signal = signal_of(rows, sizes[0]), layer(sizes), signal_of(rows, sizes[1])
    expected = signal + exactly(heard, linear)
    assert launch(gpu, heard, linear, residual=signal) is signal
    agree(signal, expected)
    assert is_intact(signal)


@pytest.mark.parametrize("heard_in", [torch.float16, torch.float32])
@pytest.mark.parametrize(("launch", "rows"), NORMED)
def test_half_the_digits_are_enough_for_weights(
    gpu: Gpu, launch: Callable[..., Tensor], rows: int, heard_in: torch.dtype
) -> None:
    half = torch.float16
    signal, linear, norm = signal_of(rows, ODD[0], heard_in), layer(ODD, half), norm_of(ODD[0], heard_in)
    expected = exactly(signal, linear, norm)
    fold_layer_norm(norm, linear)
    found = launch(gpu, signal, linear, epsilon=EPSILON)
    assert found.dtype == half
    agree(found, expected, DIGITS[half])


@pytest.mark.parametrize(("launch", "rows"), NORMED)
def test_a_signal_without_any_spread_is_normed_as_by_torch(gpu: Gpu, launch: Callable[..., Tensor], rows: int) -> None:
    linear, norm = layer(ODD), norm_of(ODD[0])
    fold_layer_norm(norm, linear)
    # The mean of these squares, less the square of the mean, is less than nothing: both are rounded.
    found = launch(gpu, torch.full((rows, ODD[0]), 20.3), linear, epsilon=EPSILON)
    agree(found, linear.bias.expand_as(found), 0.02)


@pytest.mark.parametrize("numbers", DIGITS)
@pytest.mark.parametrize("rows", [17, 80])
def test_many_rows_need_half_the_digits_only(gpu: Gpu, rows: int, numbers: torch.dtype) -> None:
    signal, linear = signal_of(rows, ODD[0], numbers), layer(ODD, numbers)
    found = kernel_launches.large_m_linear(gpu, signal, linear)
    assert found.dtype == numbers
    agree(found, exactly(signal, linear), DIGITS[numbers])


@pytest.mark.parametrize("sizes", [(1100, 33), (2048, 64), (1536, 40)], ids=str)
@pytest.mark.parametrize(
    ("launch", "rows"),
    [
        (kernel_launches.small_m_split_k, 2),
        (kernel_launches.small_m_split_k, 16),
        (kernel_launches.large_m_split_k, 17),
    ],
)
def test_a_wide_product_comes_in_shares_whose_sum_it_is(
    gpu: Gpu, launch: Callable[..., kernel_launches.PartialSums], rows: int, sizes: tuple[int, int]
) -> None:
    heard, linear = signal_of(rows, sizes[0]), layer(sizes)
    summands = launch(gpu, heard, linear)
    assert len(summands.partials) > 1
    agree(summands.partials.sum(0) + summands.bias, exactly(heard, linear))


@pytest.mark.parametrize("sizes", [NARROW, ODD], ids=str)
def test_a_narrow_product_of_many_rows_may_come_in_shares_too(gpu: Gpu, sizes: tuple[int, int]) -> None:
    heard, linear = signal_of(80, sizes[0]), layer(sizes)
    summands = kernel_launches.large_m_split_k(gpu, heard, linear)
    assert len(summands.partials) == 2
    agree(summands.partials.sum(0) + summands.bias, exactly(heard, linear))


def summands_of(rows: int, width: int, shares: int) -> kernel_launches.PartialSums:
    return kernel_launches.PartialSums(guarded(torch.randn(shares, rows, width)), guarded(torch.randn(width)))


@pytest.mark.parametrize("shares", [1, 3])
@pytest.mark.parametrize("numbers", DIGITS)
@pytest.mark.parametrize("width", [64, 40])
def test_summands_are_settled_with_a_signal(gpu: Gpu, width: int, numbers: torch.dtype, shares: int) -> None:
    signal, summands = signal_of(3, width, numbers), summands_of(3, width, shares)
    expected = signal.float() + summands.partials.sum(0) + summands.bias
    assert kernel_launches.add_layer_norm(gpu, signal, summands) is signal
    agree(signal, expected, DIGITS[numbers])
    assert is_intact(signal)


@pytest.mark.parametrize("is_folded", [False, True])
@pytest.mark.parametrize("shares", [0, 2])
@pytest.mark.parametrize("width", [64, 40])
def test_what_is_settled_goes_on_normed(gpu: Gpu, width: int, shares: int, *, is_folded: bool) -> None:
    signal, norm = signal_of(3, width), norm_of(width)
    before, summands = signal.clone(), summands_of(3, width, shares) if shares else None
    expected = before if summands is None else before + summands.partials.sum(0) + summands.bias
    found = kernel_launches.add_layer_norm(
        gpu, signal, summands, epsilon=EPSILON, norm=None if is_folded else norm, dtype=torch.float16
    )
    agree(signal, expected)
    assert is_intact(signal)
    plain = Norm(torch.ones(width), torch.zeros(width), EPSILON)
    assert found.dtype == torch.float16
    agree(found, (plain if is_folded else norm)(expected), DIGITS[torch.float16])


def test_what_is_settled_stays_in_its_numbers_if_nobody_wants_others(gpu: Gpu) -> None:
    signal, norm = signal_of(3, 40), norm_of(40)
    found = kernel_launches.add_layer_norm(gpu, signal, epsilon=EPSILON, norm=norm)
    assert found.dtype == torch.float32
    agree(found, norm(signal))


@pytest.mark.parametrize("numbers", DIGITS)
@pytest.mark.parametrize("position", [0, 7])
def test_tokens_begin_with_word_and_place_and_padding_stands_at_its_own(
    gpu: Gpu, position: int, numbers: torch.dtype
) -> None:
    words, places = guarded(torch.randn(30, 40).to(numbers)), guarded(torch.randn(20, 40).to(numbers))
    found = embed(
        torch.tensor([4, 1, 29, 0]), torch.tensor([position]), words, places, position_offset=2, scale=1.5, padding=1
    )
    rows = torch.tensor([position + 2, 1, position + 2, position + 2])
    assert found.dtype == numbers
    agree(found, words[[4, 1, 29, 0]].float() * 1.5 + places[rows].float(), DIGITS[numbers])


def test_where_nothing_is_padding_each_token_stands_where_it_is(gpu: Gpu) -> None:
    words, places = guarded(torch.randn(30, 40)), guarded(torch.randn(20, 40))
    agree(embed(torch.tensor([1]), torch.tensor([3]), words, places, position_offset=1), words[[1]] + places[[4]])


@pytest.mark.parametrize("has_pdl", [False, True])
def test_kernels_are_chained_where_the_gpu_can(*, has_pdl: bool) -> None:
    options = kernel_launches.Gpu(has_pdl, 1).options(4)
    assert options == {"USE_PDL": has_pdl, "num_warps": 4} | ({"launch_pdl": True} if has_pdl else {})


def test_what_must_be_known_of_a_gpu_is_asked_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Facts:
        def __init__(self, major: int) -> None:
            self.major, self.shared_memory_per_block_optin = major, major << 10

    for major, has_pdl in ((8, False), (9, True), (12, True)):
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _, major=major: Facts(major))
        assert kernel_launches.Gpu.of(torch.device("cuda:0")) == kernel_launches.Gpu(has_pdl, major << 10)
