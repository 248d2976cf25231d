"""Compares the kernels of the vocoder, in Triton's interpreter, with what torch makes of the same: a program.

Prints the largest difference of each, and that of a row among others and alone; TRITON_INTERPRET=1 must be set.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch

from helpers.kernels import interpretation
from helpers.kernels.guarded import guarded
from helpers.kernels.plain_kernels import PlainKernels
from voicestream.workers.engines.xtts.vocoder import tile_config
from voicestream.workers.engines.xtts.vocoder.fused import ConvolutionGroup
from voicestream.workers.engines.xtts.vocoder.kernel_launches import TritonKernels
from voicestream.workers.engines.xtts.vocoder.tile_config import ConvolutionTile

if TYPE_CHECKING:
    from torch import Tensor

SMALL = ConvolutionTile(32, 16, 16, 4, 2)
"""Several tiles in each direction, the last of them not full."""

ROWS = 2


class Interpreted:
    """A ``Gpu``."""

    shared_memory = 1 << 20


def random(*sizes: int) -> Tensor:
    """Numbers with a margin of none."""
    return guarded(torch.randn(*sizes))


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest; NaN if there is any."""
    assert found.shape == expected.shape
    return (found - expected).abs().max().item()


def main() -> None:
    """Compare all that a window needs."""
    interpretation.shorten()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tile_config.choose = lambda *_, **__: SMALL
    own, plain = TritonKernels(Interpreted()), PlainKernels()
    for taps, given, dilation in itertools.product(((3,), (7, 5, 3)), (1, 3), (1, 5)):
        slope, goes_around = 0.1 if dilation == 1 else 1.0, given < 3 or dilation > 1
        signals = random(given, ROWS, 45, 32)
        layer = ConvolutionGroup(random(sum(taps), 32, 32), taps, dilation)
        # The bias of a speaker is a part of a longer one.
        bias = random(ROWS, 1, 40)[:, :, 8:24] if len(taps) == 1 else random(1, len(taps), 32)
        around = random(given if len(taps) > 1 else 1, ROWS, 45, 32) if goes_around else None
        found, expected = (kernels.convolve(signals, layer, bias, slope, around) for kernels in (own, plain))
        print(taps, given, dilation, goes_around, slope, difference(found, expected))
        if given < dilation:
            row_bias = bias[1:] if len(bias) > 1 else bias
            row_around = None if around is None else around[:, 1:].contiguous()
            alone = own.convolve(signals[:, 1:].contiguous(), layer, row_bias, slope, row_around)
            print("alone", difference(found[:, 1:], alone))
    for summed in (1, 3):
        signals, weight = random(summed, ROWS, 300, 32), random(7, 32) / 10
        found, expected = (kernels.finish(signals, weight, 0.01) for kernels in (own, plain))
        print("finish", summed, difference(found, expected))
        print("alone", difference(found[1:], own.finish(signals[:, 1:].contiguous(), weight, 0.01)))
    for positions in (19, 34):
        weights, latents = random(ROWS, 45, positions), random(ROWS, positions, 128)
        found, expected = (kernels.interpolate(weights, latents, torch.float32) for kernels in (own, plain))
        print("interpolate", positions, difference(found, expected))
        print("alone", difference(found[1:], own.interpolate(weights[1:].clone(), latents[1:].clone(), torch.float32)))


if __name__ == "__main__":
    main()
