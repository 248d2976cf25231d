"""Queued writer: a bounded queue before a descriptor, so that its users never wait for its reader.

A pipe, a terminal or a file system may accept bytes late or never. Each output of a client therefore has a writing
thread behind a queue with a fixed limit. Pieces that find no room, and pieces not read at the end, are counted.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import io
import os
import select
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TextIO

    from _typeshed import ReadableBuffer

WRITE_BYTES: Final = 4096
"""Bytes per write: PIPE_BUF, so that a slow reader can be told from a stopped one."""

POLL_SECONDS: Final = 0.05

STARVED_SECONDS: Final = 5.0
"""Extra time for a writing thread that gets no processor while the reader has room."""

STDERR: Final = 2

STDERR_LIMIT_BYTES: Final = 1 << 20
"""Limit of text for people that waits for a terminal or pipe."""


class QueuedWriter:
    """Writer of whole pieces in order; ``put`` may be called from several threads."""

    def __init__(self, open_descriptor: Callable[[], int], limit_bytes: int, *, owns_descriptor: bool = False) -> None:
        """Start writing.

        Args:
            open_descriptor: called in the writing thread; may wait (a FIFO that nobody has opened yet), may raise
                ``OSError``.
            limit_bytes: how much may wait; a piece that would exceed it is lost.
            owns_descriptor: close it at the end.
        """
        self._open_descriptor = open_descriptor
        self._limit_bytes = limit_bytes
        self._owns_descriptor = owns_descriptor
        self._changed = threading.Condition()
        self._pieces: collections.deque[bytes] = collections.deque()
        self._is_writing = False
        """True while a piece taken from ``_pieces`` is not written completely."""
        self._waiting_bytes = 0
        self._written_bytes = 0
        self._is_ended = False
        self._descriptor: int | None = None
        self.opened: Final = threading.Event()
        """Set when the descriptor is open, or could not be opened."""
        self.failure: OSError | None = None
        """Error that ended writing."""
        self.lost_pieces: int = 0
        """Number of pieces not written, or not completely."""
        threading.Thread(target=self._write_all, name="writer", daemon=True).start()

    @property
    def has_no_reader(self) -> bool:
        """Return whether the reader closed its end, as with ``… | head``; that is not a failure."""
        return self.failure is not None and self.failure.errno == errno.EPIPE

    def put(self, piece: bytes, *, may_exceed: bool = False) -> None:
        """Queue a piece if there is room; never blocks. ``may_exceed``: ignore the limit."""
        if not piece:
            return
        with self._changed:
            has_room = may_exceed or self._waiting_bytes + len(piece) <= self._limit_bytes
            if self.failure or self._is_ended or not has_room:
                self.lost_pieces += 1
                return
            self._pieces.append(piece)
            self._waiting_bytes += len(piece)
            self._changed.notify_all()

    def flush(self, timeout_seconds: float, is_given_up: Callable[[], bool] = bool) -> bool:
        """Wait until everything is written; False on timeout.

        Args:
            timeout_seconds: time without any read by the reader.
            is_given_up: ends the wait at once.
        """
        with self._changed:
            written_bytes = self._written_bytes
            give_up_at = time.monotonic() + timeout_seconds
            while self._waiting_bytes and self.failure is None:
                self._changed.wait(POLL_SECONDS)
                if self._written_bytes != written_bytes:
                    written_bytes = self._written_bytes
                    give_up_at = time.monotonic() + timeout_seconds
                elif is_given_up() or (time.monotonic() >= give_up_at and not self._has_room(give_up_at)):
                    break
            return self.failure is None and not self._waiting_bytes

    def _has_room(self, since: float) -> bool:
        """Return whether the reader has room, so that our own thread is the late one on a busy machine."""
        if self._descriptor is None or time.monotonic() >= since + STARVED_SECONDS:
            return False
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return any(events & select.POLLOUT for _, events in poll.poll(0))

    def close(self) -> None:
        """Stop writing; queued pieces are lost."""
        with self._changed:
            self._is_ended = True
            self._drop_all()
            self._changed.notify_all()

    def _drop_all(self) -> None:
        self.lost_pieces += len(self._pieces) + self._is_writing
        self._pieces.clear()
        self._is_writing = False
        self._waiting_bytes = 0

    def _write_all(self) -> None:
        try:
            descriptor = self._descriptor = self._open_descriptor()
        except OSError as error:
            self._fail(error)
            self.opened.set()
            return
        self.opened.set()
        try:
            while piece := self._next_piece():
                self._write(descriptor, piece)
        except OSError as error:
            self._fail(error)
        finally:
            if self._owns_descriptor:
                os.close(descriptor)

    def _next_piece(self) -> bytes:
        """Wait for the next piece; empty at the end."""
        with self._changed:
            self._is_writing = False
            self._changed.wait_for(lambda: self._pieces or self._is_ended)
            if not self._pieces:
                return b""
            self._is_writing = True
            return self._pieces.popleft()

    def _write(self, descriptor: int, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            try:
                written = os.write(descriptor, view[:WRITE_BYTES])
            except BlockingIOError:
                # Another process that shares the descriptor has made it non-blocking.
                select.select([], [descriptor], [])
                continue
            view = view[written:]
            with self._changed:
                if self._is_ended:
                    return  # already counted
                self._written_bytes += written
                self._waiting_bytes -= written
                self._is_writing = bool(view)
                self._changed.notify_all()

    def _fail(self, error: OSError) -> None:
        with self._changed:
            self.failure = error
            self._drop_all()
            self._changed.notify_all()


class _QueueFile(io.RawIOBase):
    """File object that writes text to the queue and otherwise behaves like stderr."""

    name = "<stderr>"

    def __init__(self, writer: QueuedWriter) -> None:
        super().__init__()
        self._writer = writer

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return STDERR

    def isatty(self) -> bool:
        return os.isatty(STDERR)

    def write(self, data: ReadableBuffer, /) -> int:
        piece = bytes(data)
        self._writer.put(piece)
        return len(piece)


@contextlib.contextmanager
def queued_stderr() -> Generator[QueuedWriter]:
    """Redirect ``sys.stderr`` of this process to a queue, which the caller flushes."""
    writer = QueuedWriter(lambda: STDERR, STDERR_LIMIT_BYTES)
    before = cast("TextIO | None", sys.stderr)
    encoding = before.encoding if before is not None else "utf-8"
    sys.stderr = io.TextIOWrapper(
        _QueueFile(writer),
        encoding=encoding,
        errors="backslashreplace",
        write_through=True,
    )
    try:
        yield writer
    finally:
        sys.stderr = cast("TextIO", before)
        writer.close()
