"""Programs that run in a row for as long as they are needed: a text and a NUL in, a text and a NUL out.

The programs stay in the worker's process group, which the supervisor kills as a whole, and each of them
ends at the end of its input. So when the worker dies, the row ends from the first program to the last.
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
"""How long the programs may take to end after their input has ended; they take a few milliseconds."""

_READ_BYTES: Final = 65_536
_COMPLAINT_BYTES: Final = 2_000
"""How much of what the programs wrote to stderr is kept, from the end."""


class PipelineError(VoicestreamError):
    """The programs ended, or did not answer in time; the pipeline is of no use any more."""


class Pipeline:
    """A row of programs in null-flush mode."""

    def __init__(self, commands: Sequence[Sequence[str]], clock: Callable[[], float] = time.monotonic) -> None:
        """Start them.

        Args:
            commands: at least one; arguments of each program, which is named by an absolute path.
            clock: seconds.

        Raises:
            OSError: one of them cannot be started.
        """
        self._clock = clock
        self._processes: list[subprocess.Popen[bytes]] = []
        self._complaints = b""
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
                    # Older releases of Apertium read text as the locale says.
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                    bufsize=0,
                )
                self._processes.append(process)
                if source is not None:
                    # Only the programs may hold the pipes between them: a third holder would hide the end of one.
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
        """What the programs make of a text; neither has a NUL in it.

        Raises:
            PipelineError: a program ended, or there was no answer in time. Close the pipeline.
        """
        deadline = self._clock() + timeout_seconds
        pending = memoryview(text + b"\0")
        answer = bytearray()
        output, stdin = self._ends()
        self._selector.register(output, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        self._selector.register(stdin, selectors.EVENT_WRITE)
        try:
            while not answer.endswith(b"\0"):
                ready = self._selector.select(max(0.0, deadline - self._clock()))
                if not ready:
                    raise PipelineError(f"no answer from {self._names()} within {timeout_seconds:g} s{self._said()}")
                for key, _ in ready:
                    if key.fd == stdin:
                        pending = self._write(stdin, pending)
                        if not pending:
                            self._selector.unregister(stdin)
                    elif key.fd == self._stderr:
                        self._listen()
                    else:
                        answer += self._read(output)
        finally:
            for key in list(self._selector.get_map().values()):
                self._selector.unregister(key.fileobj)
        return bytes(answer[:-1])

    def kill(self) -> None:
        """End the programs without asking: for when one of them hangs. Call ``close`` afterwards."""
        for process in self._processes:
            process.kill()

    def close(self) -> None:
        """End the programs and wait for them; a second call does nothing."""
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

    def _ends(self) -> tuple[int, int]:
        if self._input is None or self._output is None or self._input.closed:
            raise PipelineError(f"{self._names()} was closed")
        return self._output.fileno(), self._input.fileno()

    def _write(self, descriptor: int, data: memoryview) -> memoryview:
        try:
            return data[os.write(descriptor, data) :]
        except BlockingIOError:
            return data
        except BrokenPipeError as error:
            raise self._ended() from error

    def _read(self, descriptor: int) -> bytes:
        try:
            data = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise self._ended()
        return data

    def _listen(self) -> None:
        """Keep the end of what the programs say on stderr; a full pipe would stop them."""
        try:
            while data := os.read(self._stderr, _READ_BYTES):
                self._complaints = (self._complaints + data)[-_COMPLAINT_BYTES:]
        except BlockingIOError:
            return
        if self._stderr in self._selector.get_map():
            self._selector.unregister(self._stderr)  # all have ended: it would be readable for ever

    def _ended(self) -> PipelineError:
        """The error that names the program whose end ended the row."""
        if self._input is not None:
            self._input.close()  # those before it end, too
        deadline = self._clock() + END_SECONDS
        causes: list[str] = []
        for process in self._processes:
            try:
                status = process.wait(max(0.0, deadline - self._clock()))
            except subprocess.TimeoutExpired:
                continue
            # 0 and SIGPIPE are how the neighbours of a dead program end.
            if status not in {0, -signal.SIGPIPE}:
                causes.append(f"{_name(process)} ended with {_status(status)}")
        self._listen()
        return PipelineError(f"{', '.join(causes) or self._names() + ' ended'}{self._said()}")

    def _names(self) -> str:
        return " | ".join(_name(process) for process in self._processes)

    def _said(self) -> str:
        said = self._complaints.decode("utf-8", "replace").strip()
        return f": {said}" if said else ""


def _name(process: subprocess.Popen[bytes]) -> str:
    arguments = process.args
    command = [arguments] if isinstance(arguments, (str, bytes, os.PathLike)) else list(arguments)
    return shlex.quote(os.path.basename(os.fsdecode(command[0])))  # noqa: PTH119 - bytes or str


def _status(status: int) -> str:
    return f"exit {status}" if status >= 0 else signal.Signals(-status).name
