"""Backlog: input read from the agent and not yet sent, in memory and then on disk.

The agent must not wait for us, so its output is always read at once. Up to ``MEMORY_BYTES`` stay in memory; the rest
goes to an unnamed temporary file, which ends with the process.
"""

from __future__ import annotations

import collections
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from io import FileIO

MEMORY_BYTES: Final = 64 << 20
"""More than an agent prints in a session as long as the supervisor reads."""


class Backlog:
    """FIFO of bytes; one thread appends, another takes."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._limit = memory_bytes
        self._lock = threading.Lock()
        self._memory: collections.deque[bytes] = collections.deque()
        self._in_memory = 0
        self._file: FileIO | None = None
        self._in_file = 0
        self._file_read = 0
        self.lost_bytes: int = 0
        """Bytes lost because both memory and disk were full."""

    def __len__(self) -> int:
        """Return the number of waiting bytes."""
        with self._lock:
            return self._in_memory + self._in_file

    def append(self, data: bytes) -> None:
        """Append bytes; waits for nothing but the disk."""
        if not data:
            return  # ``take`` returns an empty piece for an empty backlog
        with self._lock:
            if not self._in_file and self._in_memory + len(data) <= self._limit:
                self._memory.append(data)
                self._in_memory += len(data)
                return
            try:
                if self._file is None:
                    import tempfile  # noqa: PLC0415 - few sessions need it, and reading begins before all else

                    # Unbuffered: the error of a buffer that a full disk refused would be raised by the next read.
                    self._file = tempfile.TemporaryFile(buffering=0, prefix="voicestream-input-")  # noqa: SIM115 - lives as long as this
                self._write(self._file, data)
            except OSError:
                # Disk full: losing words is bad, blocking the agent is worse. Lost bytes are counted and reported.
                self.lost_bytes += len(data)
            else:
                self._in_file += len(data)

    def take(self, most: int) -> bytes:
        """Return the next bytes, at most ``most``; empty if there are none."""
        with self._lock:
            if self._memory:
                return self._take_from_memory(most)
            if self._file is None or not self._in_file:
                return b""
            self._file.seek(self._file_read)
            data = self._file.read(min(most, self._in_file))
            self._file_read += len(data)
            self._in_file -= len(data)
            if not self._in_file:
                self._file.seek(0)
                self._file.truncate()
                self._file_read = 0
            return data

    def close(self) -> None:
        """Drop the rest and close the file."""
        with self._lock:
            self._memory.clear()
            self._in_memory = self._in_file = self._file_read = 0
            if self._file is not None:
                self._file.close()
                self._file = None

    def _write(self, file: FileIO, data: bytes) -> None:
        """Append to the file; after an error the counted content of the file is unchanged."""
        file.seek(self._file_read + self._in_file)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]

    def _take_from_memory(self, most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while self._memory and size < most:
            part = self._memory.popleft()
            if size + len(part) > most:
                self._memory.appendleft(part[most - size :])
                part = part[: most - size]
            parts.append(part)
            size += len(part)
        self._in_memory -= size
        return b"".join(parts)
