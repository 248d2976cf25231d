"""The signal of a step through some layers: with kernels, in Triton's interpreter, as it passes with torch alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.interpreted import RTX_4090, skip_unless_interpreted

skip_unless_interpreted()

import torch

from voicestream.workers.inference import fused_step, kernel_launches, tile_config
from voicestream.workers.inference.layers import Activation, Linear, Norm, fold_layer_norm
from voicestream.workers.inference.residual_stream import TorchResidualStream

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu
    from voicestream.workers.inference.residual_stream import ResidualStream

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")

WIDTH, WIDE = 40, 144
EPSILON = 1e-5
KINDS = [
    (1, fused_step.SingleRowStream),
    (2, fused_step.SmallBatchStream),
    (tile_config.MMA_ROWS, fused_step.SmallBatchStream),
    (tile_config.MMA_ROWS + 1, fused_step.LargeBatchStream),
]


@pytest.fixture(autouse=True)
def chance() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def linear(width_in: int, width_out: int) -> Linear:
    return Linear(torch.randn(width_out, width_in) * width_in**-0.5, torch.randn(width_out) * 0.3)


def norm_of(width: int = WIDTH) -> Norm:
    return Norm(1 + torch.randn(width) * 0.3, torch.randn(width) * 0.3, EPSILON)


@dataclass
class Layer:
    """Of a network."""

    before: Norm
    mixing: Linear
    behind: Linear
    between: Norm
    widen: Linear
    narrow: Linear
    activation: Activation

    @classmethod
    def by_chance(cls, activation: Activation) -> Layer:
        return cls(
            norm_of(),
            linear(WIDTH, 2 * WIDTH),
            linear(WIDTH, WIDTH),
            norm_of(),
            linear(WIDTH, WIDE),
            linear(WIDE, WIDTH),
            activation,
        )

    def fold(self) -> None:
        fold_layer_norm(self.before, self.mixing)
        fold_layer_norm(self.between, self.widen)

    def passes(self, stream: ResidualStream) -> None:
        mixed = stream.norm_linear(self.before, self.mixing)
        stream.add(self.behind, torch.tanh(mixed[:, :WIDTH] * mixed[:, WIDTH:]).contiguous())
        stream.add(self.narrow, stream.norm_linear(self.between, self.widen, self.activation))


def passed(stream: ResidualStream, layers: list[Layer], last: Norm) -> Tensor:
    for layer in layers:
        layer.passes(stream)
    return stream.final_norm(last)


@pytest.mark.parametrize("whole", [tile_config.FULL_K, 64])
@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize(("rows", "kind"), KINDS)
def test_a_signal_passes_as_it_does_with_torch(
    gpu: Gpu,
    rows: int,
    kind: type[ResidualStream],
    activation: Activation,
    *,
    whole: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With the lower one, a signal as narrow as that comes in shares.
    monkeypatch.setattr(tile_config, "FULL_K", whole)
    layers, last = [Layer.by_chance(activation) for _ in range(2)], norm_of()
    signal = torch.randn(rows, WIDTH) * 2 + 0.5
    expected = passed(TorchResidualStream(signal.clone()), layers, last)
    for layer in layers:
        layer.fold()
    stream = fused_step.residual_stream(gpu, signal)
    assert type(stream) is kind
    torch.testing.assert_close(passed(stream, layers, last), expected, rtol=1e-4, atol=1e-4)


def test_where_weights_of_the_whole_width_find_no_room_some_rows_are_taken_as_many(gpu: Gpu) -> None:
    """Those of NLLB-200-3.3B, on an RTX 4090."""
    smaller = kernel_launches.Gpu(gpu.has_pdl, RTX_4090)
    for width, kind in ((1024, fused_step.SmallBatchStream), (2048, fused_step.LargeBatchStream)):
        assert type(fused_step.residual_stream(smaller, torch.zeros(5, width, dtype=torch.float16))) is kind
    assert (
        type(fused_step.residual_stream(gpu, torch.zeros(5, 2048, dtype=torch.float16))) is fused_step.SmallBatchStream
    )
    assert (
        type(fused_step.residual_stream(smaller, torch.zeros(1, 2048, dtype=torch.float16)))
        is fused_step.SingleRowStream
    )


@pytest.mark.parametrize(("rows", "kind"), KINDS)
def test_several_things_may_be_added_and_none_of_them_twice(
    gpu: Gpu, rows: int, kind: type[ResidualStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_config, "FULL_K", 64)
    wide, narrow, last = linear(WIDE, WIDTH), linear(WIDTH, WIDTH), norm_of()
    signal, heard = torch.randn(rows, WIDTH), torch.randn(rows, WIDE)
    plain, stream = TorchResidualStream(signal.clone()), fused_step.residual_stream(gpu, signal)
    for each in (plain, stream):
        each.add(wide, heard)
        each.add(narrow, heard[:, :WIDTH].contiguous())
        each.add(wide, heard * 2)
    expected = plain.final_norm(last)
    for _ in range(2):
        torch.testing.assert_close(stream.final_norm(last), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 17, 70])
def test_a_layer_alone_is_that_of_torch(gpu: Gpu, rows: int) -> None:
    signal, head = torch.randn(rows, WIDTH), linear(WIDTH, 100)
    torch.testing.assert_close(fused_step.multiply(gpu, signal, head), head(signal), rtol=1e-5, atol=1e-5)


def test_what_is_folded_into_a_layer_changes_nothing_of_what_both_do() -> None:
    norm, layer, signal = norm_of(), linear(WIDTH, WIDE), torch.randn(5, WIDTH) * 3 + 1
    expected = layer(norm(signal))
    fold_layer_norm(norm, layer)
    assert torch.equal(norm.weight, torch.ones(WIDTH))
    assert torch.equal(norm.bias, torch.zeros(WIDTH))
    torch.testing.assert_close(layer(norm(signal)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("numbers", [torch.float32, torch.float16])
def test_what_was_folded_once_is_not_folded_again(numbers: torch.dtype) -> None:
    norm = Norm(*(part.to(numbers) for part in (1 + torch.randn(WIDTH) * 0.3, torch.randn(WIDTH))), EPSILON)
    whole = linear(WIDTH, WIDE)
    layer = Linear(whole.weight.to(numbers), whole.bias.to(numbers))
    fold_layer_norm(norm, layer)
    weight, bias, row_sums = layer.weight.clone(), layer.bias.clone(), layer.row_sums
    again = Linear(layer.weight, layer.bias)
    fold_layer_norm(norm, again)
    assert torch.equal(again.weight, weight)
    assert torch.equal(again.bias, bias)
    assert row_sums is not None
    assert again.row_sums is not None
    assert torch.equal(again.row_sums, row_sums)
    # Of the weights as they are kept: those of a few digits have other row_sums.
    assert torch.equal(row_sums, weight.float().sum(1))


def test_what_is_folded_stays_in_the_memory_of_the_model() -> None:
    norm, layer = norm_of(), linear(WIDTH, WIDE)
    before = [tensor.data_ptr() for tensor in (norm.weight, norm.bias, layer.weight, layer.bias)]
    fold_layer_norm(norm, layer)
    assert [tensor.data_ptr() for tensor in (norm.weight, norm.bias, layer.weight, layer.bias)] == before
