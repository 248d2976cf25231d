"""Tile configuration of the vocoder kernels, within the shared memory of a GPU. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple


class ConvolutionTile(NamedTuple):
    """Tile of one program."""

    steps: int
    outputs: int
    """Output channels."""
    channels: int
    """Input channels of one iteration."""
    warps: int
    stages: int
    """Depth of the load pipeline."""


_TILES: Final = {
    1024: ConvolutionTile(16, 32, 128, 4, 4),
    512: ConvolutionTile(16, 64, 128, 4, 4),
    256: ConvolutionTile(64, 64, 128, 4, 3),
    128: ConvolutionTile(64, 64, 128, 4, 3),
    64: ConvolutionTile(128, 64, 64, 4, 4),
    32: ConvolutionTile(64, 32, 32, 4, 3),
}
"""By input channels: the fastest tiles on an H200."""


def choose(channels: int, outputs: int, *, summed: int, memory: int, element_bytes: int) -> ConvolutionTile:
    """Return the tile of a convolution.

    Args:
        channels: input channels.
        outputs: output channels.
        summed: signals that are summed as input.
        memory: shared memory of one program, bytes.
        element_bytes: size of an element of signals and weights.
    """
    tile = _TILES[channels]
    tile = tile._replace(outputs=min(tile.outputs, outputs))
    stage = (summed * tile.steps + tile.outputs) * tile.channels * element_bytes
    return tile._replace(stages=max(1, min(tile.stages, memory // stage)))
