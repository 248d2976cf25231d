"""Long-lived process pipeline with a null-terminated protocol: a text and a NUL in, a text and a NUL out.

The processes stay in the process group of the worker, which the supervisor kills as a whole, and each of them exits at
the end of its input. So when the worker dies, the pipeline exits from the first process to the last.
"""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Final

from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

END_SECONDS: Final = 2.0
"""Timeout for the exit of the processes after the end of their input; they take a few milliseconds."""

_READ_BYTES: Final = 65_536
_STDERR_BYTES: Final = 2_000
"""Size of the stderr tail that is kept."""


class PipelineError(VoicestreamError):
    """A process exited or timed out; the pipeline is unusable."""


class ProcessPipeline:
    """Pipeline of processes in null-flush mode."""

    def __init__(self, commands: Sequence[Sequence[str]], clock: Callable[[], float] = time.monotonic) -> None:
        """Start the processes.

        Args:
            commands: argument lists, at least one, each with an absolute program path.
            clock: seconds.

        Raises:
            OSError: a process cannot be started.
        """
        self._clock = clock
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stderr_tail = b""
        self._stderr, stderr = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._input: IO[bytes] | None = None
        self._output: IO[bytes] | None = None
        try:
            source: IO[bytes] | None = None
            for command in commands:
                process = subprocess.Popen(
                    command,
                    stdin=source if source is not None else subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    cwd="/",
                    # Older releases of Apertium decode text by the locale.
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                    bufsize=0,
                )
                self._processes.append(process)
                if source is not None:
                    # Only the processes may hold the pipes between them: another holder would hide the exit of one.
                    source.close()
                if self._input is None:
                    self._input = process.stdin
                source = self._output = process.stdout
        except BaseException:
            self.close()
            raise
        finally:
            os.close(stderr)
        for end in (self._input, self._output):
            if end is not None:
                os.set_blocking(end.fileno(), False)
        os.set_blocking(self._stderr, False)

    @property
    def pids(self) -> list[int]:
        """Process ids, first to last."""
        return [process.pid for process in self._processes]

    def exchange(self, text: bytes, timeout_seconds: float) -> bytes:
        """Send a text through the pipeline and return the result; neither contains a NUL.

        Raises:
            PipelineError: a process exited, or the exchange timed out. Close the pipeline.
        """
        deadline = self._clock() + timeout_seconds
        pending = memoryview(text + b"\0")
        reply = bytearray()
        output, stdin = self._descriptors()
        self._selector.register(output, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        self._selector.register(stdin, selectors.EVENT_WRITE)
        try:
            while not reply.endswith(b"\0"):
                ready = self._selector.select(max(0.0, deadline - self._clock()))
                if not ready:
                    raise PipelineError(
                        f"no answer from {self._names()} within {timeout_seconds:g} s{self._stderr_text()}"
                    )
                for key, _ in ready:
                    if key.fd == stdin:
                        pending = self._write(stdin, pending)
                        if not pending:
                            self._selector.unregister(stdin)
                    elif key.fd == self._stderr:
                        self._drain_stderr()
                    else:
                        reply += self._read(output)
        finally:
            for key in list(self._selector.get_map().values()):
                self._selector.unregister(key.fileobj)
        return bytes(reply[:-1])

    def kill(self) -> None:
        """Kill the processes, when one of them hangs. Call ``close`` afterwards."""
        for process in self._processes:
            process.kill()

    def close(self) -> None:
        """Close the input and wait for the exit of the processes; a second call does nothing."""
        for end in (self._input, self._output):
            if end is not None:
                end.close()
        deadline = self._clock() + END_SECONDS
        for process in self._processes:
            try:
                process.wait(max(0.0, deadline - self._clock()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if self._stderr >= 0:
            os.close(self._stderr)
            self._stderr = -1
        self._selector.close()

    def _descriptors(self) -> tuple[int, int]:
        if self._input is None or self._output is None or self._input.closed:
            raise PipelineError(f"{self._names()} was closed")
        return self._output.fileno(), self._input.fileno()

    def _write(self, descriptor: int, data: memoryview) -> memoryview:
        try:
            return data[os.write(descriptor, data) :]
        except BlockingIOError:
            return data
        except BrokenPipeError as error:
            raise self._exit_error() from error

    def _read(self, descriptor: int) -> bytes:
        try:
            data = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise self._exit_error()
        return data

    def _drain_stderr(self) -> None:
        """Drain stderr and keep its tail; a full pipe would block the processes."""
        try:
            while data := os.read(self._stderr, _READ_BYTES):
                self._stderr_tail = (self._stderr_tail + data)[-_STDERR_BYTES:]
        except BlockingIOError:
            return
        if self._stderr in self._selector.get_map():
            self._selector.unregister(self._stderr)  # all have exited: it would stay readable

    def _exit_error(self) -> PipelineError:
        """Return the error that names the process that exited first."""
        if self._input is not None:
            self._input.close()  # so that the processes before it exit, too
        deadline = self._clock() + END_SECONDS
        causes: list[str] = []
        for process in self._processes:
            try:
                status = process.wait(max(0.0, deadline - self._clock()))
            except subprocess.TimeoutExpired:
                continue
            # The neighbors of a dead process exit with 0 or SIGPIPE.
            if status not in {0, -signal.SIGPIPE}:
                causes.append(f"{_name(process)} ended with {_status(status)}")
        self._drain_stderr()
        return PipelineError(f"{', '.join(causes) or self._names() + ' ended'}{self._stderr_text()}")

    def _names(self) -> str:
        return " | ".join(_name(process) for process in self._processes)

    def _stderr_text(self) -> str:
        text = self._stderr_tail.decode("utf-8", "replace").strip()
        return f": {text}" if text else ""


def _name(process: subprocess.Popen[bytes]) -> str:
    arguments = process.args
    command = [arguments] if isinstance(arguments, (str, bytes, os.PathLike)) else list(arguments)
    return shlex.quote(os.path.basename(os.fsdecode(command[0])))  # noqa: PTH119 - bytes or str


def _status(status: int) -> str:
    return f"exit {status}" if status >= 0 else signal.Signals(-status).name
