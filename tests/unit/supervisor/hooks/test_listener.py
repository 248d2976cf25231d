"""The hook socket: short connections in any number, and nobody who can hold it up."""

from __future__ import annotations

import socket
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicestream.protocol.hook_socket import MAX_EVENT_BYTES, frame, send
from voicestream.supervisor.hooks.listener import MAX_CONNECTIONS, SILENCE_SECONDS, Line, Listener

if TYPE_CHECKING:
    from collections.abc import Iterator


class Place:
    """A listener, and those who connect to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refused: list[str] = []
        self.listener = Listener(path, self.refused.append)
        self.now = 100.0
        self.peers: list[socket.socket] = []

    def connect(self, data: bytes = b"") -> socket.socket:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(self.path))
        peer.sendall(data)
        self.peers.append(peer)
        return peer

    def turn(self) -> list[Line]:
        """Everything that has arrived."""
        lines: list[Line] = []
        for _ in range(50):
            self.now += 0.001
            lines += self.listener.read(self.listener.descriptors(), self.now)
        return lines


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="vs-") as folder:
        found = Place(Path(folder) / "hook")
        yield found
        for peer in found.peers:
            peer.close()
        found.listener.close()
        assert not found.path.exists()


def test_it_is_for_its_user_alone(place: Place) -> None:
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o600


def test_lines_are_taken_however_they_are_cut(place: Place) -> None:
    data = frame("claude", b'{"a":\n1}') + b'{"b": 2}\n'
    peer = place.connect()
    lines: list[Line] = []
    for at in range(len(data)):
        peer.sendall(data[at : at + 1])
        lines += place.turn()
    assert lines == [Line("claude", b'{"a": 1}'), Line("claude", b'{"b": 2}')]
    assert place.refused == []


def test_the_time_of_an_event_is_that_of_its_process(place: Place) -> None:
    place.connect(frame("claude", b"1", b"2", at=17) + b"3\n")
    place.connect(frame("claude", b"4").replace(b"claude", b"claude AT=x"))
    assert [(line.data, line.at) for line in place.turn()] == [(b"1", 17), (b"2", 17), (b"3", 17), (b"4", 0)]


def test_more_connections_than_are_open_at_once_are_all_heard(place: Place) -> None:
    count = 3 * MAX_CONNECTIONS
    for number in range(count):
        assert send(str(place.path), frame("claude", str(number).encode()), 1.0)
    assert sorted(int(line.data) for line in place.turn()) == list(range(count))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (frame("claude", b"{}")[:-1], "an incomplete line"),
        (b"GET / HTTP/1.1\r\n\r\n", "its first line names no agent"),
        (frame("a b", b"{}"), "its first line names no agent"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(place: Place, data: bytes, reason: str) -> None:
    place.connect(data).close()
    assert place.turn() == []
    assert place.refused == [reason]


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(place: Place) -> None:
    peer = place.connect(frame("claude", b"{}"))
    peer.setblocking(False)
    sent = 0
    while not place.refused:
        assert sent < 2 * MAX_EVENT_BYTES
        try:
            sent += peer.send(b"x" * 65536)
        except BlockingIOError:
            place.turn()
    assert place.refused == ["a line is too long"]


def test_those_who_send_nothing_make_room_for_others(place: Place) -> None:
    for _ in range(MAX_CONNECTIONS):
        place.connect()
    place.turn()
    place.connect(frame("claude", b"{}"))
    assert place.turn() == []
    place.now += SILENCE_SECONDS
    assert place.turn() == [Line("claude", b"{}")]
