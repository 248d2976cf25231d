"""Launches of the fused linear and norm kernels of a decoder step."""

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
"""Compute capability from which programmatic dependent launch is available."""

_PARTIAL_DIMENSIONS: Final = 3

_ACTIVATION_CODES: Final = {None: 0, Activation.RELU: 1, Activation.GELU: 2}


@dataclass(frozen=True)
class Gpu:
    """Properties of a GPU that kernel launches depend on."""

    has_pdl: bool
    """True if programmatic dependent launch is available."""
    shared_memory: int
    """Bytes available to one program."""

    @classmethod
    def of(cls, device: torch.device) -> Gpu:
        """Read the properties of a CUDA device."""
        properties = torch.cuda.get_device_properties(device)
        return cls(properties.major >= _HOPPER, properties.shared_memory_per_block_optin)

    def options(self, warps: int) -> dict[str, object]:
        """Return the keyword arguments of a launch with so many warps."""
        options: dict[str, object] = {"USE_PDL": self.has_pdl, "num_warps": warps}
        # Older versions of Triton do not accept the option.
        return {**options, "launch_pdl": True} if self.has_pdl else options


@dataclass(frozen=True)
class PartialSums:
    """Split-K partial sums of a product that is to be added to the residual stream."""

    partials: Tensor
    """(splits, rows, width), float32."""
    bias: Tensor


def gemv(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    *,
    epsilon: float | None = None,
    activation: Callable[[Tensor], Tensor] | None = None,
    residual: Tensor | None = None,
) -> Tensor:
    """Linear layer for one row (M = 1): (1, in), which may be float32, to (1, out) in the dtype of the weights.

    Args:
        gpu: the device.
        signal: the input.
        linear: the layer.
        epsilon: of the layer norm that was folded into the layer; None without one.
        activation: one of ``Activation``.
        residual: (1, out), to which the result is added in place; it is returned then.
    """
    width_out, width_in = linear.weight.shape
    out = linear.weight.new_empty(1, width_out) if residual is None else residual
    tile = tile_config.gemv_tile(width_in)
    kernels.gemv[(triton.cdiv(width_out, tile.block_n),)](
        signal,
        linear.weight,
        linear.bias,
        _row_sums(linear, epsilon),
        out,
        width_in,
        width_out,
        epsilon or 0.0,
        K=tile_config.round_up(width_in),
        BLOCK_N=tile.block_n,
        HAS_NORM=epsilon is not None,
        ACTIVATION=activation_code(activation),
        HAS_RESIDUAL=residual is not None,
        **gpu.options(tile.warps),
    )
    return out


def small_m_linear(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    *,
    epsilon: float | None = None,
    activation: Callable[[Tensor], Tensor] | None = None,
    residual: Tensor | None = None,
    tile: tile_config.SmallMTile | None = None,
) -> Tensor:
    """Linear layer for small M: (rows, in) to (rows, out); arguments as for ``gemv``; ``tile``: that of the width."""
    out = linear.weight.new_empty(len(signal), len(linear.weight)) if residual is None else residual
    _launch_small_m(
        gpu,
        signal,
        linear,
        out,
        tile or tile_config.small_m_tile(linear.weight.shape[1], is_split_k=False),
        epsilon=epsilon,
        activation=activation,
        has_residual=residual is not None,
    )
    return out


def small_m_split_k(
    gpu: Gpu, signal: Tensor, linear: Linear, tile: tile_config.SmallMTile | None = None
) -> PartialSums:
    """Linear layer for small M and large K, (rows, in), as split-K partial sums."""
    width_out, width_in = linear.weight.shape
    tile = tile or tile_config.small_m_tile(width_in, is_split_k=True)
    splits = triton.cdiv(width_in, tile.k_per_split)
    partials = torch.empty((splits, len(signal), width_out), dtype=torch.float32, device=signal.device)
    _launch_small_m(gpu, signal, linear, partials, tile)
    return PartialSums(partials, linear.bias)


def large_m_linear(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    *,
    activation: Callable[[Tensor], Tensor] | None = None,
    tile: tile_config.LargeMTile | None = None,
) -> Tensor:
    """Linear layer for large M: (rows, in) to (rows, out), both in the dtype of the weights."""
    out = linear.weight.new_empty(len(signal), len(linear.weight))
    tile = tile or _large_m_tile(gpu, signal, linear, is_split_k=False)
    _launch_large_m(gpu, signal, linear, out, tile, is_split_k=False, activation=activation)
    return out


