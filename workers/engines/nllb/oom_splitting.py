"""What to do when a device's memory is full: fewer sentences at a time, and in the end another device."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.workers.engines.nllb.batches import Answer, Group

_log = logging.getLogger(__name__)


class Rations:
    """Remembers how many sentences a device takes at a time."""

    def __init__(self) -> None:
        self.largest = 0
        """0 = no limit is known."""

    def answer(
        self,
        group: Group,
        decode: Answer,
        is_full: Callable[[RuntimeError], bool],
        fall_back: Callable[[RuntimeError], bool],
    ) -> list[list[int]]:
        """Decode a group in as many parts as the memory makes necessary.

        Args:
            group: the sentences.
            decode: decodes some of them.
            is_full: whether an error of ``decode`` says that the memory is full.
            fall_back: called when not even one sentence fits: moves to another device, or says that there is none.

        Raises:
            RuntimeError: what ``decode`` said, when nothing helps.
        """
        size = self.largest or len(group.rows)
        answers: list[list[int]] = []
        while len(answers) < len(group.rows):
            part = group._replace(rows=group.rows[len(answers) : len(answers) + size])
            try:
                answers += decode(part)
            except RuntimeError as error:
                if not is_full(error):
                    raise
                if len(part.rows) > 1:
                    size = self.largest = len(part.rows) // 2
                    _log.warning("out of memory, goes on with %d sentences at a time", size)
                elif fall_back(error):
                    self.largest, size = 0, len(group.rows)
                else:
                    raise
        return answers
