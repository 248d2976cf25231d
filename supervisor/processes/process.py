"""Process of one worker: start, signals, pipes and reaping. The interface to the operating system's processes.

A worker is a fresh interpreter, because a fork would copy locks held by threads. It has a session of its own, so that
Ctrl-C in the terminal does not reach it, and an empty stdin, which a library might read. Two pipes carry its log lines,
and the stdout and stderr of it, its libraries and their programs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream import telemetry
from voicestream.config.engine_settings import EngineSettings
from voicestream.protocol import lifeline
from voicestream.protocol.transport import POOL_VARIABLE, WORKER_KEY_VARIABLE, worker_name
from voicestream.records import FrozenRecord

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
"""Environment variables of numeric libraries, read at import; without a limit every worker would use all cores."""

FULL_CORES: Final = 2
"""Number of cores up to which all are given to each worker: translation and tts rarely run at the same time."""

WAITING_VARIABLES: Final = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Settings that make waiting threads sleep.

Spinning threads take the processor from each other on a busy machine: XTTS took 9.7 s with two threads there, and 1.4 s
with sleeping ones.
"""

MPS_VARIABLES: Final = {"PYTORCH_ENABLE_MPS_FALLBACK": "1"}
"""Settings for Apple's GPU backend, which lacks an operator that XTTS uses."""

KEY_BYTES: Final = 8
"""Length of the random part of a worker's name, in bytes."""


class Launch(FrozenRecord, frozen=True):
    """Parameters of a worker's start."""

    role: Role
    incarnation: int
    hub: Path
    engine: str
    pool: int | str | None
    """The audio pool: its name, or the descriptor of an unnamed one, which only the roles that process audio get."""
    threads: int
    """Threads of numeric libraries, unless the user has set them."""
    settings: EngineSettings = field(default_factory=EngineSettings)
    """Settings of neural engines."""
    language: str = ""
    """Base language for a voice engine chosen by ``auto``; empty = any."""


def environment_for(launch: Launch, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the worker's environment: the user's settings take precedence, except for privacy and session options."""
    ours = dict.fromkeys(THREAD_VARIABLES, str(launch.threads)) | WAITING_VARIABLES | MPS_VARIABLES
    promised = {**telemetry.OFF, **telemetry.OFFLINE}
    return ours | dict(inherited) | promised | launch.settings.environment()


def threads_for(cores: int) -> int:
    """Return the number of threads of a numeric library in a worker: half of the cores, or all of up to two."""
    return max(min(cores, FULL_CORES), cores // 2)


def _two_pipes() -> tuple[int, int, int, int]:
    """Create two pipes; return read end, write end, read end, write end.

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
    """A running worker process, from its start until it is reaped."""

    def __init__(self, launch: Launch) -> None:
        """Start the process. Call from the main thread only: the death signal is tied to the calling thread.

        Raises:
            OSError: the process could not be started.
        """
        self.launch: Final = launch
        key = os.urandom(KEY_BYTES).hex()
        self.identity: Final = worker_name(launch.role, launch.incarnation, key).encode()
        """Name of the process on the hub."""
        ours, theirs = lifeline.make()
        try:
            output_read, output_write, log_read, log_write = _two_pipes()
        except OSError:
            ours.close()
            theirs.close()
            raise
        command = [
            sys.executable,
            # Not the current directory: it is the agent's project, whose files must never be imported.
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
        # In the environment, because every user of the machine can read a command line.
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
        """Read end of its stdout and stderr; non-blocking."""
        self.log: Final = log_read
        """Read end of its log; non-blocking."""

    @property
    def pid(self) -> int:
        """Process id; it is not reused before the process is reaped."""
        return self._popen.pid

    def reap(self) -> int | None:
        """Return the exit status once the process has ended (negative: a signal), else None; never block."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._signal_group(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process and its group; this ends a stopped process, too."""
        self._signal_group(signal.SIGKILL)

    def close(self) -> None:
        """Close its lifeline, log and output after reaping, and kill processes left in its group."""
        self._signal_group(signal.SIGKILL)
        self.lifeline.close()
        os.close(self.output)
        os.close(self.log)

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._popen.pid, number)
        except ProcessLookupError:
            pass  # the whole group is gone
        except PermissionError:
            # macOS reports this for a group of which only the zombie is left.
            pass


def describe_exit(status: int) -> str:
    """Return an exit status in words: ``exit 0``, ``SIGKILL``."""
    if status >= 0:
        return f"exit {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
