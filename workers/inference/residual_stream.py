"""Residual stream of a transformer step, and its implementation in torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.layers import LinearLike, Norm


class ResidualStream(Protocol):
    """Residual stream of one step, from its first layer to its last."""

    def norm_linear(
        self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """Apply a norm and a linear layer: (…, out)."""
        ...

    def add(self, linear: LinearLike, hidden: Tensor) -> None:
        """Add the output of a linear layer for a sublayer output, (…, in)."""
        ...

    def final_norm(self, norm: Norm) -> Tensor:
        """Return the residual stream after the last norm: (…, width)."""
        ...


class TorchResidualStream:
    """``ResidualStream`` in torch."""

    def __init__(self, signal: Tensor) -> None:
        self._signal = signal

    def norm_linear(
        self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """See ``ResidualStream``."""
        out = linear(norm(self._signal))
        return out if activation is None else activation(out)

    def add(self, linear: LinearLike, hidden: Tensor) -> None:
        """See ``ResidualStream``."""
        self._signal = self._signal + linear(hidden)

    def final_norm(self, norm: Norm) -> Tensor:
        """See ``ResidualStream``."""
        return norm(self._signal)
