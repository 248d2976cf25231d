"""Launches of the KV-cache attention kernels for the newest tokens of a decoder step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import torch

from voicestream.workers.inference.kernels import attention

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu


class AttentionTile(NamedTuple):
    """Launch configuration of an attention kernel."""

    positions: int
    """Positions that one iteration attends to."""
    warps: int


SHORT_CONTEXT: Final = AttentionTile(32, 1)
"""Fastest for some dozens of positions, as in translations, and for many rows."""

LONG_CONTEXT: Final = AttentionTile(128, 8)
"""Fastest for hundreds of positions in one row, as in speech."""

_CROSS_TILE: Final = AttentionTile(32, 1)


def self_attention(
    gpu: Gpu, qkv: Tensor, cache: Tensor, position: Tensor, *, tile: AttentionTile, indirection: Tensor | None = None
) -> Tensor:
    """Self-attention of the newest tokens over a KV cache, to which their keys and values are added: (rows, width).

    Args:
        gpu: the device.
        qkv: queries, keys and values of the newest tokens, (rows, 3 * width).
        cache: (2, rows, heads, positions, head_dim); entries from ``position`` on are ignored.
        position: of the newest token, (1,).
        tile: launch configuration.
        indirection: row of the cache that holds each row's entry, (rows, positions), int32; None: its own row.
    """
    _, rows, heads, _, head_dim = cache.shape
    out = qkv.new_empty(rows, heads * head_dim)
    attention.self_attention[(rows, heads)](
        qkv,
        cache[0],
        cache[1],
        position if indirection is None else indirection,
        position,
        out,
        cache.stride(1),
        cache.stride(2),
        0 if indirection is None else indirection.stride(0),
        heads,
        head_dim**-0.5,
        HEAD_DIM=head_dim,
        BLOCK=tile.positions,
        HAS_INDIRECTION=indirection is not None,
        **gpu.options(tile.warps),
    )
    return out


def cross_attention(gpu: Gpu, query: Tensor, cache: Tensor, lengths: Tensor) -> Tensor:
    """Cross-attention to the encoder's KV cache: (rows, width).

    Args:
        gpu: the device.
        query: (rows, width); the rows of a source follow each other.
        cache: keys and values, (2, sources, heads, positions, head_dim).
        lengths: valid positions of each source, (sources,).
    """
    _, sources, heads, _, head_dim = cache.shape
    rows = len(query)
    out = torch.empty_like(query)
    attention.cross_attention[(rows, heads)](
        query,
        cache[0],
        cache[1],
        lengths,
        out,
        cache.stride(1),
        cache.stride(2),
        heads,
        rows // sources,
        head_dim**-0.5,
        HEAD_DIM=head_dim,
        BLOCK=_CROSS_TILE.positions,
        **gpu.options(_CROSS_TILE.warps),
    )
    return out
