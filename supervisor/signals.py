"""Signal queue for the poller: a handler only appends to a list and wakes the loop."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals that end the supervisor. SIGHUP is sent to a supervisor without a terminal when its user logs out."""


class Signals:
    """Collector of the ending signals."""

    def __init__(self) -> None:
        """Install the handlers; main thread only."""
        self.wake, self._wake_write = socket.socketpair()
        self.wake.setblocking(False)
        self._wake_write.setblocking(False)
        self._received: list[signal.Signals] = []
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        for number in ENDING:
            signal.signal(number, self._note)

    def take(self) -> list[signal.Signals]:
        """Return the signals since the last call."""
        try:
            while self.wake.recv(64):
                pass
        except BlockingIOError:
            pass
        received, self._received = self._received, []
        return received

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._received.append(signal.Signals(number))
