"""voicestream as its user runs it: real processes in a run directory, log directory and configuration of their own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from helpers.fixtures.deadline import remaining
from voicestream.cli.commands.workers import as_printed
from voicestream.client.connection import Client
from voicestream.protocol.messages import Control, Done, Status, StatusRequest
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Event = dict[str, Any]

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked at

LEAST_PAUSE_SECONDS = 0.005
MOST_PAUSE_SECONDS = 0.025
LATE_SHARE = 0.1
"""Of the time waited so far: a condition is seen at most so much later."""

COMMAND = [sys.executable, "-P", "-m", "voicestream"]


def line(text: str) -> bytes:
    """One line of an agent's output that says ``text``."""
    return json.dumps({"content": [{"type": "text", "text": text}]}).encode() + b"\n"


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float | None = None, seen: Callable[[], str] = str
) -> None:
    """Wait for something to become true; fail with ``what``, and what is ``seen`` then, when it does not."""
    seconds = remaining() if seconds is None else seconds
    begun_at = time.monotonic()
    while not condition():
        waited = time.monotonic() - begun_at
        if waited > seconds:
            raise AssertionError(f"waited {seconds:.0f} s in vain until {what}; {seen()}")
        # What takes longer is checked less often: a check may cost a thousandth of a second, here and in a supervisor.
        time.sleep(min(max(waited * LATE_SHARE, LEAST_PAUSE_SECONDS), MOST_PAUSE_SECONDS))


