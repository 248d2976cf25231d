"""Signal handling of a client, installed before anything that can block.

Until there is a session, a signal raises ``Interrupted`` wherever the main thread is. From then on it is recorded and
wakes the loop that serves the session, which closes it at the supervisor.
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
    """A signal that ends this process; not an ``Exception``, so that no handler takes it for a failure."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.exit_code: Final = _EXIT_ON_SIGNAL + number


class Interruption:
    """Receiver of signals, which also wakes the main thread; a context manager, main thread only."""

    def __init__(self) -> None:
        # Open for the life of the process: a thread that reads input may wake the main thread at any time.
        self.wake_descriptor, self._wake_end = os.pipe()
        """Descriptor to poll; call ``clear`` before checking for changes."""
        for end in (self.wake_descriptor, self._wake_end):
            os.set_blocking(end, False)
        self._received: list[signal.Signals] = []
        self._raises = True
        self._handlers_before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # In this order: a signal between the two would be recorded without waking the loop.
        signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)
        for number in INTERRUPTING:
            # Signals ignored at start stay ignored, as nohup and a shell without job control require.
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
        """Return whether a signal was received."""
        return bool(self._received)

    @property
    def exit_code(self) -> int:
        """Return the exit code for the first signal."""
        return _EXIT_ON_SIGNAL + self._received[0]

    @property
    def number(self) -> signal.Signals:
        """Return the first signal."""
        return self._received[0]

    @property
    def count(self) -> int:
        """Return the number of received signals."""
        return len(self._received)

    def record_only(self) -> None:
        """Only record signals from now on, without raising."""
        self._raises = False

    def wake(self) -> None:
        """Make ``wake_descriptor`` readable, from any thread."""
        with contextlib.suppress(BlockingIOError):  # the pipe is full, so it wakes up anyway
            os.write(self._wake_end, b"\0")

    def clear(self) -> None:
        """Read everything from ``wake_descriptor``."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.wake_descriptor, 4096):
                pass

    def wait_for(self, condition: Callable[[], bool], timeout_seconds: float | None = None) -> bool:
        """Wait until a condition announced by ``wake`` holds; False after a signal or the timeout."""
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
