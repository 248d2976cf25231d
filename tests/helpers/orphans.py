"""The end of all that a test runner started, when the runner ends in whatever way.

Each runner (and each process of pytest-xdist) has a guard: a small process that holds the other end of a pipe. When the
runner ends, also by SIGKILL, the guard reads the end of the pipe and kills every process that carries the runner's mark
in its environment: supervisors in sessions of their own, workers, agents, sound servers, other runners.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

MARK: Final = "XDG_TEST_RUNNER"
"""A supervisor takes along all variables with this beginning, and a place (`helpers.running`) leaves it as it is."""

ROUNDS: Final = 200
PAUSE_SECONDS: Final = 0.05
"""Until nothing is left for some rounds: a process that is being started carries the mark a moment later."""

QUIET_ROUNDS: Final = 3


class _Guard:
    process: subprocess.Popen[bytes] | None = None


def pytest_configure() -> None:
    """Start the guard of this process, once."""
    if _Guard.process is not None or not Path("/proc/self/environ").exists():
        return
    mark = f"{os.getpid()}.{os.urandom(8).hex()}"
    _Guard.process = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # It outlives the runner, and Ctrl-C is none of its business.
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != MARK},
    )
    os.environ[MARK] = mark


def marked(mark: str) -> list[int]:
    """Return the living processes that carry a mark."""
    wanted = f"{MARK}={mark}".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
                is_dead = (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            except OSError:  # it has ended, or belongs to somebody else
                continue
            if wanted in variables and not is_dead:
                found.append(int(entry.name))
    return found


def main() -> None:
    """Wait for the end of the runner, then end what it left."""
    import signal
    import time

    while os.read(0, 4096):
        pass
    quiet = 0
    for _ in range(ROUNDS):
        left = marked(sys.argv[1])
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        quiet = 0 if left else quiet + 1
        if quiet >= QUIET_ROUNDS:
            return
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