class Run:
    """A ``voicestream run`` with its pipe in our hands and its events read as they come."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=cwd,
            bufsize=0,
            # A group of its own, as a shell gives to a pipeline; not a session, in which Ctrl-Z would have no effect.
            process_group=0,
        )
        self.events: list[Event] = []
        self.stderr = ""
        self._threads = [threading.Thread(target=self._read_events), threading.Thread(target=self._read_stderr)]
        for thread in self._threads:
            thread.start()

    def write(self, data: bytes) -> None:
        """What the agent prints."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def end_input(self) -> None:
        """The agent ends."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self) -> int:
        """Its exit code."""
        code = self.process.wait(remaining())
        for thread in self._threads:
            thread.join(remaining())
        return code

    def finish(self) -> int:
        """The agent ends; its exit code."""
        self.end_input()
        return self.wait()

    def of(self, kind: str) -> list[Event]:
        """Its events of one kind so far."""
        return [event for event in list(self.events) if event["event"] == kind]

    def wait_for(self, kind: str, count: int = 1) -> list[Event]:
        """Wait until there are ``count`` events of a kind."""

        def is_over() -> bool:
            """No event follows that of its session's end; the end of the process may be seen before the last events."""
            has_ended = self.process.poll() is not None and not self._threads[0].is_alive()
            return has_ended or bool(self.of("session_closed"))

        wait_until(
            lambda: len(self.of(kind)) >= count or is_over(),
            f"there are {count} {kind} events",
            seen=lambda: f"events: {self.events[-5:]}, stderr: {self.stderr}",
        )
        found = self.of(kind)
        assert len(found) >= count, f"{len(found)} {kind} events, then it ended: {self.stderr}"
        return found

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin,):
            if stream is not None:
                stream.close()
        for thread in self._threads:
            thread.join(remaining())
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read_events(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            if text.startswith(b"{"):
                self.events.append(json.loads(text))

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            self.stderr += text.decode(errors="replace")


class Voicestream:
    """A place where voicestream runs, apart from the user's own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runtime = home / "run"
        self.logs = home / "log"
        self.cwd = home / "project"
        self.cwd.mkdir()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VOICESTREAM_")},
            "VOICESTREAM_RUNTIME_DIR": str(self.runtime),
            "VOICESTREAM_LOG_DIR": str(self.logs),
            "VOICESTREAM_CONFIG": str(home / "config.toml"),
            # The voice that is loaded at once. Packages and models of the developer would be taken by `auto`.
            "VOICESTREAM_TTS": "espeak",
            "XDG_DATA_HOME": str(home / "data"),
            "XDG_STATE_HOME": str(home / "state"),
            "HF_HOME": str(home / "huggingface"),
        }
        self._runs: list[Run] = []

    def run(self, *options: str, output: str = "null", under: Sequence[str] = ()) -> Run:
        """Start ``voicestream run`` with its events on stdout; ``under``: a command that starts it."""
        command = [*under, *COMMAND, "run", "--events", "-", "--output", output, *options]
        run = Run(command, self.environment, self.cwd)
        self._runs.append(run)
        return run

    def shell_environment(self) -> dict[str, str]:
        """The environment of a shell in which ``voicestream`` is this one, and HOME is below the place."""
        folder = self.home / "bin"
        if not folder.exists():
            folder.mkdir()
            program = folder / "voicestream"
            program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
            program.chmod(0o755)
        path = f"{folder}{os.pathsep}{self.environment['PATH']}"
        return {**self.environment, "PATH": path, "HOME": str(self.home)}

    def call(
        self, *arguments: str, stdin: bytes | None = b"", own_session: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; in a session of its own, its priority is not compared with that of the tests."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            capture_output=True,
            env=self.environment,
            cwd=self.cwd,
            timeout=remaining(),
            check=False,
            start_new_session=own_session,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def status(self) -> dict[str, Any]:
        """What ``workers status --json`` prints, without the start of a process."""
        with Client(RunDirectory(Path(self.environment["VOICESTREAM_RUNTIME_DIR"]))) as client:
            client.connect()
            answer = client.ask(StatusRequest())
        assert isinstance(answer, Status), answer
        found: dict[str, Any] = json.loads(as_printed(answer))
        return found

    def control(self, action: str, **fields: object) -> str:
        """The answer to a control command, without the start of a process."""
        with Client(RunDirectory(Path(self.environment["VOICESTREAM_RUNTIME_DIR"]))) as client:
            client.connect()
            answer = client.ask(Control(action=action, **fields))  # type: ignore[arg-type]
        assert isinstance(answer, Done), answer
        return answer.text

    def worker(self, role: str) -> dict[str, Any]:
        """What ``workers status --json`` prints of one role."""
        found: dict[str, Any] = next(worker for worker in self.status()["workers"] if worker["role"] == role)
        return found

    def pid_of(self, role: str) -> int:
        """The process that holds a role, once it is ready."""
        found = 0

        def is_ready() -> bool:
            nonlocal found
            worker = self.worker(role)
            found = worker["pid"] or 0
            # The supervisor may not have seen yet that it was killed.
            return worker["state"] in ("ready", "busy") and not _is_dying(found)

        wait_until(is_ready, f"the {role} worker is ready")
        return found

    def processes(self) -> list[psutil.Process]:
        """All processes of this place but the clients: supervisor and workers."""
        found: list[psutil.Process] = []
        for pid in _mentioning(str(self.runtime)):
            try:
                process = psutil.Process(pid)
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def kill_supervisor(self) -> None:
        """SIGKILL the supervisor, in whatever state it is; there may be none any more."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if "voicestream.supervisor" in process.cmdline():
                    process.kill()

    def supervisor_pid(self) -> int:
        """The supervisor's process id."""
        found: int = self.status()["supervisor"]["pid"]
        return found

    def assert_nothing_left(self) -> None:
        """No process, no run directory, no segment."""
        wait_until(lambda: not self.processes(), f"no process is left; left: {self.processes()}")
        assert not self.runtime.exists(), list(self.runtime.iterdir())
        assert self.segments() == []

    def segments(self) -> list[Path]:
        """Shared memory that supervisors of this place have made and that still has its name."""
        names = re.findall(r" pool=(\S+)$", self.log_text("supervisor"), flags=re.MULTILINE)
        return [path for name in names if (path := SHARED_MEMORY / name).exists()]

    def log_text(self, role: str) -> str:
        """What a role has logged."""
        path = self.logs / f"{role}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def end_runs(self) -> None:
        """End the runs, and leave the supervisor as it is."""
        for run in self._runs:
            run.close()
        self._runs.clear()

    def close(self) -> None:
        """End everything."""
        self.end_runs()
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        # A process that has ended and was not reaped does not count: where init reaps lazily that takes seconds.
        wait_until(lambda: not self.processes(), "all processes of the place have ended")


def _mentioning(path: str) -> Iterator[int]:
    """The processes whose command has a path in it; from /proc directly, which costs a quarter."""
    if Path("/proc/self/cmdline").exists():
        wanted = os.fsencode(path)
        for name in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208 - pathlib takes twice as long
            with suppress(OSError), open(f"/proc/{name}/cmdline", "rb", buffering=0) as command:  # noqa: PTH123 - likewise
                if wanted in command.read():
                    yield int(name)
        return
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if path in " ".join(process.cmdline()):
                yield process.pid


def has_ended(pid: int) -> bool:
    """Return whether a process has ended, even if its parent has not read its exit code."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _is_dying(pid: int) -> bool:
    """Whether a process has ended, or SIGKILL is on its way to it."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not process.cmdline():
            return True
        status = Path(f"/proc/{pid}/status")
        masks = re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)", status.read_text(), re.MULTILINE) if status.exists() else []
    except (psutil.Error, OSError):
        return True
    return any(int(mask, 16) & 1 << (signal.SIGKILL - 1) for mask in masks)


@contextmanager
def voicestream_place() -> Iterator[Voicestream]:
    """A place in a directory with a short name, because of the length limit of socket paths."""
    home = Path(tempfile.mkdtemp(prefix="vs-"))
    place = Voicestream(home)
    try:
        yield place
    finally:
        place.close()
        shutil.rmtree(home, ignore_errors=True)
