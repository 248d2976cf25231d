"""Deduplication of texts: remembered by position (the id of a message or an item), never by its words alone."""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

import msgspec

_REMEMBERED: Final = 64
"""Texts; copies come within the same turn."""
_IDS_REMEMBERED: Final = 256
"""Unique ids of lines; older lines are known by their time."""


MOST_RECENT: Final = 4096
"""Characters of a streamed text that are kept: the first to compare a shorter copy with, the last until they count."""
LONGEST_KEY: Final = 128
"""Characters of an id that is kept as it is; of a longer one the digest is."""


def key_of(identifier: str) -> str:
    """An id of a message or an item, in a length that a checkpoint can hold."""
    if len(identifier) <= LONGEST_KEY:
        return identifier
    return hashlib.blake2b(identifier.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _checksum(text: str, before: int = 0) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"), before)


class Streamed(msgspec.Struct):
    """A text that comes in pieces: its length and a running checksum, which keep checkpoints small however long it is.

    White space at both ends does not count.
    """

    recent: str = ""
    """The last text, which is not in the checksums yet."""
    passed: int = 0
    """Characters before it."""
    beginning: str = ""
    length: int = 0
    """Of what came before it: characters up to the last word,"""
    checksum: int = 0
    """and their checksum;"""
    all_length: int = 0
    """the same with the white space behind the word."""
    all_checksum: int = 0

    @classmethod
    def of(cls, text: str) -> Streamed:
        """A text in one piece."""
        streamed = cls()
        streamed.add(text)
        return streamed

    def __bool__(self) -> bool:
        """Return whether anything came."""
        return bool(self.recent or self.passed)

    @property
    def size(self) -> int:
        """Characters, white space at both ends included."""
        return self.passed + len(self.recent)

    def add(self, text: str) -> None:
        """The next piece."""
        self.recent += text
        if len(self.recent) > MOST_RECENT:
            self.fold()

    def measure(self) -> tuple[int, int]:
        """Length and checksum."""
        self.fold()
        return self.length, self.checksum

    def fold(self) -> None:
        """Take what came last into the checksums."""
        text, self.recent = self.recent, ""
        self.passed += len(text)
        if not self.all_length:
            text = text.lstrip()
        if not text:
            return
        if len(self.beginning) < MOST_RECENT:
            self.beginning += text[: MOST_RECENT - len(self.beginning)]
        shown = text.rstrip()
        if shown:
            self.length = self.all_length + len(shown)
            self.checksum = self.all_checksum = _checksum(shown, self.all_checksum)
        self.all_length += len(text)
        if len(shown) < len(text):
            self.all_checksum = _checksum(text[len(shown) :], self.all_checksum)

    def rest_of(self, whole: str) -> str | None:
        """The part of a whole text behind the pieces that came before it; None when it is another text."""
        shown = whole.strip()
        length, checksum = self.measure()
        if len(shown) < length:
            return "" if self.beginning.startswith(shown[: len(self.beginning)]) else None
        return shown[length:] if _checksum(shown[:length]) == checksum else None


class Said(msgspec.Struct, frozen=True):
    """One text of one message: its length and a checksum, which keeps checkpoints small."""

    key: str
    length: int
    checksum: int
    is_reported: bool = False
    """Its copy in a report about the whole turn came."""


class Deduplicator(msgspec.Struct):
    """The texts that were said last, by key (see ``key_of``)."""

    said: list[Said] = []

    def remember(self, key: str, text: str | Streamed) -> None:
        """Text was said under this key."""
        if isinstance(text, str):
            text = text.strip()
            length, checksum = len(text), _checksum(text)
        else:
            length, checksum = text.measure()
        if length:
            self.said = [*self.said[1 - _REMEMBERED :], Said(key, length, checksum)]

    def remaining(self, key: str, text: str) -> str:
        """The remaining text under this key, which was not given out yet: "" when all of it was."""
        shown = text.strip()
        for said in reversed(self.said):
            if said.key == key and said.length <= len(shown) and _checksum(shown[: said.length]) == said.checksum:
                return shown[said.length :]
        return text

    def knows(self, key: str) -> bool:
        """Return whether anything was said under this key."""
        return any(said.key == key for said in self.said)

    def report(self, text: str) -> bool:
        """Return whether a text of a turn's report was said; reports come in the order of the turns, one for each.

        A report may come late: behind the words of a turn that began by itself, when a sub-agent had finished.
        """
        shown = text.strip()
        measure = len(shown), _checksum(shown)
        for position, said in enumerate(self.said):
            if not said.is_reported and (said.length, said.checksum) == measure:
                known = self.said[: position + 1]
                self.said[: position + 1] = [msgspec.structs.replace(each, is_reported=True) for each in known]
                return True
        return False

    def was_last(self, text: str) -> bool:
        """Return whether this was the last text said, whatever its key."""
        shown = text.strip()
        return bool(self.said) and self.said[-1].length == len(shown) and self.said[-1].checksum == _checksum(shown)


class Replays(msgspec.Struct):
    """Lines of a file that are written again: known by their unique id, or by a time before that of the last text."""

    latest: str = ""
    """Time of the last text, without its zone."""
    recent: list[int] = []
    """Checksums of the unique ids of the last texts."""

    def is_replay(self, uuid: str | None, timestamp: object) -> bool:
        """Return whether a line with a text was read before; a new one is remembered."""
        time = timestamp.removesuffix("Z") if isinstance(timestamp, str) and timestamp.endswith("Z") else ""
        key = _checksum(uuid) if uuid else 0
        if (key and key in self.recent) or (time and time < self.latest):
            return True
        if key:
            self.recent = [*self.recent[1 - _IDS_REMEMBERED :], key]
        self.latest = max(self.latest, time)
        return False
