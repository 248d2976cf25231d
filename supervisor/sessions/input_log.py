"""A session's input, kept until the parser can never need it again. Pure.

What the parser has acknowledged with a checkpoint is dropped; after the loss of a parser the next one starts from the
checkpoint's state and gets the rest again. Cut and pauses stay as they came, so the second reading equals the first.
"""

from __future__ import annotations

import collections
import itertools
from dataclasses import dataclass
from typing import Final

from voicestream.protocol.messages import MAX_STATE_BYTES

MAX_UNREAD_BYTES: Final = 4 << 20
"""Input that is under way to the parser at any time."""

MAX_PAUSES: Final = 2
"""Pauses in a row that differ: after a third one the parser has nothing to give out."""


@dataclass(frozen=True)
class Piece:
    """A segment of input as it arrived."""

    offset: int
    data: bytes
    pause: bool

    @property
    def end(self) -> int:
        """Offset after it."""
        return self.offset + len(self.data)


class InputLog:
    """The input of one session from the last checkpoint on."""

    def __init__(self) -> None:
        self._pieces: collections.deque[Piece] = collections.deque()
        self._unsent: collections.deque[Piece] = collections.deque()
        self.end: int = 0
        """Bytes that arrived."""
        self.received: int = 0
        """Bytes that the parser has read."""
        self.checkpoint: int = 0
        self.state: bytes = b""
        self._sent: int = 0
        self._careful_until: int = 0
        self._losses = 0
        self._losses_at = -1
        self.is_skipping: bool = False
        """Whether the end of a line that was given up has not arrived yet: the parser is not to be opened before."""

    @property
    def under_way(self) -> int:
        """Bytes that were sent and not read yet."""
        return self._sent - self.received

    @property
    def kept_bytes(self) -> int:
        """Bytes that are held for another parser."""
        return self.end - self.checkpoint

    @property
    def is_all_read(self) -> bool:
        """Whether the parser has read everything that arrived."""
        return self.received == self.end

    @property
    def is_all_sent(self) -> bool:
        """Whether everything that arrived is with the parser."""
        return not self._unsent

    def append(self, offset: int, data: bytes, *, pause: bool) -> bool:
        """Take input as it arrives; False when it does not follow what came before."""
        if offset != self.end:
            return False
        self.end += len(data)
        if self.is_skipping:
            line_end = data.find(b"\n") + 1
            dropped = line_end or len(data)
            self.is_skipping = not line_end
            offset, data = offset + dropped, data[dropped:]
            self.checkpoint = self.received = self._sent = offset
            if self.is_skipping:
                return True
        if data or (pause and not self._is_paused):
            piece = Piece(offset=offset, data=data, pause=pause)
            self._pieces.append(piece)
            self._unsent.append(piece)
        return True

    def next_piece(self) -> Piece | None:
        """What to send to the parser now; None when there is nothing or enough is under way."""
        if not self._unsent:
            return None
        if self.under_way and (self.under_way >= MAX_UNREAD_BYTES or self._is_careful):
            return None
        piece = self._unsent.popleft()
        if self._is_careful:
            line_end = piece.data.find(b"\n") + 1
            if 0 < line_end < len(piece.data):
                head, rest = piece.data[:line_end], piece.data[line_end:]
                self._unsent.appendleft(Piece(offset=piece.offset + line_end, data=rest, pause=piece.pause))
                piece = Piece(offset=piece.offset, data=head, pause=False)
        self._sent = piece.end
        return piece

    def acknowledge(self, received: int, checkpoint: int, state: bytes) -> bool:
        """The parser has read up to ``received`` and could go on from ``state`` at ``checkpoint``.

        Returns:
            False when that cannot be (nothing is changed then).
        """
        if not self.checkpoint <= checkpoint <= received <= self._sent or len(state) > MAX_STATE_BYTES:
            return False
        self.received = max(self.received, received)
        self.checkpoint = checkpoint
        self.state = state
        while self._pieces and self._is_over(self._pieces[0]):
            self._pieces.popleft()
        return True

    def rewind(self, *, count: bool) -> int:
        """The parser is gone: the next one gets everything from the checkpoint on.

        Args:
            count: the input may be the cause: up to where it was lost it goes one line at a time from now on, so that a
                line that kills parsers is found.

        Returns:
            How many parsers in a row were lost at this checkpoint.
        """
        if self._losses_at != self.checkpoint:
            self._losses_at = self.checkpoint
            self._losses = 0
        if count:
            self._losses += 1
            self._careful_until = max(self._careful_until, self._sent)
        self._unsent = collections.deque(
            piece if piece.offset >= self.checkpoint else _after(piece, self.checkpoint) for piece in self._pieces
        )
        self._sent = self.checkpoint
        self.received = self.checkpoint
        return self._losses

    def skip_line(self) -> int:
        """After ``rewind``: give up the line at the checkpoint; returns how many bytes of it were dropped so far."""
        dropped = 0
        self.is_skipping = True
        while self._unsent:
            piece = self._unsent.popleft()
            line_end = piece.data.find(b"\n") + 1
            taken = line_end or len(piece.data)
            dropped += taken
            if line_end:
                self.is_skipping = False
                if line_end < len(piece.data):
                    self._unsent.appendleft(_after(piece, piece.offset + line_end))
                break
        self.checkpoint += dropped
        self.received = self._sent = self.checkpoint
        self._pieces = collections.deque(self._unsent)
        self._losses = 0
        return dropped

    def _is_over(self, piece: Piece) -> bool:
        """Whether no parser can need the piece. A bare pause at the checkpoint may not have been read: it is kept."""
        return piece.end < self.checkpoint or (piece.end == self.checkpoint and bool(piece.data))

    @property
    def _is_paused(self) -> bool:
        """Whether the last things that arrived were two pauses, a short and a long one: a third says nothing new."""
        last = (piece for piece in itertools.islice(reversed(self._pieces), MAX_PAUSES) if piece.end == self.end)
        return sum(piece.pause for piece in last) == MAX_PAUSES

    @property
    def _is_careful(self) -> bool:
        return self._sent < self._careful_until


def _after(piece: Piece, offset: int) -> Piece:
    return Piece(offset=offset, data=piece.data[offset - piece.offset :], pause=piece.pause)
