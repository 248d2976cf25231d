"""KV cache of the GPT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class KvCache:
    """Keys and values of all layers, and the number of valid positions."""

    kv: Tensor
    """(layers, 2, heads, positions, head_dim): keys and values."""
    length: int = 0
    """Valid positions."""

    @property
    def size(self) -> int:
        """Allocated positions."""
        return self.kv.shape[3]

    def view(self, positions: int) -> KvCache:
        """Return a cache of the first positions that shares the memory of this one."""
        return KvCache(self.kv[:, :, :, :positions])

    def copy_from(self, other: KvCache) -> None:
        """Replace the contents by those of another cache."""
        self.kv[:, :, :, : other.length] = other.kv[:, :, :, : other.length]
        self.length = other.length
