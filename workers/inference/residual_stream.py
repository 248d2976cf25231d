"""The signal that passes through the layers of a step, each of which adds to it: the plain way, with torch alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.layers import LinearLike, Norm


class Stream(Protocol):
    """The signal of one step, from its first layer to its last."""

    def normed(self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """What a linear layer makes of the signal behind a norm: (…, out)."""
        ...

    def add(self, linear: LinearLike, heard: Tensor) -> None:
        """Add what a linear layer makes of something: (…, in)."""
        ...

    def finished(self, norm: Norm) -> Tensor:
        """The signal behind a last norm: (…, width)."""
        ...


class PlainStream:
    """A ``Stream``."""

    def __init__(self, signal: Tensor) -> None:
        self._signal = signal

    def normed(self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """As ``Stream`` says."""
        made = linear(norm(self._signal))
        return made if activation is None else activation(made)

    def add(self, linear: LinearLike, heard: Tensor) -> None:
        """As ``Stream`` says."""
        self._signal = self._signal + linear(heard)

    def finished(self, norm: Norm) -> Tensor:
        """As ``Stream`` says."""
        return norm(self._signal)
