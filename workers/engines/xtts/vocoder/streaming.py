"""Streaming HiFi-GAN vocoder of XTTS: latents in, samples out, nothing computed twice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch.nn import functional
from torch.nn.utils import parametrize

from voicestream.workers.engines.xtts.vocoder.hifi_gan import LAST_SLOPE, SLOPE
from voicestream.workers.engines.xtts.vocoder.streaming_layers import (
    Chain,
    Interpolation,
    Mean,
    Pointwise,
    Residual,
    StreamingConvolution,
    StreamingUpsampling,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from voicestream.workers.engines.xtts.vocoder.streaming_layers import StreamingLayer


class StreamingVocoder:
    """Vocoder with streaming layers, from coqui's ``HifiDecoder``."""

    def __init__(self, decoder: nn.Module, dtype: torch.dtype) -> None:
        """Take the weights.

        Args:
            decoder: a loaded ``HifiDecoder``; weight normalization is folded into its weights.
            dtype: of the network; the interpolation before it is always float32.
        """
        fold_weight_norm(decoder)
        self._generator = decoder.waveform_decoder.to(dtype)
        self._dtype = dtype
        self._factors = interpolation_factors(decoder)

    def stream(self, speaker: Tensor, speed: float = 1.0) -> VocoderStream:
        """Return a new stream for a sentence.

        Args:
            speaker: embedding, (1, 512, 1).
            speed: 2.0: twice as fast.
        """
        generator = self._generator
        speaker = speaker.to(generator.conv_pre.weight)
        layers: list[StreamingLayer] = [] if speed == 1.0 else [Interpolation(1 / speed)]
        layers += [
            *map(Interpolation, self._factors),
            Pointwise(lambda signal: signal.to(self._dtype)),
            _convolution(generator.conv_pre),
            Pointwise(partial(torch.add, generator.cond_layer(speaker))),
        ]
        blocks = len(generator.resblocks) // len(generator.ups)
        for number, up in enumerate(generator.ups):
            layers += [_leaky(SLOPE), StreamingUpsampling(up.weight, up.bias, up.stride[0])]
            if generator.cond_in_each_up_layer:
                layers.append(Pointwise(partial(torch.add, generator.conds[number](speaker))))
            group = generator.resblocks[number * blocks : (number + 1) * blocks]
            layers.append(Mean([_residual_block(block) for block in group]))
        layers += [_leaky(LAST_SLOPE), _convolution(generator.conv_post), Pointwise(torch.tanh)]
        return VocoderStream(Chain(layers))

    def compute(self, requests: Sequence[tuple[VocoderStream, Tensor, bool]]) -> list[NDArray[np.float32]]:
        """Process the next latents of several streams, each at most once.

        Args:
            requests: stream, its latents, (latents, channels), and whether they are its last ones.

        Returns:
            The determined samples of each.
        """
        samples = [stream.feed(latents[None], last=last) for stream, latents, last in requests]
        return [each.cpu().numpy() for each in samples]


class VocoderStream:
    """Stream of one sentence."""

    def __init__(self, layers: StreamingLayer) -> None:
        self._layers = layers

    def feed(self, latents: Tensor, *, last: bool) -> Tensor:
        """Process the next latents, (1, steps, channels); return the determined samples, float32, (samples,)."""
        return self._layers.feed(latents.transpose(1, 2), last=last)[0, 0].float()


def interpolation_factors(decoder: nn.Module) -> list[float]:
    """Return the consecutive interpolation factors from latents to frames."""
    found: list[float] = [decoder.ar_mel_length_compression / decoder.output_hop_length]
    if decoder.output_sample_rate != decoder.input_sample_rate:
        found.append(decoder.output_sample_rate / decoder.input_sample_rate)
    return found


def fold_weight_norm(module: nn.Module) -> None:
    """Fold weight normalization into plain weights, in place."""
    for submodule in list(module.modules()):
        if parametrize.is_parametrized(submodule, "weight"):
            parametrize.remove_parametrizations(submodule, "weight")


def _convolution(conv: nn.Conv1d) -> StreamingConvolution:
    return StreamingConvolution(conv.weight, conv.bias, conv.dilation[0])


def _residual_block(block: nn.Module) -> Chain:
    residuals: list[StreamingLayer] = []
    for first, second in zip(block.convs1, block.convs2, strict=True):
        chain = Chain([_leaky(SLOPE), _convolution(first), _leaky(SLOPE), _convolution(second)])
        residuals.append(Residual(chain))
    return Chain(residuals)


def _leaky(slope: float) -> Pointwise:
    return Pointwise(partial(functional.leaky_relu, negative_slope=slope))
