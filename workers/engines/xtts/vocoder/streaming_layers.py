"""The layers of a vocoder, fed piece by piece: each one keeps what its next piece needs, and computes nothing twice.

Whatever the pieces, the outputs joined are those of the whole signal at once, up to rounding. A layer that looks ahead
answers later: what it has not enough of yet comes with the next piece, or at the end.

Signals are tensors of shape (1, channels, steps); a piece may have no steps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional

from voicestream.workers.engines.xtts.vocoder.interpolation import certain, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


class Layer(Protocol):
    """One layer, for one signal: fed until its last piece, then never again."""

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:
        """The next piece of the input; returns what of the output is certain by now."""
        ...


class Convolution:
    """``Conv1d`` with stride 1 and as much zero padding as keeps the length."""

    def __init__(self, weight: Tensor, bias: Tensor | None, dilation: int = 1) -> None:
        """``weight``: (out channels, in channels, odd kernel size)."""
        self._weight = weight
        self._bias = bias
        self._dilation = dilation
        reach = (weight.shape[2] - 1) * dilation
        self._padding = weight.new_zeros(1, weight.shape[1], reach // 2)
        self._kept = self._padding
        self._reach = reach

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:
        """As ``Layer`` says."""
        signal = torch.cat([self._kept, piece, self._padding] if last else [self._kept, piece], 2)
        if signal.shape[2] <= self._reach:
            self._kept = signal
            return signal.new_zeros(1, self._weight.shape[0], 0)
        self._kept = signal[:, :, signal.shape[2] - self._reach :]
        return functional.conv1d(signal, self._weight, self._bias, dilation=self._dilation)


class Upsampling:
    """``ConvTranspose1d`` that makes ``stride`` steps of one."""

    def __init__(self, weight: Tensor, bias: Tensor | None, stride: int) -> None:
        """``weight``: (in channels, out channels, kernel size), the size by an even number greater than the stride."""
        self._weight = weight
        self._bias = None if bias is None else bias[None, :, None]
        self._stride = stride
        self._overlap = weight.shape[2] - stride
        self._kept = weight.new_zeros(1, weight.shape[1], self._overlap)
        """What the steps so far add to the outputs after them."""
        self._to_cut = self._overlap // 2
        """Outputs at the very beginning that are padding."""

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:
        """As ``Layer`` says."""
        if piece.shape[2]:
            made = functional.conv_transpose1d(piece, self._weight, stride=self._stride)
            made[:, :, : self._overlap] += self._kept
        else:
            made = self._kept
        end = made.shape[2] - (self._overlap // 2 if last else self._overlap)
        self._kept = made[:, :, made.shape[2] - self._overlap :].clone()
        begin = min(self._to_cut, end)
        self._to_cut -= begin
        out = made[:, :, begin:end]
        return out if self._bias is None else out + self._bias


class Residual:
    """A signal to which what a chain of layers makes of it is added."""

    def __init__(self, chain: Layer) -> None:
        self._chain = chain
        self._waiting: Tensor | None = None

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:
        """As ``Layer`` says."""
        waiting = piece if self._waiting is None else torch.cat([self._waiting, piece], 2)
        made = self._chain.feed(piece, last=last)
        steps = made.shape[2]
        self._waiting = waiting[:, :, steps:]
        return made + waiting[:, :, :steps]


class Mean:
    """The mean of what several layers make of one signal."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._waiting: list[Tensor] | None = None

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:
        """As ``Layer`` says."""
        made = [layer.feed(piece, last=last) for layer in self._layers]
        if self._waiting is not None:
            made = [torch.cat(pair, 2) for pair in zip(self._waiting, made, strict=True)]
        steps = min(part.shape[2] for part in made)
        self._waiting = [part[:, :, steps:] for part in made]
        total = made[0][:, :, :steps]
        for part in made[1:]:
            total = total + part[:, :, :steps]
        return total / len(made)


class Pointwise:
    """A function of each value."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self._function = function

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:  # noqa: ARG002 - a layer that keeps nothing
        """As ``Layer`` says."""
        return self._function(piece)


class Chain:
    """Layers one after another."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:
        """As ``Layer`` says."""
        for layer in self._layers:
            piece = layer.feed(piece, last=last)
        return piece


class Interpolation:
    """``interpolate(mode="linear")`` by a factor: output ``j`` lies at ``(j + 0.5) / factor - 0.5`` of the input."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._step = 1 / factor
        self._kept: Tensor | None = None
        self._kept_from = 0
        """Index in the whole input of the first step that is kept."""
        self._made = 0

    def feed(self, piece: Tensor, *, last: bool) -> Tensor:
        """As ``Layer`` says."""
        signal = piece if self._kept is None else torch.cat([self._kept, piece], 2)
        there = self._kept_from + signal.shape[2]
        end = whole(there, self._factor) if last else max(self._made, certain(there, self._factor))
        # The same arithmetic as torch's, in its precision: where a position is almost whole, it decides.
        at = ((torch.arange(self._made, end, dtype=torch.float32) + 0.5) * self._step - 0.5).clamp(min=0)
        left = at.floor()
        share = (at - left).to(signal)
        first = left.long() - self._kept_from
        second = (first + 1).clamp(max=signal.shape[2] - 1)
        first, second = first.to(signal.device), second.to(signal.device)
        made = signal[:, :, first] * (1 - share) + signal[:, :, second] * share
        self._made = end
        keep = max(0, math.floor((end + 0.5) * self._step - 0.5) - 1 - self._kept_from)
        keep = min(keep, signal.shape[2])
        self._kept = signal[:, :, keep:]
        self._kept_from += keep
        return made
