"""What the layers of the GPT keep of a sentence's positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Cache:
    """Keys and values of the positions so far."""

    both: Tensor
    """(layers, keys and values: 2, heads, positions, values of a head)."""
    used: int = 0
    """Positions that are filled."""

    @property
    def size(self) -> int:
        """Positions there is room for."""
        return self.both.shape[3]

    def beginning(self, positions: int) -> Cache:
        """The first so many positions, as a part of the same memory."""
        return Cache(self.both[:, :, :, :positions])

    def begin_with(self, other: Cache) -> None:
        """Begin as another one; what was here counts for nothing any more."""
        self.both[:, :, :, : other.used] = other.both[:, :, :, : other.used]
        self.used = other.used
