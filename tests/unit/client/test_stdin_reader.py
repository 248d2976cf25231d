"""The agent is never slowed: its pipe is read whatever happens behind it. Real pipes."""

from __future__ import annotations

import fcntl
import os
import select
import tempfile
import threading
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from voicestream.client import stdin_reader
from voicestream.client.backlog import Backlog
from voicestream.client.stdin_reader import StdinDrain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEBIBYTE = 1 << 20


class Pipe:
    """A pipe whose ends are closed with the test, if not before."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        self._open = {self.read_end, self.write_end}

    def close(self, *ends: int) -> None:
        for end in ends or tuple(self._open):
            self._open.discard(end)
            os.close(end)

    def read_to_end(self) -> bytes:
        found = bytearray()
        while data := os.read(self.read_end, MEBIBYTE):
            found += data
        return bytes(found)


@pytest.fixture
def agent() -> Iterator[Pipe]:
    """What the agent writes to and we drain."""
    made = Pipe()
    yield made
    made.close()


@pytest.fixture
def onward() -> Iterator[Pipe]:
    """What ``--tee`` writes to."""
    made = Pipe()
    yield made
    made.close()


class Wakes:
    """Counts the calls of ``wake``, and lets a test wait for one."""

    def __init__(self) -> None:
        self.count = 0
        self._news = threading.Condition()

    def __call__(self) -> None:
        with self._news:
            self.count += 1
            self._news.notify_all()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(condition, remaining())


def write_without_waiting(descriptor: int, data: bytes) -> None:
    """Write like an agent, and fail where it would have had to wait for long."""
    os.set_blocking(descriptor, False)
    view = memoryview(data)
    while view:
        assert select.select([], [descriptor], [], remaining())[1], f"{len(view)} bytes are not read: the agent waits"
        view = view[os.write(descriptor, view) :]


def contents(drain: StdinDrain) -> bytes:
    found = bytearray()
    while data := drain.backlog.take(MEBIBYTE):
        found += data
    return bytes(found)


def test_everything_is_read_to_the_end_in_order(agent: Pipe) -> None:
    wakes = Wakes()
    drain = StdinDrain(agent.read_end, wakes)
    drain.start()
    data = bytes(range(256)) * 4096
    write_without_waiting(agent.write_end, data)
    assert not drain.ended.is_set()
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    assert drain.ended.is_set()
    assert contents(drain) == data


def test_each_piece_and_the_end_wake_the_main_thread(agent: Pipe) -> None:
    wakes = Wakes()
    drain = StdinDrain(agent.read_end, wakes)
    drain.start()
    os.write(agent.write_end, b"one")
    wakes.wait_until(lambda: wakes.count == 1)
    assert contents(drain) == b"one"
    os.write(agent.write_end, b"two")
    wakes.wait_until(lambda: wakes.count == 2)
    assert contents(drain) == b"two"
    agent.close(agent.write_end)
    wakes.wait_until(drain.ended.is_set)
    assert drain.finished.wait(remaining())


def test_nothing_is_read_before_the_start(agent: Pipe) -> None:
    StdinDrain(agent.read_end, Wakes())
    os.write(agent.write_end, b"x")
    assert select.select([agent.read_end], [], [], 0)[0]


def test_an_agent_is_not_slowed_though_nobody_takes_what_was_read(agent: Pipe) -> None:
    drain = StdinDrain(agent.read_end, Wakes())
    drain.start()
    write_without_waiting(agent.write_end, bytes(8 * MEBIBYTE))
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    assert len(drain.backlog) == 8 * MEBIBYTE


def test_an_input_that_was_made_non_blocking_is_waited_for(agent: Pipe) -> None:
    """Another program that holds the same pipe or terminal may do that at any time."""
    os.set_blocking(agent.read_end, False)
    wakes = Wakes()
    drain = StdinDrain(agent.read_end, wakes)
    drain.start()
    os.write(agent.write_end, b"late")
    wakes.wait_until(lambda: wakes.count == 1)
    assert not drain.ended.is_set()
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    assert contents(drain) == b"late"


def test_an_input_that_cannot_be_read_is_at_its_end(tmp_path: os.PathLike[str]) -> None:
    directory = os.open(tmp_path, os.O_RDONLY)
    drain = StdinDrain(directory, Wakes())
    drain.start()
    assert drain.finished.wait(remaining())
    assert drain.ended.is_set()
    os.close(directory)


def test_what_nobody_will_hear_is_read_and_forgotten(agent: Pipe) -> None:
    drain = StdinDrain(agent.read_end, Wakes())
    drain.discard()
    drain.start()
    write_without_waiting(agent.write_end, bytes(MEBIBYTE))
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    assert len(drain.backlog) == 0
    assert drain.ended.is_set()


# --- tee


def test_everything_is_passed_on_unchanged(agent: Pipe, onward: Pipe) -> None:
    drain = StdinDrain(agent.read_end, Wakes(), onward.write_end)
    drain.start()
    passed: list[bytes] = []
    reader = threading.Thread(target=lambda: passed.append(onward.read_to_end()), daemon=True)
    reader.start()
    data = os.urandom(MEBIBYTE)
    write_without_waiting(agent.write_end, data)
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    onward.close(onward.write_end)
    reader.join()
    assert passed == [data]
    assert contents(drain) == data
    assert not drain.tee_failed.is_set()


def test_a_reader_of_ours_that_stops_does_not_stop_the_agent(agent: Pipe, onward: Pipe) -> None:
    drain = StdinDrain(agent.read_end, Wakes(), onward.write_end)
    drain.start()
    data = os.urandom(4 * MEBIBYTE)
    write_without_waiting(agent.write_end, data)  # nobody reads the other end
    agent.close(agent.write_end)
    assert drain.ended.wait(remaining())
    assert contents(drain) == data

    passed = bytearray()
    while len(passed) < len(data):
        passed += os.read(onward.read_end, MEBIBYTE)
    assert bytes(passed) == data, "and it gets everything when it goes on"
    assert drain.finished.wait(remaining())


def test_what_is_discarded_is_still_passed_on(agent: Pipe, onward: Pipe) -> None:
    drain = StdinDrain(agent.read_end, Wakes(), onward.write_end)
    drain.discard()
    drain.start()
    os.write(agent.write_end, b"for the next in the pipe")
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    onward.close(onward.write_end)
    assert onward.read_to_end() == b"for the next in the pipe"


def test_a_closed_stdout_is_noticed_and_what_is_heard_goes_on(agent: Pipe, onward: Pipe) -> None:
    wakes = Wakes()
    drain = StdinDrain(agent.read_end, wakes, onward.write_end)
    drain.start()
    onward.close(onward.read_end)
    os.write(agent.write_end, b"first")
    wakes.wait_until(drain.tee_failed.is_set)
    data = os.urandom(MEBIBYTE)
    write_without_waiting(agent.write_end, data)
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    assert contents(drain) == b"first" + data
    assert drain._tee is not None
    assert len(drain._tee) == 0, "nothing piles up for a reader that is gone"


def test_a_stdout_that_was_made_non_blocking_loses_nothing(agent: Pipe, onward: Pipe) -> None:
    os.set_blocking(onward.write_end, False)
    drain = StdinDrain(agent.read_end, Wakes(), onward.write_end)
    drain.start()
    data = os.urandom(MEBIBYTE)
    write_without_waiting(agent.write_end, data)
    agent.close(agent.write_end)
    passed = bytearray()
    while len(passed) < len(data):
        passed += os.read(onward.read_end, MEBIBYTE)
    assert drain.finished.wait(remaining())
    assert bytes(passed) == data
    assert not drain.tee_failed.is_set()
    assert fcntl.fcntl(onward.write_end, fcntl.F_GETFL) & os.O_NONBLOCK, "and is left as others want it"


def test_what_is_passed_on_and_finds_no_room_on_the_disk_is_counted(
    agent: Pipe, onward: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stdin_reader, "Backlog", lambda: Backlog(memory_bytes=4096))
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    drain = StdinDrain(agent.read_end, Wakes(), onward.write_end)
    drain.discard()
    drain.start()
    write_without_waiting(agent.write_end, bytes(MEBIBYTE))
    agent.close(agent.write_end)
    assert drain.ended.wait(remaining())
    passed: list[bytes] = []
    reader = threading.Thread(target=lambda: passed.append(onward.read_to_end()), daemon=True)
    reader.start()
    assert drain.finished.wait(remaining())
    onward.close(onward.write_end)
    reader.join()
    assert 0 < drain.tee_lost_bytes == MEBIBYTE - len(passed[0])


def test_what_a_reader_of_ours_does_not_want_is_not_lost(agent: Pipe, onward: Pipe) -> None:
    drain = StdinDrain(agent.read_end, Wakes(), onward.write_end)
    drain.start()
    onward.close(onward.read_end)
    os.write(agent.write_end, b"nobody reads this")
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    assert drain.tee_failed.is_set()
    assert drain.tee_lost_bytes == 0


@pytest.mark.platform
def test_what_a_full_disk_behind_stdout_does_not_take_is_counted(agent: Pipe) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    drain = StdinDrain(agent.read_end, Wakes(), full)
    drain.start()
    os.write(agent.write_end, b"x" * 100)
    agent.close(agent.write_end)
    assert drain.finished.wait(remaining())
    assert drain.tee_lost_bytes == 100
    assert str(drain.tee_failure).endswith("No space left on device")
    os.close(full)
