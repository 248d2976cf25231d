"""Tile configuration of the linear kernels: the fastest on an H200 that fits the shared memory of a GPU. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

MMA_ROWS: Final = 16
"""Least M of a tensor core instruction: up to so many rows are computed by one tile."""

FULL_K: Final = 1024
"""K up to which a program sums all of it; a larger K is split, to overlap more memory loads."""

_WIDE_MMA_ROWS: Final = 64
"""M of the larger tensor core instructions."""

_MANY_COLUMNS: Final = 2048
"""N from which there are enough tiles for all multiprocessors, so that tiles may be larger."""

_VOCABULARY: Final = 32_768
"""N from which tiles have the largest size."""

_WEIGHT_BYTES: Final = 2


class GemvTile(NamedTuple):
    """Tile of ``gemv``."""

    block_n: int
    warps: int


class SmallMTile(NamedTuple):
    """Tile of ``small_m_linear``."""

    block_n: int
    k_per_split: int
    warps: int


class LargeMTile(NamedTuple):
    """Tile of ``large_m_linear``."""

    block_m: int
    block_n: int
    block_k: int
    """Part of K that one iteration multiplies."""
    k_per_split: int
    """Part of K that one program sums."""
    stages: int
    """Depth of the load pipeline."""
    warps: int


def gemv_tile(width_in: int) -> GemvTile:
    """Return the tile for a signal of width K."""
    if width_in <= FULL_K:
        return GemvTile(4, 1)
    return GemvTile(2, 2 if width_in <= 2 * FULL_K else 4 if width_in <= 4 * FULL_K else 8)


def small_m_tile(width_in: int, *, is_split_k: bool) -> SmallMTile:
    """Return the tile for a signal of width K; ``is_split_k``: whether the result may be partial sums."""
    if is_split_k and width_in > FULL_K:
        return SmallMTile(64, FULL_K // 2, 4)
    return SmallMTile(32, round_up(width_in), 4 if width_in <= FULL_K else 8)


def fits_small_m(rows: int, width_in: int, memory: int, *, weight_bytes: int = _WEIGHT_BYTES) -> bool:
    """Return whether ``small_m_linear`` fits a signal with layer norm: it needs shared memory for weights of all of K.

    Args:
        rows: M.
        width_in: K.
        memory: shared memory of one program, bytes.
        weight_bytes: size of a weight.
    """
    tile = small_m_tile(width_in, is_split_k=False)
    return rows <= MMA_ROWS and tile.block_n * tile.k_per_split * weight_bytes <= memory


def large_m_tile(
    rows: int, width_in: int, width_out: int, memory: int, *, is_split_k: bool, weight_bytes: int = _WEIGHT_BYTES
) -> LargeMTile:
    """Return the tile for a matrix.

    Args:
        rows: M.
        width_in: K.
        width_out: N.
        memory: shared memory of one program, bytes.
        is_split_k: whether the result may be partial sums.
        weight_bytes: size of a weight.
    """
    full_k = round_up(width_in)
    if width_out >= _VOCABULARY:
        wanted = LargeMTile(128 if rows > _WIDE_MMA_ROWS else _WIDE_MMA_ROWS, 128, 64, full_k, 3, 8)
    elif width_out >= _MANY_COLUMNS:
        wanted = (
            LargeMTile(_WIDE_MMA_ROWS, 64, 128, full_k, 5, 4)
            if rows > _WIDE_MMA_ROWS
            else LargeMTile(_WIDE_MMA_ROWS, 32, 256, full_k, 3, 4)
        )
    elif width_in > FULL_K:
        wanted = LargeMTile(_WIDE_MMA_ROWS, 32, 128, FULL_K, 4, 4)
    else:
        wanted = LargeMTile(_WIDE_MMA_ROWS, 32, 256, max(full_k // 2, MMA_ROWS), 3, 4)
    if not is_split_k:
        wanted = wanted._replace(k_per_split=full_k)
    return fitted(memory, wanted._replace(block_k=min(wanted.block_k, wanted.k_per_split)), weight_bytes)


def round_up(width: int) -> int:
    """Return the next power of two."""
    return 1 << (width - 1).bit_length()


def fitted(memory: int, tile: LargeMTile, weight_bytes: int) -> LargeMTile:
    """Reduce the pipeline depth, then the block length, until the tile fits."""
    while tile.stages * tile.block_k * (tile.block_m + tile.block_n) * weight_bytes > memory:
        if tile.stages > 2:  # noqa: PLR2004 - one block is multiplied while the next one is loaded
            tile = tile._replace(stages=tile.stages - 1)
        elif tile.block_k > MMA_ROWS:
            tile = tile._replace(block_k=tile.block_k // 2)
        else:
            break
    return tile
