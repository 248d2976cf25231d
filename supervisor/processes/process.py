"""One worker process: started, watched, ended and reaped. The seam to the operating system's processes.

A worker is a fresh interpreter (a fork would copy locks that threads hold) in a session of its own, so that Ctrl-C in
the terminal does not reach it, with nothing on stdin, where a library might read. We read two pipes: one has its log
lines, the other what it, its libraries and their programs print to stdout and stderr.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicestream import telemetry
from voicestream.config.engine_settings import EngineSettings
from voicestream.protocol import lifeline
from voicestream.protocol.transport import POOL_VARIABLE, WORKER_KEY_VARIABLE, worker_name

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

    from voicestream.protocol.messages import Role

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Read by numeric libraries when they are imported; unlimited, every worker would take all cores."""

FULL_CORES: Final = 2
"""So few are not shared out: a translation and its voice follow each other more often than they meet."""

WAITING_VARIABLES: Final = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for each other sleep. Otherwise they spin, and on a machine that is busy with something else each
takes from the other the processor it waits for: there, XTTS took 9.7 s with two threads for what it does in 1.4 s."""

MPS_VARIABLES: Final = {"PYTORCH_ENABLE_MPS_FALLBACK": "1"}
"""XTTS uses an operator that Apple's GPU backend lacks."""

KEY_BYTES: Final = 8
"""Of the random part of a worker's name."""


@dataclass(frozen=True)
class Launch:
    """What a worker is started with."""

    role: Role
    incarnation: int
    hub: Path
    engine: str
    pool: int | str | None
    """The audio pool: its name, or the descriptor of one without, which only the roles that touch sound get."""
    threads: int
    """For numeric libraries, unless the user has set them."""
    settings: EngineSettings = field(default_factory=EngineSettings)
    """For neural engines."""
    language: str = ""
    """Base language that a voice engine chosen by ``auto`` is to speak; empty = any."""


def environment_for(launch: Launch, inherited: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment: the user's own settings win, but for privacy and for what a session has asked for."""
    ours = dict.fromkeys(THREAD_VARIABLES, str(launch.threads)) | WAITING_VARIABLES | MPS_VARIABLES
    promised = {**telemetry.OFF, **telemetry.OFFLINE}
    return ours | dict(inherited) | promised | launch.settings.environment()


def threads_for(cores: int) -> int:
    """How many threads a numeric library gets in a worker: half of the cores, but two where there are two."""
    return max(min(cores, FULL_CORES), cores // 2)


def _two_pipes() -> tuple[int, int, int, int]:
    """Two pipes: read end, write end, read end, write end.

    Raises:
        OSError: there are no descriptors for both.
    """
    first = os.pipe()
    try:
        return *first, *os.pipe()
    except OSError:
        for end in first:
            os.close(end)
        raise


class WorkerProcess:
    """A running worker, from its start until it is reaped."""

    def __init__(self, launch: Launch) -> None:
        """Start it. Call from the main thread only: its death signal is tied to the calling thread.

        Raises:
            OSError: the process could not be started.
        """
        self.launch: Final = launch
        key = secrets.token_hex(KEY_BYTES)
        self.identity: Final = worker_name(launch.role, launch.incarnation, key).encode()
        """Its name on the hub."""
        ours, theirs = lifeline.make()
        try:
            output_read, output_write, log_read, log_write = _two_pipes()
        except OSError:
            ours.close()
            theirs.close()
            raise
        command = [
            sys.executable,
            # Not the current directory: that is the agent's project, whose files must never be imported.
            "-P",
            "-m",
            f"voicestream.workers.{launch.role}",
            f"--incarnation={launch.incarnation}",
            f"--hub={launch.hub}",
            f"--parent-pid={os.getpid()}",
            f"--lifeline={theirs.fileno()}",
            f"--engine={launch.engine}",
            f"--language={launch.language}",
            f"--log={log_write}",
        ]
        inherited = [theirs.fileno(), log_write]
        if isinstance(launch.pool, int):
            inherited.append(launch.pool)
        # By the environment, because everybody on the machine can read a command line.
        private = {WORKER_KEY_VARIABLE: key, POOL_VARIABLE: "" if launch.pool is None else str(launch.pool)}
        try:
            self._popen: Final = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output_write,
                stderr=output_write,
                cwd="/",
                env=environment_for(launch, os.environ) | private,
                start_new_session=True,
                pass_fds=inherited,
            )
        except OSError:
            ours.close()
            os.close(output_read)
            os.close(log_read)
            raise
        finally:
            theirs.close()
            os.close(output_write)
            os.close(log_write)
        os.set_blocking(output_read, False)
        os.set_blocking(log_read, False)
        self.lifeline: Final[socket.socket] = ours
        self.output: Final = output_read
        """What it prints; non-blocking."""
        self.log: Final = log_read
        """What it logs; non-blocking."""

    @property
    def pid(self) -> int:
        """Its process id; cannot be somebody else's before it is reaped."""
        return self._popen.pid

    def reap(self) -> int | None:
        """Its exit status once it has ended (negative: a signal), else None; never waits."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal_group(signal.SIGTERM)

    def kill(self) -> None:
        """End it and whatever it started; a stopped process is ended by this, too."""
        self._signal_group(signal.SIGKILL)

    def close(self) -> None:
        """After reaping: let go of its lifeline, log and output, and end what it may have left in its group."""
        self._signal_group(signal.SIGKILL)
        self.lifeline.close()
        os.close(self.output)
        os.close(self.log)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._popen.pid, number)
        except ProcessLookupError:
            pass  # it and all it started are gone
        except PermissionError:
            # macOS answers so for a group of which only the zombie is left.
            pass


def describe_exit(status: int) -> str:
    """An exit status in words: ``exit 0``, ``SIGKILL``."""
    if status >= 0:
        return f"exit {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
