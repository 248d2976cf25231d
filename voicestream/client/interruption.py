"""Signals that end a client: the first thing it sees to, before anything that can wait.

Until there is a session, a signal raises ``Interrupted`` wherever the main thread is; from then on it is noted and
wakes the loop that serves the session, which says goodbye to the supervisor.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

INTERRUPTING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_EXIT_ON_SIGNAL: Final = 128
"""A shell's convention: 128 + the number of the signal."""


class Interrupted(BaseException):
    """A signal that ends us has come; no ``Exception``, so that nobody takes it for a failure of theirs."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.exit_code: Final = _EXIT_ON_SIGNAL + number


class Interruption:
    """Receives signals, and wakes the main thread for them and for others; a context manager, main thread only."""

    def __init__(self) -> None:
        # Kept open for the life of the process: a thread that reads input may wake us at any time.
        self.wake_descriptor, self._wake_end = os.pipe()
        """To be polled; ``clear`` it before looking at what has changed."""
        for end in (self.wake_descriptor, self._wake_end):
            os.set_blocking(end, False)
        self._received: list[signal.Signals] = []
        self._raises = True
        self._handlers_before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # In this order: a signal that came between the two would be noted, and wake nobody.
        signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)
        for number in INTERRUPTING:
            # What is ignored at the start stays so: that is how nohup and a shell without job control ask for it.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers_before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)

    def __bool__(self) -> bool:
        """Whether a signal has come."""
        return bool(self._received)

    @property
    def exit_code(self) -> int:
        """Of a process that the first signal ends."""
        return _EXIT_ON_SIGNAL + self._received[0]

    @property
    def count(self) -> int:
        """How many signals have come."""
        return len(self._received)

    def only_note(self) -> None:
        """From now on signals raise nothing."""
        self._raises = False

    def wake(self) -> None:
        """Make ``wake_descriptor`` readable; for any thread."""
        with contextlib.suppress(BlockingIOError):  # full: it will wake up anyway
            os.write(self._wake_end, b"\0")

    def clear(self) -> None:
        """Take what has made ``wake_descriptor`` readable."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.wake_descriptor, 4096):
                pass

    def wait_for(self, condition: Callable[[], bool], timeout_seconds: float | None = None) -> bool:
        """Wait until a condition that is told by ``wake`` holds; False when a signal or the time came first."""
        while not condition() and not self:
            if not select.select([self.wake_descriptor], [], [], timeout_seconds)[0]:
                break
            self.clear()
        return condition()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._received.append(signal.Signals(number))
        if self._raises:
            self._raises = False
            raise Interrupted(self._received[-1])
