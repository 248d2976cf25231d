"""Starts the kernels of the vocoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch

from voicestream.workers.engines.xtts.vocoder import kernels, tile_config

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.fused import Layer
    from voicestream.workers.inference.kernel_launches import Gpu

_KERNELS: Final[Any] = kernels
"""Triton has no types."""

_LAST_STEPS: Final = 64
"""Samples a program."""


class Launches:
    """``Kernels`` of a GPU."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu

    def convolve(
        self, signals: Tensor, layer: Layer, bias: Tensor, slope: float, around: Tensor | None = None
    ) -> Tensor:
        """As ``Kernels`` says."""
        given, steps, channels = signals.shape
        count = len(layer.taps)
        outputs = layer.weight.shape[2]
        summed = given if count == 1 else 1
        taps = (*layer.taps, 0, 0)
        tile = tile_config.choose(
            channels,
            outputs,
            summed=summed,
            memory=self._gpu.shared_memory,
            number_bytes=signals.element_size(),
        )
        out = torch.empty((count, steps, outputs), dtype=signals.dtype, device=signals.device)
        _KERNELS.convolve[(-(-steps // tile.steps), outputs // tile.outputs, count)](
            signals,
            steps * channels if given > 1 else 0,
            layer.weight,
            bias,
            out if around is None else around,
            steps * outputs if around is not None and len(around) > 1 else 0,
            out,
            steps,
            layer.dilation,
            CHANNELS=channels,
            OUTPUTS=outputs,
            BIASES=bias.shape[-1],
            TAPS_0=taps[0],
            TAPS_1=taps[1],
            TAPS_2=taps[2],
            SUMMED=summed,
            SLOPE=slope,
            GOES_AROUND=around is not None,
            STEPS=tile.steps,
            TO=tile.outputs,
            FROM=tile.channels,
            num_warps=tile.warps,
            num_stages=tile.stages,
        )
        return out

    def finish(self, signals: Tensor, weight: Tensor, slope: float) -> Tensor:
        """As ``Kernels`` says."""
        summed, steps, channels = signals.shape
        out = torch.empty((steps,), dtype=torch.float32, device=signals.device)
        _KERNELS.finish[(-(-steps // _LAST_STEPS),)](
            signals,
            steps * channels,
            weight,
            out,
            steps,
            CHANNELS=channels,
            TAPS=len(weight),
            SUMMED=summed,
            SLOPE=slope,
            STEPS=_LAST_STEPS,
            num_warps=4,
        )
        return out
