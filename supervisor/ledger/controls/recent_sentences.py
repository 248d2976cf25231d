"""Recent sentences that were heard, from which they are played again. Sans-I/O.

It has texts, not samples: synthesis is deterministic, so the same text gives the same samples. Sessions that write to a
file are not part of it.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionOptions
    from voicestream.supervisor.ledger.sentences import Row

MAX_SENTENCES: Final = 200
"""Sentences kept of all sessions together; the oldest are forgotten."""


class HeardSentence(FrozenRecord, frozen=True):
    """A sentence that was heard, or a part of it."""

    session: str
    sentence: int
    options: SessionOptions
    """Options of its session, which may have ended."""
    message: int
    text: str
    """The spoken text."""
    language: str
    closes: bool
    opens_late: bool


class RecentSentences:
    """The last sentences that were heard, in the order in which they ended."""

    def __init__(self) -> None:
        self._sentences: collections.deque[HeardSentence] = collections.deque(maxlen=MAX_SENTENCES)

    def add(self, row: Row, options: SessionOptions) -> None:
        """Record a sentence that has ended, unless nothing of it was heard."""
        if row.is_announcement or not (row.heard and row.played_frames) or options.output.kind == "wav":
            return
        heard = HeardSentence(
            session=row.session,
            sentence=row.sentence,
            options=options,
            message=row.message,
            text=row.text,
            language=row.language,
            closes=row.closes,
            opens_late=row.opens_late,
        )
        self._sentences.append(heard)

    @property
    def last_session(self) -> str:
        """The session that was heard last; empty: none."""
        return self._sentences[-1].session if self._sentences else ""

    def before(self, session: str, sentence: float, count: int) -> list[HeardSentence]:
        """Return the last ``count`` sentences of a session before an ordinal."""
        found = [one for one in self._sentences if one.session == session and one.sentence < sentence]
        return sorted(found, key=lambda one: one.sentence)[-count:] if count else []
