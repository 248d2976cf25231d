"""The lock's holder: found for certain or not at all, and ended whatever it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.process.running import wait_until
from voicestream.protocol import lock_holder, process_watch
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.process.running import Voicestream

HOLDER = """
import pathlib, signal, subprocess, sys, time
from voicestream.protocol.run_directory import RunDirectory
directory = RunDirectory(pathlib.Path(sys.argv[1]))
directory.prepare()
assert directory.acquire()
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
worker = subprocess.Popen(sleep, stdout=subprocess.PIPE)
worker.stdout.readline()
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run")


class Holder:
    """A process that holds a directory, and its child."""

    def __init__(self, directory: RunDirectory, kind: str) -> None:
        command = [sys.executable, "-P", "-c", HOLDER, str(directory.path), kind]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.child = psutil.Process(int(self.process.stdout.readline()))

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        if self.child.is_running():
            self.child.kill()


@pytest.fixture
def holder(directory: RunDirectory, request: pytest.FixtureRequest) -> Iterator[Holder]:
    started = Holder(directory, request.param)
    yield started
    started.close()


def _has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("holder", "is_stopped", "step"),
    [("polite", False, "SIGTERM"), ("polite", True, "SIGTERM"), ("deaf", True, "SIGKILL")],
    indirect=["holder"],
)
def test_the_holder_and_its_children_are_ended_and_the_step_is_told(
    directory: RunDirectory, holder: Holder, step: str, *, is_stopped: bool
) -> None:
    if is_stopped:
        holder.process.send_signal(signal.SIGSTOP)
    found = lock_holder.find(directory)
    assert found is not None
    if is_stopped:
        wait_until(found.is_stopped, "it is stopped")
    assert found.pid == holder.process.pid
    assert found.end(term_seconds=5.0 if step == "SIGTERM" else 0.2) == step
    found.close()
    assert not directory.is_held()
    wait_until(lambda: _has_ended(holder.child), "the child has ended")


@pytest.mark.parametrize("holder", ["polite"], indirect=True)
@pytest.mark.parametrize("note", ["", "x y", "1 1", "0 0", "-5 7", f"{10**30} 1", "{mine}", "{start}", "\xff\xff 1"])
def test_what_is_noted_of_another_process_is_not_believed(
    directory: RunDirectory, holder: Holder, note: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (
        note.format(mine=process_watch.identity(os.getpid()), start=f"{holder.process.pid} 12345")
        if "{" in note
        else note
    )
    (directory.path / "lock").write_bytes(text.encode("latin-1"))
    listed = lock_holder.find(directory)
    if sys.platform == "linux":
        assert listed is not None
        assert listed.pid == holder.process.pid  # the kernel knows better
        listed.close()
    monkeypatch.setattr(lock_holder, "LOCKS", tmp_path / "none")
    assert lock_holder.find(directory) is None
    assert holder.process.poll() is None


def test_nobody_is_found_where_nobody_holds_the_lock(directory: RunDirectory) -> None:
    directory.prepare()
    assert lock_holder.find(directory) is None
    with subprocess.Popen(["sleep", "600"]) as other:
        (directory.path / "lock").write_text(process_watch.identity(other.pid))
        assert lock_holder.find(directory) is None
        other.kill()


@pytest.mark.parametrize("is_noted", [True, False], ids=["noted", "not_noted"])
def test_down_ends_a_frozen_supervisor_and_the_next_start_works(place: Voicestream, *, is_noted: bool) -> None:
    if not (is_noted or sys.platform == "linux"):
        pytest.skip("only Linux lists who holds a lock")
    assert place.call("up").returncode == 0
    pids = [process.pid for process in place.processes()]
    os.kill(place.supervisor_pid(), signal.SIGSTOP)
    if not is_noted:
        (place.runtime / "lock").write_bytes(b"")  # as on a full disk
    done = place.call("down")
    assert done.returncode == 0, done.stderr
    assert "ended by SIGTERM; it had not answered" in done.stderr
    assert not [
        pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert not place.runtime.exists()
    assert place.call("up").returncode == 0
    done = place.call("down")
    assert done.stderr == "voicestream: ended\n"
