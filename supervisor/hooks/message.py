"""Message of an agent, assembled from pieces of several sources. Pure.

Two sources report the same text: hooks that run when a part is displayed, and the stream of the model. The pieces of
each have an index, so each source is a *track* with a known position in the text. Whichever is ahead is spoken; the
other one is compared with it. A track whose text differs belongs to another message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from voicestream.supervisor.hooks import text_match
from voicestream.supervisor.hooks.text_match import Spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

Source = Literal["display", "stream"]


class Piece(msgspec.Struct, frozen=True):
    """Piece of a message."""

    text: str
    final: bool


class Track(msgspec.Struct):
    """Progress of one source of a message."""

    key: str
    """Id of the message in this source."""
    next: int = 0
    """Index of the next piece."""
    shown: Spoken = msgspec.field(default_factory=Spoken)
    """Text before the next piece."""
    dropped: bool = False
    """True if its pieces are ignored, because one is missing in this source or the other."""


class Message(msgspec.Struct):
    """Progress of one message."""

    id: str
    display: Track | None = None
    stream: Track | None = None
    spoken: Spoken = msgspec.field(default_factory=Spoken)
    ended: bool = False
    """True if nothing of it follows."""
    gap_at: int | None = None
    """Characters before a missing piece that was given up; None: none was."""

    def tracks(self) -> Iterator[Track]:
        """Yield the tracks that are known."""
        yield from (one for one in (self.display, self.stream) if one is not None)

    def track_of(self, source: Source) -> Track | None:
        """Return the track of a source; None: none of its pieces has come."""
        return self.display if source == "display" else self.stream

    def set_track(self, source: Source, track: Track | None) -> None:
        """Replace the track of a source."""
        if source == "display":
            self.display = track
        else:
            self.stream = track


def advance(message: Message, track: Track, piece: Piece, said: str | None) -> str | None:
    """Append the next piece of a track; return what is new of it, or None if it is part of another message.

    Args:
        message: message of the track; ``spoken`` and ``ended`` are updated.
        track: one of its tracks.
        piece: piece with the index ``track.next``.
        said: text of the message that was spoken, without white space; None: unknown.
    """
    start, count = track.shown.characters, message.spoken.characters
    shown = text_match.compact(piece.text)
    end = start + len(shown)
    new = text_match.after(piece.text, count - start) if end >= count else ""
    is_too_long = message.ended and message.gap_at is None and end > count
    is_too_short = piece.final and message.gap_at is None and end < count
    if is_too_long or is_too_short or not _continues(message, track, shown, said):
        return None
    track.next += 1
    track.shown.add(piece.text)
    if message.ended:
        return ""
    message.spoken.add(new)
    message.ended = piece.final
    return new


def agrees(message: Message, text: str, *, final: bool, known: str | None) -> bool:
    """Return whether the beginning of a track can be that of a message.

    Args:
        message: message without a track of this source.
        text: text of the track, white space removed, not empty.
        final: the text is complete.
        known: text of the message that is known so far, white space removed; None: only length and checksum are known.
    """
    if message.gap_at is not None:
        known, final = None if known is None else known[: message.gap_at], False
        return known is None or text[: len(known)] == known[: len(text)]
    if known is None:
        count = message.spoken.characters
        if len(text) < count:
            return not final
        return text_match.of(text[:count]) == message.spoken and not (message.ended and len(text) > count)
    count = min(len(text), len(known))
    is_too_long = message.ended and len(text) > len(known)
    is_too_short = final and len(text) < len(known)
    return bool(count) and text[:count] == known[:count] and not (is_too_long or is_too_short)


def is_whole(message: Message, whole: str, *, known: str | None, is_last: bool) -> bool:
    """Return whether a text that ``Stop`` gives is that of a message, or of its end.

    Args:
        message: any message of the turn.
        whole: the text.
        known: text of the message that is known so far, white space removed; None: only length and checksum are known.
        is_last: it is the last message of the turn.
    """
    if message.gap_at is not None:
        return is_last
    if known is None:
        return message.spoken == text_match.of(whole) if message.ended else message.spoken.rest_of(whole) is not None
    if not known:
        return False
    shown = text_match.compact(whole)
    is_beginning = shown == known if message.ended else shown.startswith(known)
    return is_beginning or (is_last and known.endswith(shown))


def _continues(message: Message, track: Track, shown: str, said: str | None) -> bool:
    """Return whether a piece of a track, white space removed, is what was spoken of the message at its place."""
    start, count = track.shown.characters, message.spoken.characters
    overlap = min(start + len(shown), count) - start
    if overlap <= 0:
        return True
    if said is not None:
        return said[start : start + overlap] == shown[:overlap]
    if start + len(shown) < count:
        return True
    known = msgspec.structs.replace(track.shown)
    known.add(shown[:overlap])
    return known == message.spoken
