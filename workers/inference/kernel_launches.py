"""Starts the kernels of a step's matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
import triton

from voicestream.workers.inference import tile_config
from voicestream.workers.inference.kernels import linear as kernels
from voicestream.workers.inference.layers import Activation

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.layers import Linear, Norm

_HOPPER: Final = 9
"""The generation from which on a kernel can begin before the one in front of it has ended."""

_CODES: Final = {None: 0, Activation.RELU: 1, Activation.GELU: 2}


@dataclass(frozen=True)
class Gpu:
    """What has to be known of the device that kernels run on."""

    is_chained: bool
    """Whether a kernel may begin before the one in front of it has ended."""
    shared_memory: int
    """Bytes that a program can have of it."""

    @classmethod
    def of(cls, device: torch.device) -> Gpu:
        """That of a device of CUDA."""
        facts = torch.cuda.get_device_properties(device)
        return cls(facts.major >= _HOPPER, facts.shared_memory_per_block_optin)

    def options(self, warps: int) -> dict[str, object]:
        """Of each launch."""
        options: dict[str, object] = {"IS_CHAINED": self.is_chained, "num_warps": warps}
        # An older Triton does not know the word, nor an older GPU the thing.
        return {**options, "launch_pdl": True} if self.is_chained else options


@dataclass(frozen=True)
class Summands:
    """A product in shares, which is to be added to a signal."""

    shares: Tensor
    """(shares, rows, width), float32."""
    bias: Tensor


def one_row(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    *,
    epsilon: float | None = None,
    activation: Callable[[Tensor], Tensor] | None = None,
    added_to: Tensor | None = None,
) -> Tensor:
    """A linear layer for a signal (1, in), which may be float32: (1, out), in numbers of the weights.

    Args:
        gpu: where.
        signal: what goes in.
        linear: the layer.
        epsilon: of the norm that was folded into the layer, if one is in front of it.
        activation: one of ``Activation``.
        added_to: (1, out), to which the result is added; it is returned then.
    """
    width_out, width_in = linear.weight.shape
    out = linear.weight.new_empty(1, width_out) if added_to is None else added_to
    cut = tile_config.for_one_row(width_in)
    kernels.one_row[(triton.cdiv(width_out, cut.columns),)](
        signal,
        linear.weight,
        linear.bias,
        _sums(linear, epsilon),
        out,
        width_in,
        width_out,
        epsilon or 0.0,
        IN=tile_config.round_up(width_in),
        COLUMNS=cut.columns,
        HAS_NORM=epsilon is not None,
        ACTIVATION=_code(activation),
        IS_ADDED=added_to is not None,
        **gpu.options(cut.warps),
    )
    return out


def few_rows(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    *,
    epsilon: float | None = None,
    activation: Callable[[Tensor], Tensor] | None = None,
    added_to: Tensor | None = None,
) -> Tensor:
    """Likewise for a signal (rows, in) of some rows."""
    out = linear.weight.new_empty(len(signal), len(linear.weight)) if added_to is None else added_to
    _few_rows(
        gpu, signal, linear, out, is_shared=False, epsilon=epsilon, activation=activation, is_added=added_to is not None
    )
    return out


def few_rows_shared(gpu: Gpu, signal: Tensor, linear: Linear) -> Summands:
    """A linear layer for some rows of a wide signal, (rows, in)."""
    width_out, width_in = linear.weight.shape
    count = triton.cdiv(width_in, tile_config.for_few_rows(width_in, is_shared=True).share)
    shares = torch.empty((count, len(signal), width_out), dtype=torch.float32, device=signal.device)
    _few_rows(gpu, signal, linear, shares, is_shared=True)
    return Summands(shares, linear.bias)


def many_rows(
    gpu: Gpu, signal: Tensor, linear: Linear, *, activation: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """A linear layer for a signal (rows, in) in numbers of the weights, as the result is: (rows, out)."""
    out = linear.weight.new_empty(len(signal), len(linear.weight))
    _many_rows(gpu, signal, linear, out, is_shared=False, activation=activation)
    return out


def many_rows_shared(gpu: Gpu, signal: Tensor, linear: Linear) -> Summands:
    """A linear layer for a signal (rows, in) in numbers of the weights."""
    width_out, width_in = linear.weight.shape
    cut = _tile(gpu, signal, linear, is_shared=True)
    count = triton.cdiv(width_in, cut.share)
    shares = torch.empty((count, len(signal), width_out), dtype=torch.float32, device=signal.device)
    _many_rows(gpu, signal, linear, shares, is_shared=True)
    return Summands(shares, linear.bias)


def settle(
    gpu: Gpu,
    signal: Tensor,
    summands: Summands | None = None,
    *,
    epsilon: float | None = None,
    norm: Norm | None = None,
    numbers: torch.dtype | None = None,
) -> Tensor:
    """Add summands to a signal (rows, width), which is changed, and norm it: the same size.

    Args:
        gpu: where.
        signal: to which is added.
        summands: what is added.
        epsilon: of the norm; None: the signal itself comes back.
        norm: None for one that was folded.
        numbers: of the result; those of the signal if None.
    """
    rows, width = signal.shape
    out = signal if epsilon is None else torch.empty_like(signal, dtype=numbers or signal.dtype)
    kernels.settle[(rows,)](
        signal,
        signal if summands is None else summands.shares,
        signal if summands is None else summands.bias,
        signal if norm is None else norm.weight,
        signal if norm is None else norm.bias,
        out,
        rows,
        width,
        epsilon or 0.0,
        SHARES=0 if summands is None else len(summands.shares),
        WIDTH=tile_config.round_up(width),
        IS_NORMED=epsilon is not None,
        HAS_GAIN=norm is not None,
        **gpu.options(4),
    )
    return out


def _few_rows(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    out: Tensor,
    *,
    is_shared: bool,
    epsilon: float | None = None,
    activation: Callable[[Tensor], Tensor] | None = None,
    is_added: bool = False,
) -> None:
    width_out, width_in = linear.weight.shape
    cut = tile_config.for_few_rows(width_in, is_shared=is_shared)
    kernels.few_rows[
        (
            triton.cdiv(width_out, cut.columns),
            triton.cdiv(len(signal), tile_config.FEW),
            triton.cdiv(width_in, cut.share),
        )
    ](
        signal,
        linear.weight,
        linear.bias,
        _sums(linear, epsilon),
        out,
        len(signal),
        width_in,
        width_out,
        epsilon or 0.0,
        SHARE=cut.share,
        ROWS=tile_config.FEW,
        COLUMNS=cut.columns,
        HAS_NORM=epsilon is not None,
        HAS_BIAS=not is_shared,
        ACTIVATION=_code(activation),
        IS_ADDED=is_added,
        **gpu.options(cut.warps),
    )


def _many_rows(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    out: Tensor,
    *,
    is_shared: bool,
    activation: Callable[[Tensor], Tensor] | None = None,
) -> None:
    width_out, width_in = linear.weight.shape
    cut = _tile(gpu, signal, linear, is_shared=is_shared)
    kernels.many_rows[
        (triton.cdiv(width_out, cut.columns), triton.cdiv(len(signal), cut.rows), triton.cdiv(width_in, cut.share))
    ](
        signal,
        linear.weight,
        linear.bias,
        out,
        len(signal),
        width_in,
        width_out,
        SHARE=cut.share,
        PART=cut.part,
        ROWS=cut.rows,
        COLUMNS=cut.columns,
        STAGES=cut.stages,
        HAS_BIAS=not is_shared,
        ACTIVATION=_code(activation),
        **gpu.options(cut.warps),
    )


def _tile(gpu: Gpu, signal: Tensor, linear: Linear, *, is_shared: bool) -> tile_config.Tile:
    width_out, width_in = linear.weight.shape
    size = linear.weight.element_size()
    return tile_config.for_many_rows(
        len(signal), width_in, width_out, gpu.shared_memory, is_shared=is_shared, weight_bytes=size
    )


def _sums(linear: Linear, epsilon: float | None) -> Tensor:
    if epsilon is None:
        return linear.weight
    assert linear.sums is not None  # noqa: S101 - ``fold`` comes first
    return linear.sums


def _code(activation: Callable[[Tensor], Tensor] | None) -> int:
    assert activation is None or isinstance(activation, Activation)  # noqa: S101 - kernels know no others
    return _CODES[activation]