def large_m_split_k(
    gpu: Gpu, signal: Tensor, linear: Linear, tile: tile_config.LargeMTile | None = None
) -> PartialSums:
    """Linear layer for large M, (rows, in) in the dtype of the weights, as split-K partial sums."""
    width_out, width_in = linear.weight.shape
    tile = tile or _large_m_tile(gpu, signal, linear, is_split_k=True)
    splits = triton.cdiv(width_in, tile.k_per_split)
    partials = torch.empty((splits, len(signal), width_out), dtype=torch.float32, device=signal.device)
    _launch_large_m(gpu, signal, linear, partials, tile, is_split_k=True)
    return PartialSums(partials, linear.bias)


def add_layer_norm(
    gpu: Gpu,
    signal: Tensor,
    partial_sums: PartialSums | None = None,
    *,
    epsilon: float | None = None,
    norm: Norm | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Add partial sums to the residual stream in place, and return it after layer norm: (rows, width).

    Args:
        gpu: the device.
        signal: the residual stream.
        partial_sums: the summand, if any.
        epsilon: of the layer norm; None: no norm, the residual stream itself is returned.
        norm: its weights; None if they were folded into the next layer.
        dtype: of the result; that of the signal if None.
    """
    rows, width = signal.shape
    out = signal if epsilon is None else torch.empty_like(signal, dtype=dtype or signal.dtype)
    kernels.add_layer_norm[(rows,)](
        signal,
        signal if partial_sums is None else partial_sums.partials,
        signal if partial_sums is None else partial_sums.bias,
        signal if norm is None else norm.weight,
        signal if norm is None else norm.bias,
        out,
        rows,
        width,
        epsilon or 0.0,
        SPLITS=0 if partial_sums is None else len(partial_sums.partials),
        WIDTH=tile_config.round_up(width),
        IS_NORMED=epsilon is not None,
        HAS_AFFINE=norm is not None,
        **gpu.options(4),
    )
    return out


def _launch_small_m(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    out: Tensor,
    tile: tile_config.SmallMTile,
    *,
    epsilon: float | None = None,
    activation: Callable[[Tensor], Tensor] | None = None,
    has_residual: bool = False,
) -> None:
    """Launch ``small_m_linear``; ``out``: (rows, out), or partial sums, (splits, rows, out)."""
    width_out, width_in = linear.weight.shape
    is_split_k = len(out.shape) == _PARTIAL_DIMENSIONS
    kernels.small_m_linear[
        (
            triton.cdiv(width_out, tile.block_n),
            triton.cdiv(len(signal), tile_config.MMA_ROWS),
            triton.cdiv(width_in, tile.k_per_split),
        )
    ](
        signal,
        linear.weight,
        linear.bias,
        _row_sums(linear, epsilon),
        out,
        len(signal),
        width_in,
        width_out,
        epsilon or 0.0,
        K_PER_SPLIT=tile.k_per_split,
        BLOCK_M=tile_config.MMA_ROWS,
        BLOCK_N=tile.block_n,
        HAS_NORM=epsilon is not None,
        HAS_BIAS=not is_split_k,
        ACTIVATION=activation_code(activation),
        HAS_RESIDUAL=has_residual,
        **gpu.options(tile.warps),
    )


def _launch_large_m(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    out: Tensor,
    tile: tile_config.LargeMTile,
    *,
    is_split_k: bool,
    activation: Callable[[Tensor], Tensor] | None = None,
) -> None:
    width_out, width_in = linear.weight.shape
    kernels.large_m_linear[
        (
            triton.cdiv(width_out, tile.block_n),
            triton.cdiv(len(signal), tile.block_m),
            triton.cdiv(width_in, tile.k_per_split),
        )
    ](
        signal,
        linear.weight,
        linear.bias,
        out,
        len(signal),
        width_in,
        width_out,
        K_PER_SPLIT=tile.k_per_split,
        BLOCK_K=tile.block_k,
        BLOCK_M=tile.block_m,
        BLOCK_N=tile.block_n,
        NUM_STAGES=tile.stages,
        HAS_BIAS=not is_split_k,
        ACTIVATION=activation_code(activation),
        **gpu.options(tile.warps),
    )


def _large_m_tile(gpu: Gpu, signal: Tensor, linear: Linear, *, is_split_k: bool) -> tile_config.LargeMTile:
    width_out, width_in = linear.weight.shape
    size = linear.weight.element_size()
    return tile_config.large_m_tile(
        len(signal), width_in, width_out, gpu.shared_memory, is_split_k=is_split_k, weight_bytes=size
    )


def _row_sums(linear: Linear, epsilon: float | None) -> Tensor:
    if epsilon is None:
        return linear.weight
    assert linear.row_sums is not None  # noqa: S101 - ``fold_layer_norm`` comes first
    return linear.row_sums


def activation_code(activation: Callable[[Tensor], Tensor] | None) -> int:
    """Return the number of an activation in the kernels."""
    assert activation is None or isinstance(activation, Activation)  # noqa: S101 - the kernels have no others
    return _ACTIVATION_CODES[activation]
