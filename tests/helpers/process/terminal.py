"""A terminal with a shell in it: what is typed there, and what happens when its window is closed."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_LEADER = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""The leader of a session asks for its terminal, and becomes the shell."""

LOOK_SECONDS = 0.05


class Terminal:
    """Runs a script of ``sh`` in a session of its own, with a pseudo-terminal."""

    def __init__(self, script: str, environment: dict[str, str], cwd: Path, columns: int = 0) -> None:
        """``columns``: cells in a line; 0: the terminal does not say."""
        self._ours, theirs = os.openpty()
        if columns:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        try:
            self.shell = subprocess.Popen(
                [sys.executable, "-I", "-c", _LEADER, "sh", "-c", script],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=environment,
                cwd=cwd,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self.shown = ""
        self._is_open = True
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_open:
            self.close_window()
        self.shell.kill()
        self.shell.wait()

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._ours, keys.encode())

    @property
    def reads_keys(self) -> bool:
        """A program gets each key at once, and none is shown; else lines, with echo."""
        local_modes = termios.tcgetattr(self._ours)[3]
        return not local_modes & (termios.ICANON | termios.ECHO)

    @property
    def reads_lines(self) -> bool:
        """The mode of a terminal with a shell."""
        local_modes = termios.tcgetattr(self._ours)[3]
        return bool(local_modes & termios.ICANON and local_modes & termios.ECHO)

    def close_window(self) -> None:
        """Nobody is at the other end any more."""
        self._is_open = False
        self._reader.join()  # while somebody reads there, the kernel does not take it for closed
        os.close(self._ours)

    def _read(self) -> None:
        while self._is_open:
            if select.select([self._ours], [], [], LOOK_SECONDS)[0]:
                try:
                    self.shown += os.read(self._ours, 4096).decode(errors="replace")
                except OSError:
                    return  # the last program at it has ended
