"""Launches of the kernels of a step over slots: embedding and self-attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.inference import tile_config
from voicestream.workers.inference.kernel_launches import activation_code
from voicestream.workers.inference.kernels import slots as kernels
from voicestream.workers.inference.slots.row_tiles import NARROW_ROWS
from voicestream.workers.inference.slots.sizes import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu
    from voicestream.workers.inference.layers import Linear
    from voicestream.workers.inference.slots.row_tiles import NarrowTile
    from voicestream.workers.inference.slots.sizes import SlotSizes

_ATTENTION_WARPS: Final = 4
"""One number for all row counts, because the order of sums depends on it."""


@dataclass(frozen=True)
class SlotCache:
    """KV cache in pages, and the state of each slot; the last slot is that of padding rows, with page 0."""

    pages: Tensor
    """(pages, layers, 2, heads, ``PAGE``, head_dim): keys and values."""
    page_table: Tensor
    """Pages of each slot, (slots, pages of the longest sequence), int32."""
    tokens: Tensor
    """Newest token of each slot, (slots,)."""
    indices: Tensor
    """Index of that token among the generated ones, (slots,)."""
    positions: Tensor
    """Position of that token in the cache, (slots,)."""


def embed_slots(
    cache: SlotCache, slots: Tensor, token_table: Tensor, position_table: Tensor, *, position_offset: int
) -> Tensor:
    """Token and position embedding of the newest tokens, in the dtype of the token table: (rows, width).

    Args:
        cache: state of the slots.
        slots: slot of each row, (rows,).
        token_table: (vocabulary, width).
        position_table: (positions, width).
        position_offset: from the index of a token to its row of ``position_table``.
    """
    rows, width = len(slots), token_table.shape[1]
    out = token_table.new_empty(rows, width)
    kernels.embed_slots[(rows,)](
        slots,
        cache.tokens,
        cache.indices,
        token_table,
        position_table,
        out,
        width,
        position_offset,
        WIDTH=tile_config.round_up(width),
    )
    return out


def paged_attention(gpu: Gpu, cache: SlotCache, layer: int, slots: Tensor, qkv: Tensor) -> Tensor:
    """Self-attention of the newest tokens in a layer; their keys and values are added to the cache: (rows, width).

    Args:
        gpu: the device.
        cache: entries from the position of a slot on are ignored.
        layer: index of the layer.
        slots: slot of each row, (rows,).
        qkv: queries, keys and values of the newest tokens, (rows, 3 * width).
    """
    _, _, _, heads, page, head_dim = cache.pages.shape
    entries = cache.pages[:, layer]
    rows = len(slots)
    out = qkv.new_empty(rows, heads * head_dim)
    kernels.paged_self_attention[(rows, heads)](
        qkv,
        entries[:, 0],
        entries[:, 1],
        cache.page_table,
        slots,
        cache.positions,
        out,
        entries.stride(0),
        entries.stride(2),
        cache.page_table.stride(0),
        heads,
        head_dim**-0.5,
        HEAD_DIM=head_dim,
        PAGE=page,
        **gpu.options(_ATTENTION_WARPS),
    )
    return out


def narrow_linear(
    gpu: Gpu,
    signal: Tensor,
    linear: Linear,
    tile: NarrowTile,
    *,
    activation: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Linear layer of at most ``NARROW_ROWS`` rows: (rows, in) to (rows, out), both in the dtype of the weights."""
    width_out, width_in = linear.weight.shape
    out = linear.weight.new_empty(len(signal), width_out)
    kernels.narrow_linear[(-(-width_out // tile.block_n),)](
        signal,
        linear.weight,
        linear.bias,
        out,
        len(signal),
        width_in,
        width_out,
        K=tile.k,
        ROWS=NARROW_ROWS,
        BLOCK_N=tile.block_n,
        ACTIVATION=activation_code(activation),
        **gpu.options(tile.warps),
    )
    return out


def empty_cache(
    device: torch.device, dtype: torch.dtype, *, shape: tuple[int, int, int], sizes: SlotSizes
) -> SlotCache:
    """Allocate a cache.

    Args:
        device: the device.
        dtype: of keys and values.
        shape: layers, heads, head_dim.
        sizes: numbers of slots and pages.

    Raises:
        RuntimeError: out of memory.
    """
    layers, heads, head_dim = shape

    def zeros(*size: int) -> Tensor:
        return torch.zeros(*size, dtype=torch.long, device=device)

    slots = sizes.slots + 1
    return SlotCache(
        pages=torch.zeros(sizes.pages + 1, layers, 2, heads, PAGE, head_dim, dtype=dtype, device=device),
        page_table=torch.zeros(slots, sizes.pages_per_slot, dtype=torch.int32, device=device),
        tokens=zeros(slots),
        indices=zeros(slots),
        positions=zeros(slots),
    )
