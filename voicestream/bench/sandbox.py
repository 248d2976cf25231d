"""Sandbox of a benchmark: run directory, logs and settings apart from the user's, deleted at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import psutil

from voicestream import log
from voicestream.bench.driven_run import DrivenRun
from voicestream.config import config_file
from voicestream.errors import VoicestreamError
from voicestream.protocol import hook_socket

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

KEEP_ALIVE_SECONDS: Final = 5.0
"""Keep-alive time of a supervisor, which ends it if the benchmark is killed."""

END_SECONDS: Final = 5.0
"""Timeout for started processes to end before they are killed."""

POLL_SECONDS: Final = 0.05
"""Between two looks at all processes of the machine, which take some milliseconds each."""

COMMAND: Final = (sys.executable, "-P", "-m", "voicestream")


class Sandbox:
    """Context manager; everything it started ends with it."""

    def __init__(self) -> None:
        """Create the directories."""
        self.home: Final = Path(tempfile.mkdtemp(prefix="vs-bench-", dir=_root()))
        self.runtime: Final = self.home / "run"
        ours = {
            hook_socket.ENVIRONMENT_VARIABLE: str(self.runtime),
            log.ENVIRONMENT_VARIABLE: str(self.home / "log"),
            config_file.ENVIRONMENT_VARIABLE: str(self.home / "config.toml"),
            "VOICESTREAM_HISTORY": "false",
            # Temporary files of libraries are deleted with it.
            "TMPDIR": str(self.home),
        }
        self.environment: Final = {
            **{name: value for name, value in os.environ.items() if not _is_left_out(name)},
            **ours,
        }
        self._runs: list[DrivenRun] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_all()
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *options: str, environment: Mapping[str, str] | None = None) -> DrivenRun:
        """Start a ``voicestream run`` whose events are read by the benchmark."""
        command = [*COMMAND, "run", "--events", "-", "--quiet", *options]
        driven = DrivenRun(command, {**self.environment, **(environment or {})}, self.home)
        self._runs.append(driven)
        return driven

    def supervisor(self) -> psutil.Process | None:
        """Return the supervisor of this sandbox, if there is one."""
        return next((p for p in self.processes() if "voicestream.supervisor" in _command_line(p)), None)

    def processes(self) -> list[psutil.Process]:
        """Return the supervisor and the workers of this sandbox."""
        mark = str(self.runtime)
        return [p for p in psutil.process_iter() if any(mark in part for part in _command_line(p))]

    def end_all(self) -> None:
        """End every run, then the supervisor and its workers; kill them after a timeout."""
        for run in self._runs:
            run.close()
        self._runs.clear()
        if not self.processes():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [*COMMAND, "down"],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=END_SECONDS,
                check=False,
            )
        deadline = time.monotonic() + END_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def wait_until_empty(self) -> None:
        """Wait for the supervisor and its workers to end by themselves.

        Raises:
            VoicestreamError: they do not.
        """
        deadline = time.monotonic() + END_SECONDS
        while left := self.processes():
            if time.monotonic() > deadline:
                raise VoicestreamError(f"{len(left)} processes are left {END_SECONDS:.0f} s after their session")
            time.sleep(POLL_SECONDS)


def _root() -> str:
    """Return the parent of temporary directories: the default, if a socket path fits there (not on macOS)."""
    root = tempfile.gettempdir()
    longest = f"{root}/vs-bench-12345678/sound/native"
    fits = len(os.fsencode(longest)) <= hook_socket.MAX_SOCKET_PATH_BYTES
    return root if fits else "/tmp"  # noqa: S108 - mkdtemp makes a name of its own there, mode 0700


def _is_left_out(variable: str) -> bool:
    """Return whether a variable would affect the measurement: the user's settings, and disabled bytecode caches."""
    return variable.startswith("VOICESTREAM_") or variable == "PYTHONDONTWRITEBYTECODE"


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # it has ended, or belongs to another user
