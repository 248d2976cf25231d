"""Readers that stop, leave, or never come: signals, input and sound do not wait for them, and what is lost is told."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from typing import IO, TYPE_CHECKING, Any

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.process.running import Voicestream

Stream = int | IO[Any] | None

PAGE_BYTES = 4096
LINE_BYTES = 1000
"""More than a line of events has here."""
BYTES_A_SECOND = 24_000 * 2
MANY = b"".join(line(f"Sentence number {number} of many.") for number in range(200))


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe of one page, whose other end nobody reads."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PAGE_BYTES)
    yield read, write
    os.close(read)
    os.close(write)


def started(
    place: Voicestream, *options: str, stdout: Stream = subprocess.DEVNULL, stderr: Stream = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "run", *options],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env=place.environment,
        cwd=place.cwd,
        bufsize=0,
    )


def ended(run: subprocess.Popen[bytes], data: bytes) -> tuple[int, str]:
    """Its exit code and what it said, after the agent has said everything."""
    _, said = run.communicate(data, timeout=remaining())
    return run.returncode, (said or b"").decode()


def heard(path: Path) -> int:
    """Bytes of sound in a file."""
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
@pytest.mark.platform
def test_all_is_spoken_without_a_stderr(place: Voicestream, redirection: str) -> None:
    """No supervisor is there yet: its start has much to show."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, "run", "--output", "a.wav", "--keep-alive", "0"],
        input=line("Hello there."),
        env=place.environment,
        cwd=place.cwd,
        timeout=remaining(),
        check=False,
    )
    assert done.returncode == 0
    assert heard(place.cwd / "a.wav") > BYTES_A_SECOND / 4


@pytest.mark.parametrize("options", [("--tee",), ("--events", "-")])
@pytest.mark.platform
def test_what_is_written_to_a_stdout_that_is_closed_is_told_as_a_loss(
    warm_place: Voicestream, options: tuple[str, ...]
) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "run", "--output", "null", *options],
        input=line("Hello there."),
        capture_output=True,
        env=warm_place.environment,
        cwd=warm_place.cwd,
        timeout=remaining(),
        check=False,
    )
    assert done.returncode == 1, done.stderr.decode()
    assert "Bad file descriptor" in done.stderr.decode()
    assert "Hello there." in done.stderr.decode()


@pytest.mark.platform
@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_a_table_that_cannot_be_written_is_told_in_one_line(warm_place: Voicestream, redirection: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, "models", "list"],
        capture_output=True,
        env=warm_place.environment,
        cwd=warm_place.cwd,
        timeout=remaining(),
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.decode().startswith("voicestream: cannot write to stdout: ")
    assert done.stderr.count(b"\n") == 1


def test_all_is_spoken_for_a_reader_of_stderr_that_has_stopped(warm_place: Voicestream, pipe: tuple[int, int]) -> None:
    events = warm_place.cwd / "stderr-events"
    run = started(warm_place, "--output", "null", "--events", str(events), stderr=pipe[1])
    assert ended(run, MANY)[0] == 1, "what could not be shown is a loss"
    assert events.read_text().count('"playback_finished"') == 200


def test_all_is_spoken_for_a_fifo_of_events_that_nobody_opens(warm_place: Voicestream) -> None:
    fifo = warm_place.cwd / "fifo"
    os.mkfifo(fifo)
    run = started(warm_place, "--output", "fifo.wav", "--events", str(fifo), "--quiet")
    code, said = ended(run, line("Hello there."))
    assert code == 1, said
    assert "events were not written" in said
    assert heard(warm_place.cwd / "fifo.wav") > BYTES_A_SECOND / 4


@pytest.mark.platform
def test_a_full_disk_for_events_is_told_and_all_is_spoken(warm_place: Voicestream) -> None:
    run = started(warm_place, "--output", "full.wav", "--events", "/dev/full", "--quiet")
    code, said = ended(run, line("Hello there."))
    assert code == 1, said
    assert "no more events are written: No space left on device" in said
    assert heard(warm_place.cwd / "full.wav") > BYTES_A_SECOND / 4


def test_a_reader_of_events_that_leaves_is_told_of_and_no_fault(warm_place: Voicestream) -> None:
    read, write = os.pipe()
    run = started(warm_place, "--output", "gone.wav", "--events", "-", "--quiet", stdout=write)
    os.close(write)
    os.close(read)
    code, said = ended(run, line("Hello there."))
    assert code == 0, said
    assert "no more events are written: Broken pipe" in said
    assert heard(warm_place.cwd / "gone.wav") > BYTES_A_SECOND / 4


def has_filled(pipe: tuple[int, int]) -> bool:
    waiting = fcntl.ioctl(pipe[0], 0x541B, b"\0\0\0\0")  # FIONREAD
    # A line is written whole or not at all as long as it fits into a page.
    return int.from_bytes(waiting, "little") > PAGE_BYTES - LINE_BYTES


@pytest.mark.parametrize("option", [("--events", "-"), ("--tee",)], ids=" ".join)
def test_one_sigterm_ends_a_run_whose_reader_has_stopped(
    warm_place: Voicestream, pipe: tuple[int, int], option: tuple[str, ...]
) -> None:
    run = started(warm_place, "--output", "null", "--quiet", *option, stdout=pipe[1])
    assert run.stdin is not None
    assert run.stderr is not None
    run.stdin.write(MANY)
    wait_until(lambda: has_filled(pipe), "its reader's pipe is full")
    run.send_signal(signal.SIGTERM)
    assert run.wait(remaining()) == 143
    assert b"were not" in run.stderr.read()
    run.stdin.close()
    run.stderr.close()
