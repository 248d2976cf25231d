"""Tile configuration of a step over slots, by row count. Pure.

All tiles sum in the same order: the bias first, then K in ascending steps of one tensor core instruction, up to
``SPLIT_K`` in one partial sum. So a row has the same result in a step of any row count.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from voicestream.workers.inference.tile_config import FULL_K, LargeMTile, SmallMTile, fitted, round_up

ROW_COUNTS: Final = (1, 8, 16, 32, 64, 128, 256, 512)
"""Row counts of the captured steps; a step of fewer rows is padded."""

SPLIT_K: Final = 512
"""Part of K in one partial sum of the layers that add to the residual stream."""

_SMALL_ROWS: Final = 32
"""Rows up to which a product without a loop is faster; it loads its weights before its input is there."""

_MANY_ROWS: Final = 256

NARROW_ROWS: Final = 8
"""Rows up to which the weights are the left operand of the tensor cores."""


class NarrowTile(NamedTuple):
    """Tile of ``narrow_linear``."""

    block_n: int
    k: int
    """All of K."""
    warps: int


class RowTiles(NamedTuple):
    """Tiles of the linear layers of one step."""

    product: NarrowTile | SmallMTile | LargeMTile
    """Of layers with an activation or without, whose K is not split."""
    partial: SmallMTile | LargeMTile
    """Of layers that add to the residual stream, whose K is split."""


def row_tiles(rows: int, width: int, memory: int, *, weight_bytes: int) -> RowTiles:
    """Return the fastest tiles on an H200, reduced until they fit.

    Args:
        rows: M.
        width: of the residual stream: K of the products.
        memory: shared memory of one program, bytes.
        weight_bytes: size of a weight.
    """
    full = round_up(width)
    split = min(SPLIT_K, full)
    product: NarrowTile | SmallMTile | LargeMTile
    columns = 16 if rows <= NARROW_ROWS else 32
    if rows <= _SMALL_ROWS and width <= FULL_K and columns * full * weight_bytes <= memory:
        product = NarrowTile(16, full, 1) if rows <= NARROW_ROWS else SmallMTile(columns, full, 4)
        return RowTiles(product, SmallMTile(64, split, 4))
    many = rows > _MANY_ROWS
    large = LargeMTile(128, 128, min(64, full), full, 4, 8) if many else LargeMTile(64, 64, min(128, full), full, 4, 4)
    partial = (
        LargeMTile(128, 64, min(64, split), split, 4, 4) if many else LargeMTile(64, 64, min(128, split), split, 4, 4)
    )
    return RowTiles(fitted(memory, large, weight_bytes), fitted(memory, partial, weight_bytes))
