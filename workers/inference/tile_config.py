"""How kernels cut their work: what was quickest on an H200, within what a GPU has. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

FEW: Final = 16
"""Rows that one instruction of the tensor cores takes at least: up to so many they are computed all at once."""

WHOLE: Final = 1024
"""Width up to which a program sums all of it; of a larger one it takes a share, not to wait for memory so often."""

_MANY: Final = 64
"""Rows of the tensor cores' larger instructions."""

_WIDE: Final = 2048
"""From so many columns on there are enough tiles for the whole GPU, and they may be larger."""

_VOCABULARY: Final = 32_768
"""And from so many on they are as large as they can be."""

_WEIGHT_BYTES: Final = 2


class RowTile(NamedTuple):
    """Of ``one_row``."""

    columns: int
    warps: int


class FewTile(NamedTuple):
    """Of ``few_rows``."""

    columns: int
    share: int
    """Of the width."""
    warps: int


class Tile(NamedTuple):
    """Of ``many_rows``."""

    rows: int
    columns: int
    part: int
    """Of the width, multiplied at a time."""
    share: int
    """Of the width, summed by one program."""
    stages: int
    """Parts that are on their way at the same time."""
    warps: int


def for_one_row(width_in: int) -> RowTile:
    """For a signal of a width."""
    if width_in <= WHOLE:
        return RowTile(4, 1)
    return RowTile(2, 2 if width_in <= 2 * WHOLE else 4 if width_in <= 4 * WHOLE else 8)


def for_few_rows(width_in: int, *, is_shared: bool) -> FewTile:
    """For a signal of a width; ``is_shared``: whether the results may be summands."""
    if is_shared and width_in > WHOLE:
        return FewTile(64, WHOLE // 2, 4)
    return FewTile(32, round_up(width_in), 4 if width_in <= WHOLE else 8)


def is_few(rows: int, width_in: int, memory: int, *, weight_bytes: int = _WEIGHT_BYTES) -> bool:
    """Whether ``few_rows`` can take a normed signal: it needs room for weights of the whole width.

    Args:
        rows: of the signal.
        width_in: of the signal.
        memory: bytes that a program can share.
        weight_bytes: of a weight.
    """
    cut = for_few_rows(width_in, is_shared=False)
    return rows <= FEW and cut.columns * cut.share * weight_bytes <= memory


def for_many_rows(
    rows: int, width_in: int, width_out: int, memory: int, *, is_shared: bool, weight_bytes: int = _WEIGHT_BYTES
) -> Tile:
    """For a matrix.

    Args:
        rows: of the signal.
        width_in: of the signal.
        width_out: of what comes of it.
        memory: bytes that a program can share.
        is_shared: whether the results may be summands.
        weight_bytes: of a weight.
    """
    whole = round_up(width_in)
    if width_out >= _VOCABULARY:
        wanted = Tile(128 if rows > _MANY else _MANY, 128, 64, whole, 3, 8)
    elif width_out >= _WIDE:
        wanted = Tile(_MANY, 64, 128, whole, 5, 4) if rows > _MANY else Tile(_MANY, 32, 256, whole, 3, 4)
    elif width_in > WHOLE:
        wanted = Tile(_MANY, 32, 128, WHOLE, 4, 4)
    else:
        wanted = Tile(_MANY, 32, 256, max(whole // 2, FEW), 3, 4)
    if not is_shared:
        wanted = wanted._replace(share=whole)
    return _within(memory, wanted._replace(part=min(wanted.part, wanted.share)), weight_bytes)


def round_up(width: int) -> int:
    """To a power of two."""
    return 1 << (width - 1).bit_length()


def _within(memory: int, tile: Tile, weight_bytes: int) -> Tile:
    """With as many and as long parts as there is room for."""
    while tile.stages * tile.part * (tile.rows + tile.columns) * weight_bytes > memory:
        if tile.stages > 2:  # noqa: PLR2004 - one is multiplied while one comes
            tile = tile._replace(stages=tile.stages - 1)
        elif tile.part > FEW:
            tile = tile._replace(part=tile.part // 2)
        else:
            break
    return tile
