"""A role's log: always read, bounded in rate and size."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestream import log
from voicestream.supervisor.processes.worker_log import (
    BURST_BYTES,
    BYTES_PER_SECOND,
    READ_BYTES,
    REST_SECONDS,
    WorkerLog,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tts.log"


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """A worker's output: what we read, and what it writes to."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    yield read, write
    os.close(read)
    if Path(f"/dev/fd/{write}").exists():
        os.close(write)


def test_what_a_worker_prints_is_in_the_file_of_its_role_which_only_the_user_can_read(
    path: Path, ends: tuple[int, int]
) -> None:
    worker_log = WorkerLog(path)
    os.write(ends[1], b"first\n")
    assert worker_log.pump(ends[0], 1.0)
    os.write(ends[1], b"second\n")
    assert worker_log.pump(ends[0], 2.0)
    assert path.read_bytes() == b"first\nsecond\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_when_nothing_is_there_nobody_waits(path: Path, ends: tuple[int, int]) -> None:
    assert WorkerLog(path).pump(ends[0], 1.0)
    assert not path.exists()


def test_the_end_of_the_output_is_told(path: Path, ends: tuple[int, int]) -> None:
    worker_log = WorkerLog(path)
    os.write(ends[1], b"last words\n")
    os.close(ends[1])
    assert worker_log.pump(ends[0], 1.0)
    assert not worker_log.pump(ends[0], 1.0)
    assert path.read_bytes() == b"last words\n"


def test_a_chatty_worker_does_not_keep_the_supervisor_for_long(path: Path, tmp_path: Path) -> None:
    chatter = tmp_path / "chatter"  # a file, because it gives at once whatever is asked for
    chatter.write_bytes(b"x" * 10 * READ_BYTES)
    descriptor = os.open(chatter, os.O_RDONLY)
    WorkerLog(path).pump(descriptor, 1.0)
    os.close(descriptor)
    assert path.stat().st_size == READ_BYTES


def test_a_flood_is_left_out_and_counted_and_the_file_stays_small(path: Path) -> None:
    worker_log = WorkerLog(path)
    chunk = b"x" * READ_BYTES
    seconds = 100
    for number in range(seconds * 10):
        worker_log.write(chunk, 1000.0 + number / 10)
    kept = path.read_bytes().count(b"x") + sum(other.read_bytes().count(b"x") for other in path.parent.glob("*.log.1"))
    assert kept <= BURST_BYTES + seconds * BYTES_PER_SECOND
    assert kept >= seconds * BYTES_PER_SECOND / 2, "what may be printed is kept"


def test_the_output_rests_for_a_moment_after_something_was_too_much_and_only_then(path: Path) -> None:
    worker_log = WorkerLog(path)
    worker_log.write(b"a" * BURST_BYTES, 1000.0)
    assert worker_log.rests_until <= 1000.0
    worker_log.write(b"b", 1000.0)
    assert worker_log.rests_until == 1000.0 + REST_SECONDS


def test_the_output_of_a_worker_that_has_closed_it_rests_as_well(path: Path, ends: tuple[int, int]) -> None:
    worker_log = WorkerLog(path)
    os.close(ends[1])
    worker_log.pump(ends[0], 1000.0)
    assert worker_log.rests_until == 1000.0 + REST_SECONDS


def test_after_a_flood_it_says_how_much_is_missing(path: Path) -> None:
    worker_log = WorkerLog(path)
    worker_log.write(b"a" * BURST_BYTES, 1000.0)
    worker_log.write(b"b" * 500, 1000.0)
    worker_log.write(b"c" * 70, 1000.0)
    worker_log.write(b"and on\n", 1010.0)
    worker_log.write(b"and on\n", 1010.0)
    assert path.read_bytes()[BURST_BYTES:] == b"[570 bytes of output left out]\nand on\nand on\n"


def test_silence_saves_up_for_one_burst_and_not_for_more(path: Path) -> None:
    worker_log = WorkerLog(path)
    worker_log.write(b"a" * BURST_BYTES, 1000.0)
    worker_log.write(b"b" * BURST_BYTES, 1_000_000.0)
    worker_log.write(b"c", 1_000_000.0)
    assert path.stat().st_size == 2 * BURST_BYTES


def test_a_full_file_is_put_aside_in_place_of_the_one_put_aside_before(path: Path) -> None:
    worker_log = WorkerLog(path)
    aside = path.with_name("tts.log.1")
    now = 1000.0
    for letter in (b"a", b"b"):
        for _ in range(log.FILE_BYTES // READ_BYTES):
            now += 100.0
            worker_log.write(letter * READ_BYTES, now)
        assert not path.exists()
        assert aside.read_bytes() == letter * log.FILE_BYTES
    worker_log.write(b"new\n", now + 100.0)
    assert path.read_bytes() == b"new\n"
    assert sorted(path.parent.iterdir()) == [path, aside]


def test_a_disk_that_is_full_ends_nothing_and_is_told_afterwards(tmp_path: Path) -> None:
    place = tmp_path / "gone"
    worker_log = WorkerLog(place / "tts.log")
    worker_log.write(b"x" * 10, 1000.0)
    worker_log.write(b"x" * 20, 1000.0)
    place.mkdir()
    worker_log.write(b"back\n", 1000.0)
    worker_log.write(b"again\n", 1000.0)
    assert (place / "tts.log").read_bytes() == b"[30 bytes of output left out]\nback\nagain\n"


def test_a_file_that_was_removed_is_made_again(path: Path) -> None:
    worker_log = WorkerLog(path)
    worker_log.write(b"one\n", 1000.0)
    path.unlink()
    worker_log.write(b"two\n", 1000.0)
    assert path.read_bytes() == b"two\n"


def test_terminal_codes_and_bytes_that_are_no_text_do_not_get_into_the_file(path: Path) -> None:
    worker_log = WorkerLog(path)
    worker_log.write(b"a\x1b]52;c;b3duZWQ=\x07b \xe3\x81", 1000.0)
    worker_log.write("こ".encode()[2:] + b" \xff \x9b2J\x1b", 1000.0)
    worker_log.write(b"[2J.\n", 1000.0)
    assert path.read_text() == "ab こ \ufffd \ufffd2J[2J.\n"


def test_a_link_in_the_place_of_the_file_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine\n")
    path.symlink_to(target)
    worker_log = WorkerLog(path)
    worker_log.write(b"words\n", 1000.0)
    assert target.read_text() == "mine\n"
    path.unlink()
    worker_log.write(b"words\n", 1000.0)
    assert path.read_text() == "[6 bytes of output left out]\nwords\n"


def test_without_a_place_for_logs_the_output_is_read_all_the_same(ends: tuple[int, int]) -> None:
    os.write(ends[1], b"words\n")
    assert WorkerLog(None).pump(ends[0], 1.0)
    with pytest.raises(BlockingIOError):
        os.read(ends[0], 1)
