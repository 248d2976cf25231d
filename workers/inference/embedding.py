"""What the tokens of a step begin with, on an NVIDIA GPU."""

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
    words: Tensor,
    places: Tensor,
    *,
    shift: int,
    scale: float = 1.0,
    padding: int = NO_PADDING,
) -> Tensor:
    """Words and their place, in numbers of the former: (rows, width).

    Args:
        tokens: (rows,).
        position: of all of them, (1,).
        words: (vocabulary, width).
        places: (positions, width).
        shift: from a position to its row in ``places``.
        scale: of the words.
        padding: the token whose row in ``places`` is its own number.
    """
    rows, width = len(tokens), words.shape[1]
    out = words.new_empty(rows, width)
    kernels.embed[(rows,)](
        tokens,
        position,
        words,
        places,
        out,
        width,
        scale,
        shift,
        padding,
        WIDTH=tile_config.round_up(width),
    )
    return out
