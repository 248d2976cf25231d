"""Recorder: writes the history in a thread of its own, behind a bounded queue, so that its user never waits for a disk.

Each line is appended with one write. A line that was written in part only, as on a full disk, is taken back, so a file
always consists of whole lines. Lines that could not be written are counted.
"""

from __future__ import annotations

import collections
import errno
import os
import threading
from typing import TYPE_CHECKING, Final

from voicestream.history import store
from voicestream.history.record import CutLine, Opened, encode
from voicestream.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicestream.history.record import AnyLine

QUEUE_LINES: Final = 10_000
"""Limit of queued lines."""

_CLOSING_BYTES: Final = 1024
"""Bound of the last line."""

CLOSE_SECONDS: Final = 1.0
"""Timeout for writing what is queued at the end."""


class _File(Record):
    """File of one session."""

    descriptor: int = -1
    """-1: it could not be created."""
    size: int = 0
    is_cut: bool = False
    lost_lines: int = 0


class Recorder:
    """Writer of all open sessions; its methods may be called from one thread and do not block."""

    def __init__(self, directory: Callable[[], Path] = store.directory) -> None:
        """Initialize; the thread starts with the first session.

        Args:
            directory: returns the directory of the history.
        """
        self._directory = directory
        self._changed = threading.Condition()
        self._queue: collections.deque[Callable[[], None]] = collections.deque()
        self._is_ended = False
        self._is_idle = True
        self._thread: threading.Thread | None = None
        self._files: dict[str, _File] = {}
        """Files of open sessions; of the thread only."""
        self.failures: Final[collections.deque[tuple[str, str]]] = collections.deque(maxlen=100)
        """Sessions and the reason why something of them was not recorded, each once."""
        self.lost: int = 0
        """Number of lines that found no room in the queue."""

    def open(self, session: str, days: float, *, language: str, source: str) -> None:
        """Begin the record of a session, and remove records older than so many days.

        Args:
            session: its id at the supervisor.
            days: greatest age of other records.
            language: BCP-47 tag of the spoken language.
            source: BCP-47 tag of the agent's language.
        """
        line = Opened(started=store.now().isoformat(timespec="seconds"), language=language, source=source)
        self._put(session, lambda: self._open(session, line, days))

    def append(self, session: str, line: AnyLine) -> None:
        """Append a line to the record of a session."""
        self._put(session, lambda: self._append(session, line))

    def close_session(self, session: str, closing: Callable[[int], AnyLine]) -> None:
        """End the record of a session; ``closing`` returns the last line, given the number of lost lines."""
        self._put(session, lambda: self._close(session, closing))

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> bool:
        """Write what is queued and end; False on timeout."""
        with self._changed:
            done = self._changed.wait_for(lambda: self._is_idle and not self._queue, timeout_seconds)
            self._is_ended = True
            self._changed.notify_all()
        return done

    def _put(self, session: str, work: Callable[[], None]) -> None:
        with self._changed:
            if len(self._queue) >= QUEUE_LINES:
                if not self.lost:
                    self.failures.append((session, "the disk does not answer"))
                self.lost += 1
                return
            self._queue.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="history", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._is_idle = not self._queue
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._queue or self._is_ended)
                if not self._queue:
                    break
                self._is_idle = False
                work = self._queue.popleft()
            work()
        for file in self._files.values():
            if file.descriptor >= 0:
                os.close(file.descriptor)

    def _open(self, session: str, line: Opened, days: float) -> None:
        file = self._files[session] = _File()
        try:
            with store.PrivateDirectory(self._directory(), create=True) as directory:
                directory.prune(days)
                file.descriptor = directory.create()
        except OSError as error:
            self.failures.append((session, store.reason(error)))
            return
        self._write(session, file, encode(line))

    def _append(self, session: str, line: AnyLine) -> None:
        file = self._files.get(session)
        if file is None or file.descriptor < 0 or file.is_cut:
            return
        data, cut = encode(line), encode(CutLine())
        # Room for the last two lines is kept.
        if file.size + len(data) > store.MAX_FILE_BYTES - 2 * len(cut) - _CLOSING_BYTES:
            file.is_cut = True
            data = cut
        self._write(session, file, data)

    def _close(self, session: str, closing: Callable[[int], AnyLine]) -> None:
        file = self._files.pop(session, None)
        if file is None or file.descriptor < 0:
            return
        self._write(session, file, encode(closing(file.lost_lines)))
        os.close(file.descriptor)

    def _write(self, session: str, file: _File, data: bytes) -> None:
        try:
            written = os.write(file.descriptor, data)
            if written < len(data):
                os.ftruncate(file.descriptor, file.size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301 - handled like that of the system
        except OSError as error:
            if not file.lost_lines:
                self.failures.append((session, store.reason(error)))
            file.lost_lines += 1
        else:
            file.size += written
