"""What a killed test runner started ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.fixtures.orphans import marked
from helpers.process.running import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[2]

EXAMPLE = """
import os, subprocess, sys, time

def test_that_never_ends():
    session = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    # A daemon: its parent has ended.
    daemon = subprocess.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"], stdout=subprocess.PIPE)
    print(session.pid, int(daemon.stdout), flush=True)
    time.sleep(1000)
"""

pytestmark = [
    pytest.mark.platform,
    pytest.mark.skipif(sys.platform != "linux", reason="the marks of processes are read from /proc"),
]


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {TESTS}\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["helpers.fixtures.orphans"]\n', encoding="utf-8")
    (tmp_path / "test_example.py").write_text(EXAMPLE, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def is_over(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def started_by(runner: subprocess.Popen[str]) -> list[int]:
    assert runner.stdout is not None
    found = runner.stdout.readline().split()
    assert len(found) == 2, found
    return [int(pid) for pid in found]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_and_daemons_of_a_killed_runner_end(runner: subprocess.Popen[str], number: signal.Signals) -> None:
    children = started_by(runner)
    assert not any(map(is_over, children))
    runner.send_signal(number)
    runner.wait(remaining())
    wait_until(lambda: all(map(is_over, children)), "all of them have ended")


def test_a_process_without_the_mark_is_left_alone(runner: subprocess.Popen[str]) -> None:
    with subprocess.Popen(["sleep", "1000"]) as other:
        children = started_by(runner)
        runner.kill()
        wait_until(lambda: all(map(is_over, children)), "all of them have ended")
        assert not is_over(other.pid)
        other.kill()


def test_this_runner_finds_what_it_started_by_its_mark() -> None:
    mark = os.environ["XDG_TEST_RUNNER"]
    with subprocess.Popen(["sleep", "1000"]) as child:
        assert child.pid in marked(mark)
        child.kill()
        child.wait(remaining())
        assert child.pid not in marked(mark)
