"""Transition table of a finite automaton in which equal blocks are stored once.

The table of py3langid has 38,346 rows of 256 states, 39 MB, of which most are alike: 6 MB remain, without a change of
any state.
"""

from __future__ import annotations

from array import array
from typing import Final

_BLOCK_BITS: Final = 4
_BLOCK: Final = 1 << _BLOCK_BITS

_FACTORS: Final = tuple(pow(0x9E3779B97F4A7C15, power, 1 << 64) for power in range(1, _BLOCK + 1))
"""Odd 64-bit numbers, one for each word of a block. Importing NumPy's generators would take 3 MB."""


class TransitionTable:
    """Read-only sequence of states, by row and byte."""

    __slots__ = ("_blocks", "_starts")

    def __init__(self, states: array[int]) -> None:
        """Store a table.

        Args:
            states: unsigned; rows of a multiple of 16 states one after another.
        """
        import numpy as np

        blocks = np.frombuffer(states, dtype=f"u{states.itemsize}").reshape(-1, _BLOCK)
        # Equal blocks have equal sums. Two that differ hardly ever have: then the table stays whole.
        words = blocks.view(np.uint64)
        factors = np.array(_FACTORS[: words.shape[1]], np.uint64)
        sums = np.einsum("ij,j->i", words, factors)
        _, first, number = np.unique(sums, return_index=True, return_inverse=True)
        kept = blocks[first]
        if not np.array_equal(kept[number], blocks):
            kept, number = blocks, np.arange(len(blocks))
        self._blocks: Final = array(states.typecode, kept.tobytes())
        self._starts: Final = array("I", (number << _BLOCK_BITS).astype(np.uint32).tobytes())

    def __getitem__(self, index: int) -> int:
        """Return the state at an index of the whole table."""
        return self._blocks[self._starts[index >> _BLOCK_BITS] + (index & (_BLOCK - 1))]
