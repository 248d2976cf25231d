"""Writing never waits for a reader. Real pipes, real FIFOs."""

from __future__ import annotations

import math
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import wait_until
from voicestream.client import queued_writer
from voicestream.client.queued_writer import QueuedWriter, queued_stderr

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """A pipe: the reader's end, and ours."""
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        try:
            os.close(descriptor)
        except OSError:
            continue  # the test has closed it


def writer_to(descriptor: int, limit_bytes: int = MIB) -> QueuedWriter:
    return QueuedWriter(lambda: descriptor, limit_bytes)


def test_pieces_arrive_whole_and_in_order(ends: tuple[int, int]) -> None:
    writer = writer_to(ends[1])
    pieces = [b"%d\n" % number * 100 for number in range(500)]
    found: list[bytes] = []

    def read() -> None:
        with open(ends[0], "rb", closefd=False) as pipe:
            found.append(pipe.read())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    os.set_blocking(ends[1], False)  # as whoever shares the pipe with us may have made it
    for piece in pieces:
        writer.put(piece)
    assert writer.flush(remaining())
    writer.close()
    assert writer.lost_pieces == 0
    os.close(ends[1])
    reader.join()
    assert found == [b"".join(pieces)]


def test_what_finds_no_room_is_lost_whole_and_counted(ends: tuple[int, int]) -> None:
    writer = writer_to(ends[1], limit_bytes=4 * 65_536)
    for number in range(10):
        writer.put(b"%d" % number * 65_536)
    # One of them may be in the pipe already, which has its own room.
    assert writer.lost_pieces in (5, 6)
    writer.put(b"last word", may_exceed=True)
    written = bytearray()
    while not written.endswith(b"last word"):
        written += os.read(ends[0], MIB)
    assert len(written) == (10 - writer.lost_pieces) * 65_536 + len(b"last word")


def test_a_reader_that_has_stopped_is_given_up_and_what_it_did_not_take_is_counted(ends: tuple[int, int]) -> None:
    writer = writer_to(ends[1])
    for _ in range(3):
        writer.put(b"x" * 65_536)
    assert not writer.flush(0.1)
    writer.close()
    assert writer.lost_pieces == 2
    writer.put(b"more")
    assert writer.lost_pieces == 3
    assert writer.failure is None


def test_a_reader_that_is_slow_is_waited_for_longer_than_the_patience(ends: tuple[int, int]) -> None:
    writer = writer_to(ends[1])
    writer.put(b"x" * 3 * 65_536)
    taken: list[int] = []
    is_enough = threading.Event()

    def read() -> None:
        while len(taken) < 48:
            is_enough.wait(0.02)
            taken.append(len(os.read(ends[0], 4096)))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert writer.flush(0.5), "0.02 s a page, some 40 pages"
    reader.join()


def test_a_thread_that_comes_late_is_no_reader_that_has_stopped(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    released = threading.Event()
    looks = 0

    def write_late(descriptor: int, data: bytes) -> int:
        released.wait(remaining())
        return write(descriptor, data)

    def look() -> bool:
        nonlocal looks
        looks += 1
        if looks == 5:
            released.set()
        return False

    monkeypatch.setattr(queued_writer.os, "write", write_late)
    writer = writer_to(ends[1])
    writer.put(b"late")
    assert writer.flush(0.01, look)
    assert os.read(ends[0], 10) == b"late"
    writer.close()


def test_waiting_ends_when_it_is_given_up(ends: tuple[int, int]) -> None:
    writer = writer_to(ends[1])
    writer.put(b"x" * 3 * 65_536)
    assert not writer.flush(math.inf, lambda: True)


def test_a_fifo_that_nobody_has_opened_holds_up_nothing_and_gets_all_once_it_is(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = QueuedWriter(lambda: os.open(fifo, os.O_WRONLY), MIB, owns_descriptor=True)
    writer.put(b"early")
    assert not writer.flush(0.05)
    assert not writer.opened.is_set()
    with fifo.open("rb") as reader:
        assert writer.flush(remaining())
        writer.close()
        assert reader.read() == b"early"


def test_a_reader_that_is_gone_is_told_from_one_that_has_no_room(ends: tuple[int, int]) -> None:
    os.close(ends[0])
    writer = writer_to(ends[1])
    writer.put(b"x")
    wait_until(lambda: writer.failure is not None, "it is noticed")
    assert writer.has_no_reader
    assert writer.lost_pieces == 1


@pytest.mark.platform
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_noted() -> None:
    writer = QueuedWriter(lambda: os.open("/dev/full", os.O_WRONLY), MIB, owns_descriptor=True)
    writer.put(b"x")
    wait_until(lambda: writer.failure is not None, "it is noticed")
    assert not writer.flush(remaining())
    assert writer.failure is not None
    assert writer.failure.strerror == "No space left on device"
    assert not writer.has_no_reader
    assert writer.lost_pieces == 1


def test_what_cannot_be_opened_is_noted(tmp_path: Path) -> None:
    writer = QueuedWriter(lambda: os.open(tmp_path / "no" / "file", os.O_WRONLY), MIB)
    assert writer.opened.wait(remaining())
    assert isinstance(writer.failure, FileNotFoundError)


def test_all_that_is_said_on_stderr_goes_through_the_queue(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued_writer, "STDERR", ends[1])
    before = sys.stderr
    with queued_stderr() as writer:
        click.secho("one ✓", err=True, fg="red")
        sys.stderr.write("two\n")
        assert not sys.stderr.isatty()
        assert writer.flush(remaining())
    assert sys.stderr is before
    assert os.read(ends[0], 100).decode() == "one ✓\ntwo\n"
