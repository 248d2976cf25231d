"""Input log of a session, kept until no parser can need it again. Pure.

Input before an acknowledged checkpoint is dropped. After the loss of a parser the next one starts from the checkpoint's
state and gets the remaining input again. Segments and pauses are kept as they arrived, so that both parsers read the
same.
"""

from __future__ import annotations

import collections
import itertools
from typing import Final

from voicestream.protocol.messages import MAX_STATE_BYTES
from voicestream.records import FrozenRecord

MAX_UNREAD_BYTES: Final = 4 << 20
"""Upper bound of the input in transit to the parser (flow control), in bytes."""

MAX_PAUSES: Final = 2
"""Different consecutive pauses that are kept: after a third one the parser has no text left to emit."""


class Piece(FrozenRecord, frozen=True):
    """Segment of input as it arrived."""

    offset: int
    data: bytes
    pause: bool

    @property
    def end(self) -> int:
        """Offset after the segment."""
        return self.offset + len(self.data)


class InputLog:
    """Input of one session since the last checkpoint."""

    def __init__(self) -> None:
        self._pieces: collections.deque[Piece] = collections.deque()
        self._unsent: collections.deque[Piece] = collections.deque()
        self.end: int = 0
        """Number of bytes that arrived."""
        self.received: int = 0
        """Number of bytes that the parser has read."""
        self.checkpoint: int = 0
        self.state: bytes = b""
        self._sent: int = 0
        self._careful_until: int = 0
        self._losses = 0
        self._losses_at = -1
        self.is_skipping: bool = False
        """True if the end of a dropped line has not arrived yet; the parser is not to be opened before."""

    @property
    def under_way(self) -> int:
        """Number of bytes sent to the parser and not acknowledged."""
        return self._sent - self.received

    @property
    def kept_bytes(self) -> int:
        """Number of bytes kept for another parser."""
        return self.end - self.checkpoint

    @property
    def is_all_read(self) -> bool:
        """True if the parser has read everything that arrived."""
        return self.received == self.end

    @property
    def is_all_sent(self) -> bool:
        """True if everything that arrived was sent to the parser."""
        return not self._unsent

    def append(self, offset: int, data: bytes, *, pause: bool) -> bool:
        """Append input; return False if it does not follow the last input."""
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
        """Return the next piece for the parser; None if there is none or enough is in transit."""
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
        """Record that the parser has read up to ``received`` and could resume from ``state`` at ``checkpoint``.

        Returns:
            False for impossible offsets (nothing is changed then).
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
        """Rewind to the checkpoint after the loss of the parser.

        Args:
            count: the input may be the cause. Up to the point of the loss it is sent line by line from now on, so that
                a line that crashes parsers is detected.

        Returns:
            Number of consecutive parsers lost at this checkpoint.
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
        """Drop the line at the checkpoint after ``rewind``; return the number of its bytes dropped so far."""
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
        """Return whether no parser can need the piece; False for a pause at the checkpoint, which may be unread."""
        return piece.end < self.checkpoint or (piece.end == self.checkpoint and bool(piece.data))

    @property
    def _is_paused(self) -> bool:
        """True if the last input was a short pause and a long one: a third adds no information."""
        last = (piece for piece in itertools.islice(reversed(self._pieces), MAX_PAUSES) if piece.end == self.end)
        return sum(piece.pause for piece in last) == MAX_PAUSES

    @property
    def _is_careful(self) -> bool:
        return self._sent < self._careful_until


def _after(piece: Piece, offset: int) -> Piece:
    return Piece(offset=offset, data=piece.data[offset - piece.offset :], pause=piece.pause)
