"""How the kernels of the decoders cut their work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from voicestream.workers.inference import tile_config

H100, RTX_4090 = 227 << 10, 99 << 10
"""Bytes that a program can share."""

MEMORIES = some.sampled_from([H100, RTX_4090])
BYTES = some.sampled_from([2, 4])
WIDTHS = some.integers(16, 10_000) | some.sampled_from([512, 1024, 2048, 4096, 8192])
OUTPUTS = some.integers(1, 10_000) | some.sampled_from([1024, 3072, 4096, 8192, 32_768, 256_206])


def is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


@given(some.integers(1, 1 << 20))
def test_a_width_is_rounded_up_to_the_next_power_of_two(width: int) -> None:
    found = tile_config.round_up(width)
    assert is_power_of_two(found)
    assert found // 2 < width <= found


@given(WIDTHS)
def test_one_row_is_cut_so_that_a_wide_signal_has_more_threads(width: int) -> None:
    cut = tile_config.gemv_tile(width)
    assert is_power_of_two(cut.block_n)
    assert is_power_of_two(cut.warps)
    wider = tile_config.gemv_tile(2 * width)
    assert wider.warps >= cut.warps
    assert wider.block_n <= cut.block_n
    assert cut.warps <= 8


@given(width=WIDTHS, is_split_k=some.booleans())
def test_shares_of_some_rows_are_the_whole_width(width: int, *, is_split_k: bool) -> None:
    cut = tile_config.small_m_tile(width, is_split_k=is_split_k)
    assert all(map(is_power_of_two, cut))
    shares = -(-width // cut.k_per_split)
    assert cut.k_per_split * shares >= width
    assert shares == 1 or is_split_k
    # No program is without work.
    assert cut.k_per_split * (shares - 1) < width


@given(some.integers(1, 40), WIDTHS, MEMORIES, BYTES)
def test_some_rows_are_few_where_the_weights_of_their_whole_width_find_room(
    rows: int, width: int, memory: int, weight_bytes: int
) -> None:
    cut = tile_config.small_m_tile(width, is_split_k=False)
    has_room = cut.block_n * tile_config.round_up(width) * weight_bytes <= memory
    assert tile_config.fits_small_m(rows, width, memory, weight_bytes=weight_bytes) == (has_room and rows <= 16)


@pytest.mark.parametrize(
    ("width", "memory", "is_few"), [(1024, RTX_4090, True), (2048, RTX_4090, False), (2048, H100, True)]
)
def test_some_rows_of_the_real_models_are_few(width: int, memory: int, *, is_few: bool) -> None:
    assert tile_config.fits_small_m(5, width, memory) == is_few


@given(
    rows=some.integers(1, 400),
    width=WIDTHS,
    outputs=OUTPUTS,
    memory=MEMORIES,
    is_split_k=some.booleans(),
    weight_bytes=BYTES,
)
def test_a_tile_of_many_rows_fits_the_matrix_and_the_memory(
    rows: int, width: int, outputs: int, *, memory: int, is_split_k: bool, weight_bytes: int
) -> None:
    tile = tile_config.large_m_tile(rows, width, outputs, memory, is_split_k=is_split_k, weight_bytes=weight_bytes)
    stages, cuts = tile.stages, (tile.block_m, tile.block_n, tile.block_k, tile.k_per_split, tile.warps)
    assert all(map(is_power_of_two, cuts)), tile
    # What the tensor cores take at least.
    assert min(tile.block_m, tile.block_n, tile.block_k) >= 16
    assert stages >= 2
    assert stages * tile.block_k * (tile.block_m + tile.block_n) * weight_bytes <= memory, tile
    # A share is made of whole parts, and the shares of the width.
    assert tile.k_per_split % tile.block_k == 0
    shares = -(-width // tile.k_per_split)
    assert tile.k_per_split * shares >= width
    assert tile.k_per_split * (shares - 1) < width
    assert shares == 1 or is_split_k


@pytest.mark.parametrize(("width", "outputs"), [(1024, 3072), (1024, 4096), (1024, 256_206)])
def test_more_memory_is_used_where_there_is_more(width: int, outputs: int) -> None:
    small, large = (
        tile_config.large_m_tile(80, width, outputs, memory, is_split_k=False, weight_bytes=2)
        for memory in (RTX_4090, H100)
    )
    assert small.stages * small.block_k <= large.stages * large.block_k
    assert small._replace(stages=1, block_k=1) == large._replace(stages=1, block_k=1)


def test_a_wide_product_is_cut_into_shares_where_it_may_be() -> None:
    assert tile_config.large_m_tile(40, 4096, 1024, H100, is_split_k=True).k_per_split == tile_config.FULL_K
    assert tile_config.large_m_tile(40, 1024, 1024, H100, is_split_k=True).k_per_split == 512
    assert tile_config.large_m_tile(40, 1024, 1024, H100, is_split_k=False).k_per_split == 1024
    assert tile_config.small_m_tile(4096, is_split_k=True).k_per_split == 512


def test_where_there_is_less_memory_fewer_parts_are_on_their_way_before_they_get_shorter() -> None:
    for rows, memory, stages, part in ((40, H100, 3, 256), (40, RTX_4090, 2, 256), (80, RTX_4090, 3, 128)):
        tile = tile_config.large_m_tile(rows, 1024, 3072, memory, is_split_k=False)
        assert (tile.stages, tile.block_k) == (stages, part)
    assert tile_config.large_m_tile(40, 1024, 3072, 64 << 10, is_split_k=False).block_k == 128
