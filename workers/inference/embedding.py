"""Launch of the embedding kernel for the newest tokens of a decoder step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.inference import tile_config
from voicestream.workers.inference.kernels import embedding as kernels

if TYPE_CHECKING:
    from torch import Tensor

NO_PADDING: Final = -1


def embed(
    tokens: Tensor,
    position: Tensor,
    token_table: Tensor,
    position_table: Tensor,
    *,
    position_offset: int,
    scale: float = 1.0,
    padding: int = NO_PADDING,
) -> Tensor:
    """Token and position embedding, in the dtype of the token table: (rows, width).

    Args:
        tokens: (rows,).
        position: common to all tokens, (1,).
        token_table: (vocabulary, width).
        position_table: (positions, width).
        position_offset: from a position to its row of ``position_table``.
        scale: factor of the token embedding.
        padding: token whose row of ``position_table`` is its own id.
    """
    rows, width = len(tokens), token_table.shape[1]
    out = token_table.new_empty(rows, width)
    kernels.embed[(rows,)](
        tokens,
        position,
        token_table,
        position_table,
        out,
        width,
        scale,
        position_offset,
        padding,
        WIDTH=tile_config.round_up(width),
    )
    return out
