"""The step of a decoder on an NVIDIA GPU, with few kernels: what ``PlainStream`` does.

A step of one token takes as long as there are kernels, each waiting for the one in front of it, far more than what
they compute; at best it reads each weight once. So each kernel does all that can be done before the next has to wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.workers.inference import tile_config
from voicestream.workers.inference.kernel_launches import (
    few_rows,
    few_rows_shared,
    many_rows,
    many_rows_shared,
    one_row,
    settle,
)
from voicestream.workers.inference.layers import Linear

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu, Summands
    from voicestream.workers.inference.layers import LinearLike, Norm
    from voicestream.workers.inference.residual_stream import Stream


def stream(gpu: Gpu, signal: Tensor) -> Stream:
    """A ``Stream`` that begins with a signal, (rows, width), and changes it.

    The linear layers must be ``Linear``, with the norms in front of them folded into them.
    """
    rows, width = signal.shape
    if rows == 1:
        return OneRow(gpu, signal)
    is_few = tile_config.is_few(rows, width, gpu.shared_memory, weight_bytes=signal.element_size())
    return FewRows(gpu, signal) if is_few else ManyRows(gpu, signal)


def multiply(gpu: Gpu, signal: Tensor, linear: Linear) -> Tensor:
    """A layer alone, for a signal (rows, in) in numbers of the weights, or one row in any: (rows, out)."""
    return one_row(gpu, signal, linear) if len(signal) == 1 else many_rows(gpu, signal, linear)


class OneRow:
    """A ``Stream`` of one row: each matrix is one kernel, with all that stands around it."""

    def __init__(self, gpu: Gpu, signal: Tensor) -> None:
        self._gpu = gpu
        self._signal = signal

    def normed(self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """As ``Stream`` says."""
        return one_row(self._gpu, self._signal, _own(linear), epsilon=norm.epsilon, activation=activation)

    def add(self, linear: LinearLike, heard: Tensor) -> None:
        """As ``Stream`` says."""
        one_row(self._gpu, heard, _own(linear), added_to=self._signal)

    def finished(self, norm: Norm) -> Tensor:
        """As ``Stream`` says."""
        return settle(self._gpu, self._signal, epsilon=norm.epsilon, norm=norm)


class FewRows:
    """A ``Stream`` of some rows: likewise, but wide products come in shares, which are summed before they are used."""

    def __init__(self, gpu: Gpu, signal: Tensor) -> None:
        self._gpu = gpu
        self._signal = signal
        self._summands: Summands | None = None

    def normed(self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """As ``Stream`` says."""
        self._settle()
        return few_rows(self._gpu, self._signal, _own(linear), epsilon=norm.epsilon, activation=activation)

    def add(self, linear: LinearLike, heard: Tensor) -> None:
        """As ``Stream`` says."""
        self._settle()
        if heard.shape[1] > tile_config.WHOLE:
            self._summands = few_rows_shared(self._gpu, heard, _own(linear))
        else:
            few_rows(self._gpu, heard, _own(linear), added_to=self._signal)

    def finished(self, norm: Norm) -> Tensor:
        """As ``Stream`` says."""
        summands, self._summands = self._summands, None
        return settle(self._gpu, self._signal, summands, epsilon=norm.epsilon, norm=norm)

    def _settle(self) -> None:
        if self._summands is not None:
            settle(self._gpu, self._signal, self._summands)
            self._summands = None


class ManyRows:
    """A ``Stream`` of more rows: all that is added comes in shares, which are summed together with the next norm."""

    def __init__(self, gpu: Gpu, signal: Tensor) -> None:
        self._gpu = gpu
        self._signal = signal
        self._summands: Summands | None = None

    def normed(self, norm: Norm, linear: LinearLike, activation: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """As ``Stream`` says."""
        layer = _own(linear)
        heard = settle(self._gpu, self._signal, self._taken(), epsilon=norm.epsilon, numbers=layer.weight.dtype)
        return many_rows(self._gpu, heard, layer, activation=activation)

    def add(self, linear: LinearLike, heard: Tensor) -> None:
        """As ``Stream`` says."""
        before = self._taken()
        if before is not None:
            settle(self._gpu, self._signal, before)
        self._summands = many_rows_shared(self._gpu, heard, _own(linear))

    def finished(self, norm: Norm) -> Tensor:
        """As ``Stream`` says."""
        return settle(self._gpu, self._signal, self._taken(), epsilon=norm.epsilon, norm=norm)

    def _taken(self) -> Summands | None:
        """What is to be added, which it is only once."""
        summands, self._summands = self._summands, None
        return summands


def _own(linear: LinearLike) -> Linear:
    assert isinstance(linear, Linear)  # noqa: S101 - ``stream`` says so
    return linear
