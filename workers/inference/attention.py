"""Attention of a step's newest tokens on an NVIDIA GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import torch

from voicestream.workers.inference.kernels import attention

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.inference.kernel_launches import Gpu


class Places(NamedTuple):
    """How much of the past is looked at together."""

    together: int
    warps: int


FEW: Final = Places(32, 1)
"""Quickest for some dozens, as in translations, and for many rows."""

MANY: Final = Places(128, 8)
"""Quickest for hundreds in one row, as in sounds."""

_SOURCE: Final = Places(32, 1)


def see_past(
    gpu: Gpu, mixed: Tensor, past: Tensor, position: Tensor, *, places: Places, origins: Tensor | None = None
) -> Tensor:
    """What the newest tokens see of their answers so far, (rows, width); their keys and values are kept.

    Args:
        gpu: where.
        mixed: their queries, keys and values, (rows, 3 * width).
        past: (2, rows, heads, positions, values of a head); what stands from the position on is not looked at.
        position: of the newest token, (1,).
        places: that are looked at together.
        origins: in which row each row's past is, (rows, positions), int32; its own if None.
    """
    _, rows, heads, _, values = past.shape
    seen = mixed.new_empty(rows, heads * values)
    attention.past[(rows, heads)](
        mixed,
        past[0],
        past[1],
        position if origins is None else origins,
        position,
        seen,
        past.stride(1),
        past.stride(2),
        0 if origins is None else origins.stride(0),
        heads,
        values**-0.5,
        VALUES=values,
        PLACES=places.together,
        HAS_ORIGINS=origins is not None,
        **gpu.options(places.warps),
    )
    return seen


def see_source(gpu: Gpu, query: Tensor, source: Tensor, lengths: Tensor) -> Tensor:
    """What queries see of sources, (rows, width).

    Args:
        gpu: where.
        query: (rows, width); the rows of a source follow each other.
        source: keys and values, (2, sources, heads, places, values of a head).
        lengths: how many places count, (sources,).
    """
    _, sources, heads, _, values = source.shape
    rows = len(query)
    seen = torch.empty_like(query)
    attention.source[(rows, heads)](
        query,
        source[0],
        source[1],
        lengths,
        seen,
        source.stride(1),
        source.stride(2),
        heads,
        rows // sources,
        values**-0.5,
        VALUES=values,
        PLACES=_SOURCE.together,
        **gpu.options(_SOURCE.warps),
    )
    return seen
