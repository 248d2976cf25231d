"""Playlist of all sessions: the segments that may go to their outputs, with pauses and cancellation. Sans-I/O.

Sentences are played strictly one after another, also when their sessions have different outputs. So a segment goes to
its output only when all earlier sentences are at the same output, which keeps the order, or were played to their end.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from msgspec import field

from voicestream.records import Record

if TYPE_CHECKING:
    from voicestream.protocol.messages import Play

Key = tuple[str, int]
"""Id of a sentence: session and ordinal."""


class _Entry(Record):
    """Sentence that was not played to its end yet."""

    key: Key
    output: object
    pending: collections.deque[Play] = field(default_factory=collections.deque["Play"])
    """Segments that were not passed to the output yet."""
    is_complete: bool = False
    """True if its last segment was passed to the output."""


class Playlist:
    """Sentences to play, in order."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._paused = False

    def __len__(self) -> int:
        """Return the number of sentences that were not played to their end."""
        return len(self._entries)

    @property
    def paused(self) -> bool:
        """True if playback is paused."""
        return self._paused

    def pause(self) -> None:
        """Pause playback until ``resume``."""
        self._paused = True

    def resume(self) -> None:
        """Resume playback."""
        self._paused = False

    def add(self, segment: Play, output: object) -> None:
        """Append a segment for an output."""
        key = segment.session, segment.sentence
        if not self._entries or self._entries[-1].key != key:
            self._entries.append(_Entry(key=key, output=output))
        self._entries[-1].pending.append(segment)

    def next_segment(self) -> Play | None:
        """Return the next segment that may go to its output now; None if there is none."""
        if self._paused:
            return None
        for entry in self._entries:
            if entry.output is not self._entries[0].output:
                return None
            if entry.pending:
                segment = entry.pending.popleft()
                entry.is_complete = segment.last
                return segment
            if not entry.is_complete:
                return None
        return None

    def finished(self, session: str, sentence: int) -> None:
        """Remove a sentence that was played to its end."""
        self.drop(session, sentence)

    def drop(self, session: str, sentence: int | None) -> None:
        """Remove a sentence, or a session if ``sentence`` is None; unknown ones are ignored."""
        self._entries = [
            entry for entry in self._entries if not (entry.key[0] == session and sentence in (None, entry.key[1]))
        ]
