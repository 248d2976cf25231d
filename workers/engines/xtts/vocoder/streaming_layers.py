"""Streaming neural network layers: each keeps the state that its next chunk needs, and computes nothing twice.

However the signal is chunked, the concatenated outputs are those of the whole signal, up to rounding. A layer with
lookahead delays its output until it has enough input, or until the end.

Signals have the shape (1, channels, steps); a chunk may have no steps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional

from voicestream.workers.engines.xtts.vocoder.interpolation import complete_outputs, determined_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor


class StreamingLayer(Protocol):
    """Stateful layer for one signal; it cannot be reused after the last chunk."""

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:
        """Process the next chunk; return the determined output."""
        ...


class StreamingConvolution:
    """``Conv1d`` with stride 1 and "same" zero padding."""

    def __init__(self, weight: Tensor, bias: Tensor | None, dilation: int = 1) -> None:
        """``weight``: (out channels, in channels, odd kernel size)."""
        self._weight = weight
        self._bias = bias
        self._dilation = dilation
        context = (weight.shape[2] - 1) * dilation
        self._padding = weight.new_zeros(1, weight.shape[1], context // 2)
        self._buffer = self._padding
        self._context = context

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:
        """See ``StreamingLayer``."""
        signal = torch.cat([self._buffer, chunk, self._padding] if last else [self._buffer, chunk], 2)
        if signal.shape[2] <= self._context:
            self._buffer = signal
            return signal.new_zeros(1, self._weight.shape[0], 0)
        self._buffer = signal[:, :, signal.shape[2] - self._context :]
        return functional.conv1d(signal, self._weight, self._bias, dilation=self._dilation)


class StreamingUpsampling:
    """``ConvTranspose1d`` with overlap-add."""

    def __init__(self, weight: Tensor, bias: Tensor | None, stride: int) -> None:
        """``weight``: (in channels, out channels, kernel size); kernel size minus stride must be even."""
        self._weight = weight
        self._bias = None if bias is None else bias[None, :, None]
        self._stride = stride
        self._overlap = weight.shape[2] - stride
        self._buffer = weight.new_zeros(1, weight.shape[1], self._overlap)
        """Overlap of the steps so far with later outputs."""
        self._to_cut = self._overlap // 2
        """Outputs to cut at the beginning, which are padding."""

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:
        """See ``StreamingLayer``."""
        if chunk.shape[2]:
            out = functional.conv_transpose1d(chunk, self._weight, stride=self._stride)
            out[:, :, : self._overlap] += self._buffer
        else:
            out = self._buffer
        end = out.shape[2] - (self._overlap // 2 if last else self._overlap)
        self._buffer = out[:, :, out.shape[2] - self._overlap :].clone()
        begin = min(self._to_cut, end)
        self._to_cut -= begin
        out = out[:, :, begin:end]
        return out if self._bias is None else out + self._bias


class Residual:
    """Residual connection around a chain of layers."""

    def __init__(self, chain: StreamingLayer) -> None:
        self._chain = chain
        self._pending: Tensor | None = None

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:
        """See ``StreamingLayer``."""
        pending = chunk if self._pending is None else torch.cat([self._pending, chunk], 2)
        out = self._chain.feed(chunk, last=last)
        steps = out.shape[2]
        self._pending = pending[:, :, steps:]
        return out + pending[:, :, :steps]


class Mean:
    """Mean of the outputs of several layers."""

    def __init__(self, layers: Sequence[StreamingLayer]) -> None:
        self._layers = layers
        self._pending: list[Tensor] | None = None

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:
        """See ``StreamingLayer``."""
        out = [layer.feed(chunk, last=last) for layer in self._layers]
        if self._pending is not None:
            out = [torch.cat(pair, 2) for pair in zip(self._pending, out, strict=True)]
        steps = min(part.shape[2] for part in out)
        self._pending = [part[:, :, steps:] for part in out]
        total = out[0][:, :, :steps]
        for part in out[1:]:
            total = total + part[:, :, :steps]
        return total / len(out)


class Pointwise:
    """Element-wise function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self._function = function

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:  # noqa: ARG002 - stateless
        """See ``StreamingLayer``."""
        return self._function(chunk)


class Chain:
    """Sequence of layers."""

    def __init__(self, layers: Sequence[StreamingLayer]) -> None:
        self._layers = layers

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:
        """See ``StreamingLayer``."""
        for layer in self._layers:
            chunk = layer.feed(chunk, last=last)
        return chunk


class Interpolation:
    """``interpolate(mode="linear")``: output ``j`` is at position ``(j + 0.5) / factor - 0.5`` of the input."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._step = 1 / factor
        self._buffer: Tensor | None = None
        self._buffer_start = 0
        """Index of the first buffered step in the whole input."""
        self._done = 0

    def feed(self, chunk: Tensor, *, last: bool) -> Tensor:
        """See ``StreamingLayer``."""
        signal = chunk if self._buffer is None else torch.cat([self._buffer, chunk], 2)
        available = self._buffer_start + signal.shape[2]
        end = (
            complete_outputs(available, self._factor)
            if last
            else max(self._done, determined_outputs(available, self._factor))
        )
        # Torch's float32 arithmetic: its rounding decides for positions that are almost integers.
        positions = ((torch.arange(self._done, end, dtype=torch.float32) + 0.5) * self._step - 0.5).clamp(min=0)
        left = positions.floor()
        fraction = (positions - left).to(signal)
        first = left.long() - self._buffer_start
        second = (first + 1).clamp(max=signal.shape[2] - 1)
        first, second = first.to(signal.device), second.to(signal.device)
        out = signal[:, :, first] * (1 - fraction) + signal[:, :, second] * fraction
        self._done = end
        keep = max(0, math.floor((end + 0.5) * self._step - 0.5) - 1 - self._buffer_start)
        keep = min(keep, signal.shape[2])
        self._buffer = signal[:, :, keep:]
        self._buffer_start += keep
        return out
