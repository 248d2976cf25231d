"""The vocoder of XTTS, HiFi-GAN, as a stream: latents of the GPT in, samples out, each computed once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch.nn import functional
from torch.nn.utils import parametrize

from voicestream.workers.engines.xtts.vocoder.hifi_gan import LAST_SLOPE, SLOPE
from voicestream.workers.engines.xtts.vocoder.streaming_layers import (
    Chain,
    Convolution,
    Interpolation,
    Mean,
    Pointwise,
    Residual,
    Upsampling,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from voicestream.workers.engines.xtts.vocoder.streaming_layers import Layer


class Vocoder:
    """Coqui's ``HifiDecoder``, read once; makes a stream for each sentence."""

    def __init__(self, decoder: nn.Module, numbers: torch.dtype) -> None:
        """Read the weights.

        Args:
            decoder: a loaded ``HifiDecoder``; its weights are changed (normalization is folded into them).
            numbers: in which it computes; the interpolation before it is always float32.
        """
        fold_weight_norm(decoder)
        self._generator = decoder.waveform_decoder.to(numbers)
        self._numbers = numbers
        self._factors = factors(decoder)

    def stream(self, speaker: Tensor, speed: float = 1.0) -> Stream:
        """A new stream in the voice of a speaker.

        Args:
            speaker: embedding, (1, 512, 1).
            speed: 2.0 = twice as fast.
        """
        generator = self._generator
        speaker = speaker.to(generator.conv_pre.weight)
        layers: list[Layer] = [] if speed == 1.0 else [Interpolation(1 / speed)]
        layers += [
            *map(Interpolation, self._factors),
            Pointwise(lambda signal: signal.to(self._numbers)),
            _convolution(generator.conv_pre),
            Pointwise(partial(torch.add, generator.cond_layer(speaker))),
        ]
        blocks = len(generator.resblocks) // len(generator.ups)
        for number, up in enumerate(generator.ups):
            layers += [_leaky(SLOPE), Upsampling(up.weight, up.bias, up.stride[0])]
            if generator.cond_in_each_up_layer:
                layers.append(Pointwise(partial(torch.add, generator.conds[number](speaker))))
            group = generator.resblocks[number * blocks : (number + 1) * blocks]
            layers.append(Mean([_residual_block(block) for block in group]))
        layers += [_leaky(LAST_SLOPE), _convolution(generator.conv_post), Pointwise(torch.tanh)]
        return Stream(Chain(layers))


class Stream:
    """The sound of one sentence."""

    def __init__(self, layers: Layer) -> None:
        self._layers = layers

    def feed(self, latents: Tensor, *, last: bool) -> Tensor:
        """The next latents, (1, steps, channels); returns the samples that are certain by now, float32, (samples,)."""
        return self._layers.feed(latents.transpose(1, 2), last=last)[0, 0].float()


def factors(decoder: nn.Module) -> list[float]:
    """Those by which latents are stretched, one after another, to become frames."""
    found: list[float] = [decoder.ar_mel_length_compression / decoder.output_hop_length]
    if decoder.output_sample_rate != decoder.input_sample_rate:
        found.append(decoder.output_sample_rate / decoder.input_sample_rate)
    return found


def fold_weight_norm(module: nn.Module) -> None:
    """Replace direction and length of each weight by the weight itself, as it is the same for every sentence."""
    for part in list(module.modules()):
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")


def _convolution(conv: nn.Conv1d) -> Convolution:
    return Convolution(conv.weight, conv.bias, conv.dilation[0])


def _residual_block(block: nn.Module) -> Chain:
    parts: list[Layer] = []
    for first, second in zip(block.convs1, block.convs2, strict=True):
        chain = Chain([_leaky(SLOPE), _convolution(first), _leaky(SLOPE), _convolution(second)])
        parts.append(Residual(chain))
    return Chain(parts)


def _leaky(slope: float) -> Pointwise:
    return Pointwise(partial(functional.leaky_relu, negative_slope=slope))
