"""Compares the kernels of the vocoder, in Triton's interpreter, with what torch makes of the same: a program.

Prints the largest difference of each; TRITON_INTERPRET=1 must be set.
"""

from __future__ import annotations

import itertools

import torch

from helpers.kernels.plain_kernels import PlainKernels
from voicestream.workers.engines.xtts.vocoder import tile_config
from voicestream.workers.engines.xtts.vocoder.fused import ConvolutionGroup
from voicestream.workers.engines.xtts.vocoder.kernel_launches import TritonKernels
from voicestream.workers.engines.xtts.vocoder.tile_config import ConvolutionTile

SMALL = ConvolutionTile(32, 16, 16, 4, 2)
"""Several tiles in each direction, the last of them not full."""


class Interpreted:
    """A ``Gpu``."""

    shared_memory = 1 << 20


def main() -> None:
    """Compare all that a window needs."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tile_config.choose = lambda *_, **__: SMALL
    own, plain = TritonKernels(Interpreted()), PlainKernels()
    for taps, given, dilation, goes_around in itertools.product(((3,), (7, 5, 3)), (1, 3), (1, 5), (False, True)):
        signals = torch.randn(given, 45, 32)
        layer = ConvolutionGroup(torch.randn(sum(taps), 32, 48), taps, dilation)
        bias = torch.randn(len(taps), 24 if len(taps) == 1 else 48)
        around = torch.randn(given if len(taps) > 1 else 1, 45, 48) if goes_around else None
        for slope in (0.1, 1.0):
            found, expected = (kernels.convolve(signals, layer, bias, slope, around) for kernels in (own, plain))
            print(taps, given, dilation, goes_around, slope, (found - expected).abs().max().item())
    for summed in (1, 3):
        signals, weight = torch.randn(summed, 300, 32), torch.randn(7, 32) / 10
        found, expected = (kernels.finish(signals, weight, 0.01) for kernels in (own, plain))
        print("finish", summed, (found - expected).abs().max().item())


if __name__ == "__main__":
    main()
