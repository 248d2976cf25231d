"""Stdin reader thread: reads the agent's output as fast as it arrives.

An agent whose output is not read blocks after one pipe buffer, or is killed by SIGPIPE. Reading therefore has a thread
of its own, which starts first and ends last. Copying to stdout (``--tee``) has another, so that a slow reader of ours
does not slow down the agent.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import threading
from typing import TYPE_CHECKING, Final

from voicestream.client.backlog import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES: Final = 1 << 18


class StdinDrain:
    """Drain of ``descriptor`` into ``backlog``, up to its end."""

    def __init__(self, descriptor: int, wake: Callable[[], None], tee: int | None = None) -> None:
        """Initialize; reads nothing before ``start``.

        Args:
            descriptor: of the agent's output.
            wake: called after each piece and at the end, from the reading thread.
            tee: descriptor to which everything is passed on unchanged, if any.
        """
        self.backlog: Final = Backlog()
        self.ended: Final = threading.Event()
        """Set at the end of input; the backlog is then complete."""
        self.finished: Final = threading.Event()
        """Set when all input is read, and copied if that was requested."""
        self.tee_failed: Final = threading.Event()
        """Set when copying has failed."""
        self.tee_failure: OSError | None = None
        """Error that ended copying."""
        self.descriptor: Final = descriptor
        self._wake = wake
        self._tee_descriptor = tee
        self._tee: Backlog | None = Backlog() if tee is not None else None
        self._tee_read_bytes = 0
        self._tee_written_bytes = 0
        self._tee_news = threading.Event()
        self._discard = threading.Event()
        self._is_started = False
        self._threads = [threading.Thread(target=self._read, name="stdin", daemon=True)]
        if tee is not None:
            self._threads.append(threading.Thread(target=self._pass_on, name="tee", daemon=True))

    def start(self) -> None:
        """Start reading, if not started yet."""
        if not self._is_started:
            self._is_started = True
            for thread in self._threads:
                thread.start()

    def discard(self) -> None:
        """Keep reading but drop everything: the agent must not block, and nothing is spoken any longer."""
        self._discard.set()
        self.backlog.close()

    @property
    def has_blocking_writer(self) -> bool:
        """Return whether a writer would block if nobody read: the input is a pipe or a socket."""
        try:
            mode = os.fstat(self.descriptor).st_mode
        except OSError:
            return False
        return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)

    @property
    def is_passing_on(self) -> bool:
        """Return whether ``--tee`` still has a reader."""
        return self._tee is not None and not self.tee_failed.is_set()

    @property
    def tee_lost_bytes(self) -> int:
        """Return the bytes read and not copied so far; after the end, those lost for lack of room or of a reader.

        Bytes that a reader does not want, because it closed its end, do not count.
        """
        if self.tee_failure is not None and self.tee_failure.errno == errno.EPIPE:
            return 0
        return self._tee_read_bytes - self._tee_written_bytes

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.descriptor, READ_BYTES)
            except BlockingIOError:
                # A terminal or another program has made our end non-blocking.
                select.select([self.descriptor], [], [])
                continue
            except OSError:
                # The terminal was closed or hung up: end of input.
                data = b""
            if not data:
                break
            if self._tee is not None:
                self._tee_read_bytes += len(data)
                self._tee.append(data)
                self._tee_news.set()
            if not self._discard.is_set():
                self.backlog.append(data)
                self._wake()
        self.ended.set()
        if self._tee is None:
            self.finished.set()
        self._tee_news.set()
        self._wake()

    def _pass_on(self) -> None:
        if self._tee is None or self._tee_descriptor is None:
            return
        while True:
            self._tee_news.wait()
            self._tee_news.clear()
            while data := self._tee.take(READ_BYTES):
                if self.tee_failed.is_set():
                    continue
                try:
                    self._write_tee(self._tee_descriptor, data)
                except OSError as error:
                    self.tee_failure = error
                    self.tee_failed.set()
                    self._wake()
            if self.ended.is_set() and not len(self._tee):
                self.finished.set()
                self._wake()
                return

    def _write_tee(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                written = os.write(descriptor, view)
            except BlockingIOError:
                select.select([], [descriptor], [])
                continue
            self._tee_written_bytes += written
            view = view[written:]
