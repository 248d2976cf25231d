"""Batch splitting on out-of-memory errors, and fallback to another device for a single sentence."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.workers.engines.nllb.batches import Decode, Group

_log = logging.getLogger(__name__)


class BatchSplitter:
    """Splitter that remembers the largest batch a device had memory for."""

    def __init__(self) -> None:
        self.max_batch = 0
        """Sentences; 0: no limit is known."""

    def decode(
        self,
        group: Group,
        decode: Decode,
        is_out_of_memory: Callable[[RuntimeError], bool],
        fall_back: Callable[[RuntimeError], bool],
    ) -> list[list[int]]:
        """Decode a group, in halves and smaller parts while memory runs out.

        Args:
            group: the sentences.
            decode: decodes some of them.
            is_out_of_memory: whether an error of ``decode`` means out of memory.
            fall_back: moves to another device when a single sentence does not fit; False if there is none.

        Raises:
            RuntimeError: the error of ``decode``, if no fallback is left.
        """
        size = self.max_batch or len(group.rows)
        outputs: list[list[int]] = []
        while len(outputs) < len(group.rows):
            part = group._replace(rows=group.rows[len(outputs) : len(outputs) + size])
            try:
                outputs += decode(part)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                if len(part.rows) > 1:
                    size = self.max_batch = len(part.rows) // 2
                    _log.warning("out of memory, retrying with batches of %d sentences", size)
                elif fall_back(error):
                    self.max_batch, size = 0, len(group.rows)
                else:
                    raise
        return outputs
