"""The run directory: ours alone, one supervisor at a time, and nothing left of those that were killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from voicestream.errors import EXIT_CONFIGURATION, RunDirectoryError
from voicestream.protocol import untracked_memory
from voicestream.protocol.hook_socket import ENVIRONMENT_VARIABLE, MAX_SOCKET_PATH_BYTES
from voicestream.protocol.run_directory import RunDirectory, default_path

if TYPE_CHECKING:
    from collections.abc import Iterator

FALLBACK = Path("/tmp/vs-4711")  # noqa: S108 - nothing is made there

HOLDER = """
import sys, pathlib
from voicestream.protocol.run_directory import RunDirectory
directory = RunDirectory(pathlib.Path(sys.argv[1]))
directory.prepare()
won = directory.acquire()
swept = directory.sweep()
directory.hub.touch()
print("won" if won else "lost", "swept" if swept else "clean", flush=True)
sys.stdin.read()
directory.remove()
"""
"""A process that is the supervisor until its stdin ends."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory with a short name, because of the length limit of socket paths."""
    path = Path(tempfile.mkdtemp(prefix="vs-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def directory(home: Path) -> RunDirectory:
    """A run directory that does not exist yet."""
    return RunDirectory(home / "run")


def start_holder(directory: RunDirectory, says: str = "won clean") -> subprocess.Popen[str]:
    """Another process that holds the directory; ``says``: how it finds it."""
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDER, str(directory.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == f"{says}\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    """Let a holder end in good order."""
    holder.communicate(timeout=remaining())
    assert holder.returncode == 0


# --- where it is


def test_the_environment_names_the_directory() -> None:
    environment = {ENVIRONMENT_VARIABLE: "/somewhere/mine", "XDG_RUNTIME_DIR": "/"}
    assert default_path(environment, 7) == Path("/somewhere/mine")


def test_a_working_directory_that_was_deleted_matters_to_relative_names_only(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = home / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert default_path({ENVIRONMENT_VARIABLE: "/somewhere/mine"}, 7) == Path("/somewhere/mine")
    assert default_path({"XDG_RUNTIME_DIR": str(home)}, 7) == home / "voicestream"
    with pytest.raises(FileNotFoundError):
        default_path({ENVIRONMENT_VARIABLE: "mine"}, 7)


def test_a_relative_name_is_taken_from_the_current_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert default_path({ENVIRONMENT_VARIABLE: "mine"}, 7) == home / "mine"


def test_it_stands_below_the_users_runtime_directory(home: Path) -> None:
    assert default_path({"XDG_RUNTIME_DIR": str(home)}, 7) == home / "voicestream"


@pytest.mark.parametrize("xdg", ["", "/does/not/exist", "/" + "x" * MAX_SOCKET_PATH_BYTES])
def test_it_falls_back_to_a_short_path_with_the_users_number(xdg: str) -> None:
    assert default_path({"XDG_RUNTIME_DIR": xdg}, 4711) == FALLBACK


def test_a_runtime_directory_of_another_user_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, _mode: Path(place) != home)
    assert default_path({"XDG_RUNTIME_DIR": str(home)}, 4711) == FALLBACK


def test_a_runtime_directory_that_is_too_long_for_a_socket_is_not_used(home: Path) -> None:
    long = home / ("x" * MAX_SOCKET_PATH_BYTES)
    long.mkdir()
    assert default_path({"XDG_RUNTIME_DIR": str(long)}, 4711) == FALLBACK


# --- whose it is


def test_it_is_made_for_its_user_alone_whatever_the_umask(directory: RunDirectory) -> None:
    before = os.umask(0)
    try:
        directory.prepare()
    finally:
        os.umask(before)
    assert directory.path.stat().st_mode & 0o777 == 0o700


def test_one_that_is_ours_is_used_again(directory: RunDirectory) -> None:
    directory.prepare()
    directory.prepare()
    directory.check()


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777, 0o702])
def test_one_that_is_open_to_others_is_refused_with_the_command_that_mends_it(
    directory: RunDirectory, mode: int
) -> None:
    directory.path.mkdir()
    directory.path.chmod(mode)
    with pytest.raises(RunDirectoryError, match=f"open to other users .*{mode:04o}") as caught:
        directory.prepare()
    assert caught.value.hint == f"Try: chmod 700 {directory.path}"
    assert caught.value.exit_code == EXIT_CONFIGURATION


@pytest.mark.platform
@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_one_that_belongs_to_somebody_else_is_refused(directory: RunDirectory) -> None:
    directory.path.mkdir(mode=0o700)
    os.chown(directory.path, 12345, 12345)
    with pytest.raises(RunDirectoryError, match="belongs to user 12345") as caught:
        directory.prepare()
    assert ENVIRONMENT_VARIABLE in caught.value.hint


def test_a_symlink_is_refused_even_to_a_directory_of_ours(directory: RunDirectory, home: Path) -> None:
    (home / "target").mkdir(mode=0o700)
    directory.path.symlink_to(home / "target")
    with pytest.raises(RunDirectoryError, match="not a directory"):
        directory.prepare()
    assert list((home / "target").iterdir()) == []


def test_a_symlink_to_nowhere_is_refused(directory: RunDirectory, home: Path) -> None:
    directory.path.symlink_to(home / "nowhere")
    with pytest.raises(RunDirectoryError, match="not a directory"):
        directory.prepare()


def test_a_file_is_refused(directory: RunDirectory) -> None:
    directory.path.write_text("x")
    with pytest.raises(RunDirectoryError, match="not a directory"):
        directory.prepare()


def test_a_path_without_a_place_is_refused_with_a_hint(home: Path) -> None:
    with pytest.raises(RunDirectoryError, match="No such file") as caught:
        RunDirectory(home / "no" / "run").prepare()
    assert ENVIRONMENT_VARIABLE in caught.value.hint


def test_the_longest_path_that_fits_takes_a_socket_and_one_byte_more_is_refused(home: Path) -> None:
    room = MAX_SOCKET_PATH_BYTES - len(str(home)) - len("//hook")
    longest = RunDirectory(home / ("x" * room))
    longest.prepare()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(longest.hub))
    with pytest.raises(RunDirectoryError, match="too long") as caught:
        RunDirectory(home / ("x" * (room + 1))).prepare()
    assert "shorter" in caught.value.hint


def test_the_length_is_counted_in_bytes(home: Path) -> None:
    with pytest.raises(RunDirectoryError, match="too long"):
        RunDirectory(home / ("音" * (MAX_SOCKET_PATH_BYTES // 3))).prepare()


def test_checking_what_is_not_there_says_so(directory: RunDirectory) -> None:
    with pytest.raises(RunDirectoryError, match="No such file"):
        directory.check()


# --- who holds it


def test_of_two_contenders_one_becomes_the_supervisor(directory: RunDirectory) -> None:
    holder = start_holder(directory)
    assert directory.is_held()
    assert directory.acquire() is False
    end(holder)
    assert not directory.is_held()


def test_many_contenders_at_once_make_one_supervisor(directory: RunDirectory) -> None:
    directory.prepare()
    contenders = [RunDirectory(directory.path) for _ in range(8)]
    start = threading.Barrier(len(contenders))
    won: list[RunDirectory] = []

    def contend(contender: RunDirectory) -> None:
        start.wait()
        if contender.acquire():
            won.append(contender)

    threads = [threading.Thread(target=contend, args=(contender,)) for contender in contenders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    won[0].remove()


def test_who_only_looks_at_the_lock_does_not_keep_anybody_from_it(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look takes the lock for some microseconds."""
    directory.prepare()
    lock = os.open(directory.path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    assert not directory.is_held(), "two who look take each other for a supervisor"
    # The look ends while the contender sleeps before its next try.
    monkeypatch.setattr(time, "sleep", lambda _seconds: fcntl.flock(lock, fcntl.LOCK_UN))
    assert directory.acquire()
    os.close(lock)
    directory.remove()


def test_nobody_holds_a_directory_without_a_lock_file(directory: RunDirectory) -> None:
    directory.prepare()
    assert not directory.is_held()


def test_a_lock_file_that_is_a_symlink_is_refused(directory: RunDirectory, home: Path) -> None:
    directory.prepare()
    (directory.path / "lock").symlink_to(home / "elsewhere")
    with pytest.raises(RunDirectoryError, match="lock"):
        directory.acquire()
    assert not (home / "elsewhere").exists()


# --- its end


def test_a_supervisor_that_was_killed_is_followed_by_one_that_sweeps(directory: RunDirectory) -> None:
    holder = start_holder(directory)
    holder.kill()
    holder.communicate()
    assert not directory.is_held()
    end(start_holder(directory, "won swept"))
    assert not directory.path.exists()


def test_there_is_nothing_to_sweep_after_a_good_end(directory: RunDirectory) -> None:
    end(start_holder(directory))
    directory.prepare()
    assert directory.acquire()
    assert directory.sweep() is False
    directory.remove()


def test_removing_leaves_nothing(directory: RunDirectory) -> None:
    directory.prepare()
    descriptors = len(list(Path("/dev/fd").iterdir()))
    assert directory.acquire()
    directory.hub.touch()
    directory.remove()
    assert not directory.path.exists()
    assert len(list(Path("/dev/fd").iterdir())) == descriptors
    directory.remove()


def test_who_does_not_hold_the_lock_removes_nothing(directory: RunDirectory) -> None:
    holder = start_holder(directory)
    directory.remove()
    assert (directory.path / "lock").exists()
    end(holder)


def test_a_file_of_somebody_else_in_it_stays(directory: RunDirectory) -> None:
    directory.prepare()
    assert directory.acquire()
    (directory.path / "notes").touch()
    directory.remove()
    assert [path.name for path in directory.path.iterdir()] == ["notes"]


def test_a_lock_whose_file_was_removed_in_between_does_not_count(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor that is just ending removes the file between the open and the flock of the next one."""
    directory.prepare()
    lock = directory.path / "lock"
    real_flock = fcntl.flock
    removals = 1

    def flock(descriptor: int, operation: int) -> None:
        nonlocal removals
        if removals:
            removals -= 1
            lock.unlink()
        real_flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert directory.acquire()
    assert RunDirectory(directory.path).acquire() is False
    directory.remove()


def test_a_directory_that_its_last_supervisor_just_removed_is_made_again(directory: RunDirectory) -> None:
    directory.prepare()
    directory.path.rmdir()
    assert directory.acquire()
    assert directory.path.stat().st_mode & 0o777 == 0o700
    directory.remove()


def test_a_directory_removed_underneath_does_not_make_its_holder_remove_the_successors(
    directory: RunDirectory,
) -> None:
    directory.prepare()
    assert directory.acquire()
    shutil.rmtree(directory.path)
    successor = RunDirectory(directory.path)
    successor.prepare()
    assert successor.acquire()
    successor.hub.touch()

    directory.remove()

    assert successor.hub.exists()
    assert successor.is_held()
    successor.remove()


def test_supervisors_that_come_and_go_never_meet_an_error(directory: RunDirectory) -> None:
    """`… | voicestream run --keep-alive 0` in a loop: one supervisor ends while the next one starts."""
    errors: list[Exception] = []
    holders = 0
    most = 0

    def live() -> None:
        nonlocal holders, most
        for _ in range(60):
            mine = RunDirectory(directory.path)
            try:
                mine.prepare()
                if mine.acquire():
                    holders += 1
                    most = max(most, holders)
                    holders -= 1
                    mine.remove()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is to show it
                errors.append(error)

    threads = [threading.Thread(target=live) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert most == 1


# --- the shared memory of a supervisor that was killed


def test_shared_memory_whose_name_was_recorded_is_swept_by_the_next_supervisor(directory: RunDirectory) -> None:
    directory.prepare()
    assert directory.acquire()
    name = untracked_memory.new_name()
    directory.record_segment(name)
    made = untracked_memory.create(name, 4096)  # held: so no other supervisor removes it
    successor = RunDirectory(directory.path)  # the lock is of no concern here
    assert successor.sweep()
    with pytest.raises(FileNotFoundError):
        untracked_memory.attach(name)
    made.close()
    assert not successor.sweep()
    directory.remove()
    assert not directory.path.exists()


@pytest.mark.parametrize("content", [b"", b"psm_12345678", b"../../etc/passwd", b"\xff" * 300])
def test_a_record_that_is_none_of_ours_removes_nothing(directory: RunDirectory, content: bytes) -> None:
    directory.prepare()
    (directory.path / "segment").write_bytes(content)
    assert not directory.sweep()
    assert not (directory.path / "segment").exists()


def test_a_record_that_cannot_be_written_is_an_error(directory: RunDirectory) -> None:
    directory.prepare()
    (directory.path / "segment").symlink_to("elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        directory.record_segment("voicestream-0-0123456789abcdef")


def test_a_path_that_is_not_in_utf_8_is_named_and_not_taken_from_the_system(home: Path) -> None:
    path = Path(os.fsdecode(bytes(home) + b"/\xff"))
    with pytest.raises(RunDirectoryError, match="not in UTF-8"):
        RunDirectory(path).prepare()
    path.mkdir()
    assert default_path({"XDG_RUNTIME_DIR": str(path)}, 4711) == FALLBACK
