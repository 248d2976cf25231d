"""Launches of the Triton kernels of the vocoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch

from voicestream.workers.engines.xtts.vocoder import kernels, tile_config

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.fused import ConvolutionGroup
    from voicestream.workers.inference.kernel_launches import Gpu

_KERNELS: Final[Any] = kernels
"""Kernels of Triton have no types."""

_LAST_STEPS: Final = 64
"""Samples per program."""

_INTERPOLATION: Final = {"BLOCK_FRAMES": 16, "BLOCK_CHANNELS": 64, "BLOCK_POSITIONS": 32}
"""Tile of the interpolation. A window has 19 to 49 latents."""


class TritonKernels:
    """``VocoderKernels`` in Triton."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu

    def interpolate(self, weights: Tensor, latents: Tensor, dtype: torch.dtype) -> Tensor:
        """See ``VocoderKernels``."""
        rows, frames, positions = weights.shape
        channels = latents.shape[2]
        out = torch.empty((rows, frames, channels), dtype=dtype, device=latents.device)
        tile = _INTERPOLATION
        grid = -(-frames // tile["BLOCK_FRAMES"]), channels // tile["BLOCK_CHANNELS"], rows
        _KERNELS.interpolate[grid](weights, latents, out, frames, positions, CHANNELS=channels, **tile, num_warps=4)
        return out

    def convolve(
        self, signals: Tensor, layer: ConvolutionGroup, bias: Tensor, slope: float, residual: Tensor | None = None
    ) -> Tensor:
        """See ``VocoderKernels``."""
        inputs, rows, steps, channels = signals.shape
        count = len(layer.kernel_sizes)
        outputs = layer.weight.shape[2]
        summed = inputs if count == 1 else 1
        kernel_sizes = (*layer.kernel_sizes, 0, 0)
        tile = tile_config.choose(
            channels,
            outputs,
            summed=summed,
            memory=self._gpu.shared_memory,
            element_bytes=signals.element_size(),
        )
        out = torch.empty((count, rows, steps, outputs), dtype=signals.dtype, device=signals.device)
        _KERNELS.convolve[(-(-steps // tile.steps), outputs // tile.outputs, count * rows)](
            signals,
            rows * steps * channels if inputs > 1 else 0,
            layer.weight,
            bias,
            bias.stride(0) if len(bias) > 1 else 0,
            out if residual is None else residual,
            rows * steps * outputs if residual is not None and len(residual) > 1 else 0,
            out,
            steps,
            layer.dilation,
            COUNT=count,
            CHANNELS=channels,
            OUTPUTS=outputs,
            BIASES=bias.shape[-1],
            KERNEL_SIZE_0=kernel_sizes[0],
            KERNEL_SIZE_1=kernel_sizes[1],
            KERNEL_SIZE_2=kernel_sizes[2],
            SUMMED=summed,
            SLOPE=slope,
            HAS_RESIDUAL=residual is not None,
            BLOCK_STEPS=tile.steps,
            BLOCK_OUT=tile.outputs,
            BLOCK_IN=tile.channels,
            num_warps=tile.warps,
            num_stages=tile.stages,
        )
        return out

    def finish(self, signals: Tensor, weight: Tensor, slope: float) -> Tensor:
        """See ``VocoderKernels``."""
        summed, rows, steps, channels = signals.shape
        out = torch.empty((rows, steps), dtype=torch.float32, device=signals.device)
        _KERNELS.finish[(-(-steps // _LAST_STEPS), 1, rows)](
            signals,
            rows * steps * channels,
            weight,
            out,
            steps,
            CHANNELS=channels,
            KERNEL_SIZE=len(weight),
            SUMMED=summed,
            SLOPE=slope,
            BLOCK_STEPS=_LAST_STEPS,
            num_warps=4,
        )
        return out
