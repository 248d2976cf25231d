"""What is played next: which stretches may go to their output now, given pauses and what was taken back. Pure.

Sentences are heard strictly one after another, also when their sessions have different outputs. So an output gets a
stretch only when all that is ahead of it is at the same output, which keeps the order itself, or was heard to its
end.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicestream.protocol.messages import Play

Key = tuple[str, int]
"""The id of a sentence: session and ordinal."""


@dataclass
class _Entry:
    """A sentence that was not heard to its end yet."""

    key: Key
    place: object
    waiting: collections.deque[Play] = field(default_factory=collections.deque["Play"])
    """Stretches that were not given to the output yet."""
    is_whole: bool = False
    """Whether its last stretch was given to the output."""


class Playlist:
    """The sentences to be played, in order."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._paused = False

    def __len__(self) -> int:
        """How many sentences were not heard to their end."""
        return len(self._entries)

    @property
    def paused(self) -> bool:
        """Whether nothing is given to outputs."""
        return self._paused

    def pause(self) -> None:
        """Give nothing until ``resume``."""
        self._paused = True

    def resume(self) -> None:
        """End ``pause``."""
        self._paused = False

    def add(self, stretch: Play, place: object) -> None:
        """A further stretch, to be played after all that was added before; ``place`` is the output it goes to."""
        key = stretch.session, stretch.sentence
        if not self._entries or self._entries[-1].key != key:
            self._entries.append(_Entry(key=key, place=place))
        self._entries[-1].waiting.append(stretch)

    def take(self) -> Play | None:
        """The next stretch that may go to its output now; None: nothing may."""
        if self._paused:
            return None
        for entry in self._entries:
            if entry.place is not self._entries[0].place:
                return None
            if entry.waiting:
                stretch = entry.waiting.popleft()
                entry.is_whole = stretch.last
                return stretch
            if not entry.is_whole:
                return None
        return None

    def finished(self, session: str, sentence: int) -> None:
        """A sentence was heard to its end."""
        self.drop(session, sentence)

    def drop(self, session: str, sentence: int | None) -> None:
        """Forget a sentence, or a session when ``sentence`` is None; unknown ones are fine."""
        self._entries = [
            entry for entry in self._entries if not (entry.key[0] == session and sentence in (None, entry.key[1]))
        ]
