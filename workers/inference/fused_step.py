"""Residual stream of a decoder step on an NVIDIA GPU, with fused kernels.

The time of a one-token step is dominated by the number of dependent kernels, not by their arithmetic; at best each
weight is read once. So each kernel does all work that needs no result of a later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.workers.inference import tile_config
from voicestream.workers.inference.kernel_launches import (
    add_layer_norm,
    gemv,
    large_m_linear,
    large_m_split_k,
    small_m_linear,
    small_m_split_k,
)
from voicestream.workers.inference.layers import Linear

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu, PartialSums
    from voicestream.workers.inference.layers import LinearLike, Norm
    from voicestream.workers.inference.residual_stream import ResidualStream


def residual_stream(gpu: Gpu, signal: Tensor) -> ResidualStream:
    """Return a ``ResidualStream`` over a signal, (rows, width), which is changed in place.

    The linear layers must be ``Linear``, with the preceding layer norms folded into them.
    """
    rows, width = signal.shape
    if rows == 1:
        return SingleRowStream(gpu, signal)
    fits_small_m = tile_config.fits_small_m(rows, width, gpu.shared_memory, weight_bytes=signal.element_size())
    return SmallBatchStream(gpu, signal) if fits_small_m else LargeBatchStream(gpu, signal)


def multiply(gpu: Gpu, signal: Tensor, linear: Linear) -> Tensor:
    """Apply a linear layer to a signal, (rows, in), in the dtype of the weights (one row: in any): (rows, out)."""
    return gemv(gpu, signal, linear) if len(signal) == 1 else large_m_linear(gpu, signal, linear)


class SingleRowStream:
    """``ResidualStream`` of one row: each matrix product is one kernel, with norm, bias, activation and add."""

    def __init__(self, gpu: Gpu, signal: Tensor) -> None:
        self._gpu = gpu
        self._signal = signal

    def norm_linear(
        self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """See ``ResidualStream``."""
        return gemv(self._gpu, self._signal, _checked(linear), epsilon=norm.epsilon, activation=activation)

    def add(self, linear: LinearLike, hidden: Tensor) -> None:
        """See ``ResidualStream``."""
        gemv(self._gpu, hidden, _checked(linear), residual=self._signal)

    def final_norm(self, norm: Norm) -> Tensor:
        """See ``ResidualStream``."""
        return add_layer_norm(self._gpu, self._signal, epsilon=norm.epsilon, norm=norm)


class SmallBatchStream:
    """``ResidualStream`` of few rows: products with a large K are split-K, and added by a kernel of their own."""

    def __init__(self, gpu: Gpu, signal: Tensor) -> None:
        self._gpu = gpu
        self._signal = signal
        self._pending: PartialSums | None = None

    def norm_linear(
        self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """See ``ResidualStream``."""
        self._flush()
        return small_m_linear(self._gpu, self._signal, _checked(linear), epsilon=norm.epsilon, activation=activation)

    def add(self, linear: LinearLike, hidden: Tensor) -> None:
        """See ``ResidualStream``."""
        self._flush()
        if hidden.shape[1] > tile_config.FULL_K:
            self._pending = small_m_split_k(self._gpu, hidden, _checked(linear))
        else:
            small_m_linear(self._gpu, hidden, _checked(linear), residual=self._signal)

    def final_norm(self, norm: Norm) -> Tensor:
        """See ``ResidualStream``."""
        partial_sums, self._pending = self._pending, None
        return add_layer_norm(self._gpu, self._signal, partial_sums, epsilon=norm.epsilon, norm=norm)

    def _flush(self) -> None:
        if self._pending is not None:
            add_layer_norm(self._gpu, self._signal, self._pending)
            self._pending = None


class LargeBatchStream:
    """``ResidualStream`` of many rows: each sublayer output is split-K, and added together with the next norm."""

    def __init__(self, gpu: Gpu, signal: Tensor) -> None:
        self._gpu = gpu
        self._signal = signal
        self._pending: PartialSums | None = None

    def norm_linear(
        self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """See ``ResidualStream``."""
        layer = _checked(linear)
        hidden = add_layer_norm(
            self._gpu, self._signal, self._take_pending(), epsilon=norm.epsilon, dtype=layer.weight.dtype
        )
        return large_m_linear(self._gpu, hidden, layer, activation=activation)

    def add(self, linear: LinearLike, hidden: Tensor) -> None:
        """See ``ResidualStream``."""
        before = self._take_pending()
        if before is not None:
            add_layer_norm(self._gpu, self._signal, before)
        self._pending = large_m_split_k(self._gpu, hidden, _checked(linear))

    def final_norm(self, norm: Norm) -> Tensor:
        """See ``ResidualStream``."""
        return add_layer_norm(self._gpu, self._signal, self._take_pending(), epsilon=norm.epsilon, norm=norm)

    def _take_pending(self) -> PartialSums | None:
        """Return the pending partial sums, and clear them."""
        partial_sums, self._pending = self._pending, None
        return partial_sums


def _checked(linear: LinearLike) -> Linear:
    assert isinstance(linear, Linear)  # noqa: S101 - required by ``residual_stream``
    return linear
