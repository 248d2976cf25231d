"""Residual stream of a step over slots: the result of a row does not depend on the number of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.workers.inference.kernel_launches import (
    add_layer_norm,
    large_m_linear,
    large_m_split_k,
    small_m_linear,
    small_m_split_k,
)
from voicestream.workers.inference.layers import Linear
from voicestream.workers.inference.slots.launches import narrow_linear
from voicestream.workers.inference.slots.row_tiles import NarrowTile, row_tiles
from voicestream.workers.inference.tile_config import SmallMTile

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu, PartialSums
    from voicestream.workers.inference.layers import LinearLike, Norm


class SlotStream:
    """``ResidualStream`` over a signal, (rows, width), which is changed in place.

    The linear layers must be ``Linear``, with the preceding layer norms folded into them. Each sublayer output is a set
    of partial sums, which are added together with the next norm.
    """

    def __init__(self, gpu: Gpu, signal: Tensor, *, weight_bytes: int) -> None:
        self._gpu = gpu
        self._signal = signal
        self._pending: PartialSums | None = None
        rows, width = signal.shape
        self._tiles = row_tiles(rows, width, gpu.shared_memory, weight_bytes=weight_bytes)

    def norm_linear(
        self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """See ``ResidualStream``."""
        assert isinstance(linear, Linear)  # noqa: S101 - required by this class
        hidden = add_layer_norm(
            self._gpu, self._signal, self._take_pending(), epsilon=norm.epsilon, dtype=linear.weight.dtype
        )
        return self.multiply(hidden, linear, activation)

    def multiply(self, hidden: Tensor, linear: Linear, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Apply a linear layer and an activation to a signal in the dtype of the weights: (rows, out)."""
        tile = self._tiles.product
        if isinstance(tile, NarrowTile):
            return narrow_linear(self._gpu, hidden, linear, tile, activation=activation)
        if isinstance(tile, SmallMTile):
            return small_m_linear(self._gpu, hidden, linear, activation=activation, tile=tile)
        return large_m_linear(self._gpu, hidden, linear, activation=activation, tile=tile)

    def add(self, linear: LinearLike, hidden: Tensor) -> None:
        """See ``ResidualStream``."""
        assert isinstance(linear, Linear)  # noqa: S101 - required by this class
        before = self._take_pending()
        if before is not None:
            add_layer_norm(self._gpu, self._signal, before)
        tile = self._tiles.partial
        if isinstance(tile, SmallMTile):
            self._pending = small_m_split_k(self._gpu, hidden, linear, tile)
        else:
            self._pending = large_m_split_k(self._gpu, hidden, linear, tile)

    def final_norm(self, norm: Norm) -> Tensor:
        """See ``ResidualStream``."""
        return add_layer_norm(self._gpu, self._signal, self._take_pending(), epsilon=norm.epsilon, norm=norm)

    def _take_pending(self) -> PartialSums | None:
        """Return the pending partial sums, and clear them."""
        partial_sums, self._pending = self._pending, None
        return partial_sums
