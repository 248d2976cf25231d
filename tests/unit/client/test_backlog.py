"""The backlog: bytes come out as they went in, in memory or on the disk, and a full disk is counted."""

from __future__ import annotations

import os
import resource
import tempfile
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.client.backlog import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def made() -> Iterator[Callable[[int], Backlog]]:
    """Makes a backlog that keeps so many bytes in memory."""
    all_made: list[Backlog] = []

    def make(memory_bytes: int) -> Backlog:
        all_made.append(Backlog(memory_bytes))
        return all_made[-1]

    yield make
    for backlog in all_made:
        backlog.close()


def take_all(backlog: Backlog, most: int = 7) -> bytes:
    found = b""
    while data := backlog.take(most):
        assert len(data) <= most
        found += data
    return found


def test_a_new_backlog_is_empty() -> None:
    backlog = Backlog()
    assert len(backlog) == 0
    assert backlog.take(10) == b""


def test_small_pieces_are_taken_together_and_large_ones_in_parts() -> None:
    backlog = Backlog()
    for piece in (b"ab", b"cd", b"efghij"):
        backlog.append(piece)
    assert backlog.take(5) == b"abcde"
    assert len(backlog) == 5
    assert backlog.take(100) == b"fghij"


def test_what_does_not_fit_into_memory_goes_to_a_file_without_a_name(
    made: Callable[[int], Backlog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    backlog = made(4)
    backlog.append(b"1234")
    assert backlog._file is None
    backlog.append(b"5")
    assert backlog._file is not None
    assert list(tmp_path.iterdir()) == []
    backlog.append(b"6")
    assert len(backlog) == 6
    assert take_all(backlog) == b"123456"


def test_what_comes_after_a_spill_waits_behind_it_though_memory_is_free(made: Callable[[int], Backlog]) -> None:
    backlog = made(4)
    backlog.append(b"1234")
    backlog.append(b"5678")
    assert backlog.take(4) == b"1234"
    backlog.append(b"9")
    assert take_all(backlog) == b"56789"
    backlog.append(b"x")
    assert backlog._in_memory == 1, "memory is used again once the file is empty"
    assert take_all(backlog) == b"x"


def test_an_emptied_file_gives_its_room_back(made: Callable[[int], Backlog]) -> None:
    backlog = made(0)
    for _ in range(3):
        backlog.append(bytes(10_000))
        assert backlog._file is not None
        assert os.fstat(backlog._file.fileno()).st_size == 10_000
        assert len(take_all(backlog, 3000)) == 10_000
        assert os.fstat(backlog._file.fileno()).st_size == 0


def test_closing_drops_what_is_left_and_gives_the_file_back() -> None:
    backlog = Backlog(3)
    backlog.append(b"abc")
    backlog.append(b"def")
    assert backlog._file is not None
    descriptor = backlog._file.fileno()
    backlog.close()
    assert len(backlog) == 0
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


STEPS = st.lists(st.one_of(st.binary(max_size=12), st.integers(0, 20)), max_size=60)


@settings(max_examples=300)
@given(steps=STEPS, memory_bytes=st.integers(0, 25))
def test_it_is_a_queue_of_bytes(steps: list[bytes | int], memory_bytes: int) -> None:
    """Bytes: append them; a number: take at most that many."""
    backlog = Backlog(memory_bytes)
    model = b""
    for step in steps:
        if isinstance(step, bytes):
            backlog.append(step)
            model += step
        else:
            data = backlog.take(step)
            assert model.startswith(data)
            assert len(data) <= step
            assert data or not model or not step, "there was something to take"
            model = model[len(data) :]
        assert len(backlog) == len(model)
        assert backlog._in_memory <= memory_bytes
    assert take_all(backlog) == model
    assert backlog.lost_bytes == 0
    backlog.close()


def test_one_thread_appends_while_another_takes(made: Callable[[int], Backlog]) -> None:
    backlog = made(1000)
    count = 20_000
    done = threading.Event()

    def append() -> None:
        for number in range(count):
            backlog.append(number.to_bytes(4, "big"))
        done.set()

    thread = threading.Thread(target=append)
    thread.start()
    found = bytearray()
    while not done.is_set() or len(backlog):
        found += backlog.take(333)
    thread.join()
    assert bytes(found) == b"".join(number.to_bytes(4, "big") for number in range(count))


# --- a disk that is full


@pytest.fixture
def room_on_disk() -> Iterator[int]:
    """The system refuses to let a file grow beyond this many bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    yield 10_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_whole_pieces_counts_them_and_keeps_the_rest_in_order(
    made: Callable[[int], Backlog], room_on_disk: int
) -> None:
    backlog = made(10)
    backlog.append(b"in memory!")
    backlog.append(b"a" * (room_on_disk - 100))
    backlog.append(b"b" * 200)  # only half of it would fit
    assert backlog.lost_bytes == 200
    backlog.append(b"c" * 100)
    backlog.append(b"d")
    assert backlog.lost_bytes == 201
    assert len(backlog) == 10 + room_on_disk

    assert take_all(backlog, 999) == b"in memory!" + b"a" * (room_on_disk - 100) + b"c" * 100
    backlog.append(b"e")
    assert take_all(backlog) == b"e", "it goes on as soon as there is room"


def test_no_place_for_a_file_at_all_is_counted_too(
    made: Callable[[int], Backlog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/does/not/exist")
    backlog = made(3)
    backlog.append(b"abc")
    backlog.append(b"def")
    assert backlog.lost_bytes == 3
    assert take_all(backlog) == b"abc"
    backlog.append(b"ghi")
    assert take_all(backlog) == b"ghi"
