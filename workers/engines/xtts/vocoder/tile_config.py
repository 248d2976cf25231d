"""How the kernels of the vocoder cut their work, within what a GPU has. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple


class Tile(NamedTuple):
    """What one program computes."""

    steps: int
    outputs: int
    """Channels that come out."""
    channels: int
    """That go in at a time."""
    warps: int
    stages: int
    """Loads that are on their way at the same time."""


_TILES: Final = {
    1024: Tile(16, 32, 128, 4, 4),
    512: Tile(16, 64, 128, 4, 4),
    256: Tile(64, 64, 128, 4, 3),
    128: Tile(64, 64, 128, 4, 3),
    64: Tile(128, 64, 64, 4, 4),
    32: Tile(64, 32, 32, 4, 3),
}
"""By channels that go in: what was quickest on an H200."""


def choose(channels: int, outputs: int, *, summed: int, memory: int, number_bytes: int) -> Tile:
    """For a convolution.

    Args:
        channels: that go in.
        outputs: channels that come out.
        summed: signals whose sum goes in.
        memory: bytes that a program can share.
        number_bytes: of a number of signals and weights.
    """
    tile = _TILES[channels]
    tile = tile._replace(outputs=min(tile.outputs, outputs))
    stage = (summed * tile.steps + tile.outputs) * tile.channels * number_bytes
    return tile._replace(stages=max(1, min(tile.stages, memory // stage)))
