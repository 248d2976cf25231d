"""Texts of the present turn that are needed for comparison: pieces that wait, and what was spoken. In memory only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.records import Record
from voicestream.supervisor.hooks import text_match

if TYPE_CHECKING:
    from voicestream.supervisor.hooks.message import Message, Piece, Source, Track

MAX_PENDING: Final = 1000
"""Pieces of one session that wait for a missing one."""

MAX_CHARACTERS: Final = 4 << 20
"""Upper bound of the kept texts of one turn."""

_Key = tuple["Source", str]


class Received(Record):
    """Pieces by source, id of the message there, and index; spoken texts by message."""

    loose: dict[_Key, None] = field(default_factory=dict["_Key", None])
    """Tracks without a message: their first piece is missing."""
    whole: dict[str, str] = field(default_factory=dict[str, str])
    """Complete texts that were not compared yet, by message."""
    said: dict[str, str] = field(default_factory=dict[str, str])
    """Spoken text without white space, by message."""
    refused: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Tracks and messages whose texts differ, by key and id."""
    _pending: dict[_Key, dict[int, Piece]] = field(default_factory=dict["_Key", dict[int, "Piece"]])
    _taken: dict[_Key, dict[int, Piece]] = field(default_factory=dict["_Key", dict[int, "Piece"]])
    _replaced: set[_Key] = field(default_factory=set["_Key"])
    _blank: set[str] = field(default_factory=set[str])
    """Messages whose last spoken character is white space."""
    _characters: int = 0

    @property
    def is_waiting(self) -> bool:
        """True if a piece waits for another one."""
        return bool(self.loose) or any(self._pending.values())

    @property
    def is_full(self) -> bool:
        """True if texts should be forgotten."""
        return self._characters > MAX_CHARACTERS

    def add(self, source: Source, key: str, index: int, piece: Piece) -> None:
        """Keep a piece; a copy changes nothing."""
        if (source, key) not in self._replaced and sum(map(len, self._pending.values())) < MAX_PENDING:
            self._pending.setdefault((source, key), {}).setdefault(index, piece)

    def replace(self, source: Source, key: str, piece: Piece) -> None:
        """Keep a complete text instead of the pieces of a track that wait, and ignore those that follow."""
        self._pending[source, key] = {0: piece}
        self._replaced.add((source, key))

    def is_void(self, source: Source, key: str) -> bool:
        """Return whether no piece of a track is of use after the end of its message."""
        return (source, key) in self._replaced or bool(self._pending.get((source, key)))

    def take(self, source: Source, track: Track) -> Piece | None:
        """Remove and return the next piece of a track; None: it has not come."""
        piece = self._pending.get((source, track.key), {}).pop(track.next, None)
        if piece is not None:
            self._taken.setdefault((source, track.key), {})[track.next] = piece
            self._characters += len(piece.text)
        return piece

    def restore(self, source: Source, track: Track) -> None:
        """Put back all pieces of a track that were taken."""
        self._pending.setdefault((source, track.key), {}).update(self._taken.pop((source, track.key), {}))

    def drop(self, source: Source, key: str) -> None:
        """Remove the pieces of a track."""
        self._pending.pop((source, key), None)

    def first_index(self, source: Source, key: str) -> int:
        """Return the smallest index that waits; 0: none does."""
        return min(self._pending.get((source, key), {}), default=0)

    def first(self, source: Source, key: str) -> Piece | None:
        """Return the piece with the smallest index."""
        return self._pending.get((source, key), {}).get(self.first_index(source, key))

    def is_complete(self, source: Source, key: str, start: int, end: int) -> bool:
        """Return whether all pieces from ``start`` to ``end`` wait."""
        pending = self._pending.get((source, key), {})
        return all(index in pending for index in range(start, end + 1))

    def is_within(self, source: Source, key: str, text: str) -> bool:
        """Return whether all pieces of a track that wait are in a text without white space."""
        pieces = self._pending.get((source, key), {}).values()
        return bool(pieces) and all(text_match.compact(piece.text) in text for piece in pieces)

    def beginning(self, source: Source, key: str) -> tuple[str, bool]:
        """Return the text that waits from the first piece on, without white space, and whether it is complete."""
        pending = self._pending.get((source, key), {})
        texts: list[str] = []
        final = False
        while not final and (piece := pending.get(len(texts))) is not None:
            texts.append(piece.text)
            final = piece.final
        return text_match.compact("".join(texts)), final

    def ahead(self, message: Message) -> str:
        """Return the text of a message of which nothing was spoken, as far as it waits, without white space."""
        whole = text_match.compact(self.whole.get(message.id, ""))
        display = self.beginning("display", message.display.key)[0] if message.display else ""
        stream = self.beginning("stream", message.stream.key)[0] if message.stream else ""
        return max(whole, display, stream, key=len)

    def say(self, name: str, text: str) -> None:
        """Append what is spoken of a message."""
        self.said[name] = self.said.get(name, "") + text_match.compact(text)
        self._characters += len(text)
        if text:
            (self._blank.add if text[-1].isspace() else self._blank.discard)(name)

    def ends_blank(self, name: str) -> bool:
        """Return whether the last spoken character of a message is white space."""
        return name in self._blank

    def forget(self) -> None:
        """Forget what was spoken."""
        self.said.clear()
        self._taken.clear()
        self._characters = 0
