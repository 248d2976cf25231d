"""Reads the agent's output as fast as it comes, whatever the rest of the program is doing.

A reader that stops reading freezes the agent after one pipe buffer (pitfall 40). So reading has a thread of its own
that does nothing else, and passing on to stdout (``--tee``) has another: a slow reader of ours must not become a slow
reader of the agent.
"""

from __future__ import annotations

import os
import select
import threading
from typing import TYPE_CHECKING, Final

from voicestream.backlog import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES: Final = 1 << 18


class StdinDrain:
    """Reads ``descriptor`` to its end into ``backlog``."""

    def __init__(self, descriptor: int, wake: Callable[[], None], tee: int | None = None) -> None:
        """Nothing is read before ``start``.

        Args:
            descriptor: of the agent's output.
            wake: called after each piece and at the end, from the reading thread.
            tee: descriptor to which everything is passed on unchanged, if any.
        """
        self.backlog: Final = Backlog()
        self.ended: Final = threading.Event()
        """Set at the end of input; what is in the backlog then is all there is."""
        self.finished: Final = threading.Event()
        """Set when all input is read, and passed on if that was wanted: nothing is left to be done here."""
        self.tee_failed: Final = threading.Event()
        """Set when nobody reads what is passed on any more."""
        self._descriptor = descriptor
        self._wake = wake
        self._tee_descriptor = tee
        self._tee: Backlog | None = Backlog() if tee is not None else None
        self._tee_news = threading.Event()
        self._discard = threading.Event()
        self._threads = [threading.Thread(target=self._read, name="stdin", daemon=True)]
        if tee is not None:
            self._threads.append(threading.Thread(target=self._pass_on, name="tee", daemon=True))

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def discard(self) -> None:
        """Go on reading, but keep nothing: the agent is not to be stopped, and nobody will hear it any more."""
        self._discard.set()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._descriptor, READ_BYTES)
            except BlockingIOError:
                # A terminal or another program has made our end non-blocking.
                select.select([self._descriptor], [], [])
                continue
            except OSError:
                # Closed or a hung-up terminal: there is no more.
                data = b""
            if not data:
                break
            if self._tee is not None:
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
                    _write_all(self._tee_descriptor, data)
                except OSError:
                    self.tee_failed.set()
                    self._wake()
            if self.ended.is_set() and not len(self._tee):
                self.finished.set()
                self._wake()
                return


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            written = os.write(descriptor, view)
        except BlockingIOError:
            select.select([], [descriptor], [])
            continue
        view = view[written:]
