"""Errors that no command has foreseen: one sentence on the terminal, code locations in a log, exit code 1."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from voicestream import log
from voicestream.cli import failures
from voicestream.errors import EXIT_CONFIGURATION, EXIT_USAGE


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log"
    monkeypatch.setenv(log.ENVIRONMENT_VARIABLE, str(path))
    return path


def fail(message: str) -> None:
    raise LookupError(message)


def test_an_unexpected_error_is_one_sentence_and_its_code_locations_are_in_a_log_of_the_user(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with pytest.raises(LookupError) as caught:
            fail("no purple\nelephant \x1b[2Jhere")
        assert failures.report(caught.value) == 1
    said = capsys.readouterr().err
    path = logs / "client.log"
    sentence = (
        f"voicestream: an unexpected error: LookupError: no purple elephant here\nIts code locations are in {path}\n"
    )
    assert said == sentence * 2
    logged = path.read_text()
    assert logged.count(f"{__file__}:") == 4
    assert logged.count("in fail\n    LookupError\n") == 2
    assert "purple" not in logged
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(logs.stat().st_mode) == 0o700


def test_its_message_is_cut(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failures.report(RuntimeError("x" * 100_000))
    assert len(capsys.readouterr().err) < failures.MAX_CHARACTERS + 200 + len(str(logs))


def test_without_room_for_the_log_that_is_said_and_nothing_else(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))  # as on a full disk
    try:
        assert failures.report(RuntimeError()) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    told = f"voicestream: an unexpected error: RuntimeError\nno log is written to {logs}: File too large\n"
    assert capsys.readouterr().err == told


def test_a_place_that_may_not_be_used_is_no_unexpected_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert failures.report(PermissionError(errno.EACCES, "Permission denied", "/home/x y")) == EXIT_CONFIGURATION
    assert capsys.readouterr().err == (
        "voicestream: cannot use /home/x y: Permission denied\nSee who may: ls -ld '/home/x y'\n"
    )


def test_a_working_directory_that_was_deleted_is_no_unexpected_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert failures.report(FileNotFoundError()) == EXIT_USAGE
    assert (
        capsys.readouterr().err == "voicestream: the current directory was deleted\nChange to another directory: cd\n"
    )


def test_without_a_place_for_logs_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(log.ENVIRONMENT_VARIABLE, "/dev/null/state")
    assert failures.report(RuntimeError()) == 1
    assert capsys.readouterr().err == (
        "voicestream: an unexpected error: RuntimeError\nno log is written to /dev/null/state: Not a directory\n"
    )


def test_an_error_that_ends_a_thread_is_told_in_the_same_way(
    logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    failures.report_thread_errors()
    thread = threading.Thread(target=fail, args=("in a thread",))
    thread.start()
    thread.join()
    said = capsys.readouterr().err
    assert said.startswith("voicestream: an unexpected error: LookupError: in a thread\n")
    assert "Traceback" not in said
    assert (logs / "client.log").exists()


BROKEN = """
import sys
from voicestream.protocol import run_directory
from voicestream.cli import main

def fail(*_):
    raise LookupError("nobody has foreseen this")

run_directory.RunDirectory.of_this_user = run_directory.RunDirectory.prepare = fail
sys.argv[0] = "voicestream"
main.main()
"""


@pytest.mark.parametrize(
    "command", [["down"], ["run"], ["say", "x"], ["up"], ["workers", "status"], ["skip"]], ids="_".join
)
def test_no_command_prints_a_traceback(logs: Path, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", BROKEN, *command], input=b"", capture_output=True, check=False, env=os.environ
    )
    said = done.stderr.decode()
    assert done.returncode == 1, said
    assert "voicestream: an unexpected error: LookupError: nobody has foreseen this\n" in said
    assert "Traceback" not in said
    assert "LookupError" in (logs / "client.log").read_text()


def test_a_stdout_that_is_full_is_no_traceback(logs: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "voicestream", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=os.environ,
        )
    assert done.returncode == 1
    assert done.stderr == b"voicestream: cannot write to stdout: No space left on device\n"
    assert not (logs / "client.log").exists(), "it was foreseen"
