"""Keys of the controlling terminal, read while stdin is the agent's pipe.

The terminal is in a mode without echo and lines only while this process group is in the foreground, and its mode is
restored at every end but SIGKILL, and before the process stops. The two job control signals of a background process
are blocked around each call, so that it gets an error instead of being stopped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
from typing import TYPE_CHECKING, Any, Final, Self

from voicestream.client.keyboard.key_decoder import KeyDecoder

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from voicestream.client.keyboard.key_decoder import Key

POLL_SECONDS: Final = 1.0
"""Poll interval in the background: a shell does not tell a running process that it is in the foreground now."""

_STDIN: Final = 0
_STDERR: Final = 2
_READ_BYTES: Final = 256
_LOCAL_MODES: Final = 3
_CHARACTERS: Final = 6
"""Indexes in the attributes of ``termios``: local modes and control characters."""


class TerminalKeys:
    """Keys of a terminal; a context manager, main thread only."""

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor of the terminal, non-blocking, which is closed at the end."""
        self._terminal = descriptor
        self._decoder = KeyDecoder()
        self._mode_before: list[Any] | None = None
        """Mode to be restored; None while the mode is not ours."""
        self._is_over = False

    @classmethod
    def open(cls) -> TerminalKeys | None:
        """Open the controlling terminal; None if keys cannot be read there.

        Keys are for a person who sees stderr. A terminal that is stdin gets text.
        """
        if os.isatty(_STDIN) or not sys.stderr.isatty():
            return None
        try:
            # macOS cannot poll /dev/tty.
            path = os.ttyname(_STDERR) if sys.platform == "darwin" else "/dev/tty"
            return cls(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
        except OSError:
            return None  # a process without a terminal

    def __enter__(self) -> Self:
        self.resume()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.suspend()
        self._is_over = True
        os.close(self._terminal)

    @property
    def descriptor(self) -> int | None:
        """Descriptor to poll; None while no keys are read."""
        return self._terminal if self._mode_before is not None else None

    @property
    def wait_seconds(self) -> float | None:
        """Return the time until the next call of ``resume``; None: none is needed."""
        return POLL_SECONDS if self._mode_before is None and not self._is_over else None

    def resume(self) -> None:
        """Read keys from now on if this process group is in the foreground; call it also after SIGCONT."""
        if self._is_over:
            return
        with _without_job_control(), self._until_hangup():
            if os.tcgetpgrp(self._terminal) != os.getpgrp():
                self._mode_before = None  # the shell has a mode of its own now
                return
            mode = termios.tcgetattr(self._terminal)
            if mode[_LOCAL_MODES] & termios.ICANON:
                self._mode_before = [*mode[:_CHARACTERS], [*mode[_CHARACTERS]]]
                mode[_LOCAL_MODES] &= ~(termios.ICANON | termios.ECHO)
                mode[_CHARACTERS][termios.VMIN], mode[_CHARACTERS][termios.VTIME] = 1, 0
                termios.tcsetattr(self._terminal, termios.TCSANOW, mode)

    def suspend(self) -> None:
        """Restore the mode of the terminal."""
        mode, self._mode_before = self._mode_before, None
        if mode is None:
            return
        with _without_job_control(), self._until_hangup():
            if os.tcgetpgrp(self._terminal) == os.getpgrp():
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, mode)

    def read(self) -> list[Key]:
        """Return the keys that were pressed; none without a foreground process group."""
        keys: list[Key] = []
        with _without_job_control(), self._until_hangup():
            try:
                while data := os.read(self._terminal, _READ_BYTES):
                    keys += self._decoder.feed(data)
            except BlockingIOError:
                return keys
        self._mode_before = None  # in the background, or hung up
        return keys

    @contextlib.contextmanager
    def _until_hangup(self) -> Generator[None]:
        """End all reading when the terminal is gone."""
        try:
            yield
        except (OSError, termios.error):
            self._mode_before = None


@contextlib.contextmanager
def _without_job_control() -> Generator[None]:
    """Block SIGTTIN and SIGTTOU: a call that a background process may not make fails."""
    signals = (signal.SIGTTIN, signal.SIGTTOU)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
