"""A real hub and real peers of it, for tests of who gets which message."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import zmq

from helpers.fixtures.deadline import remaining_milliseconds
from voicestream.protocol.messages import Beat
from voicestream.protocol.transport import pack, peer_socket, unpack
from voicestream.supervisor.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.protocol.messages import Message

M = TypeVar("M")


class Net:
    """A hub bound in a directory of its own, and its peers."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hub"
        self.hub = Hub(self.path)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._sockets: list[zmq.Socket[bytes]] = []

    def stranger(self, identity: bytes) -> zmq.Socket[bytes]:
        """A peer that has said nothing yet."""
        socket = peer_socket(self._context, self.path, identity, linger_milliseconds=0)
        self._sockets.append(socket)
        return socket

    def peer(self, identity: bytes) -> zmq.Socket[bytes]:
        """A peer that the hub knows, because it has said something."""
        socket = self.stranger(identity)
        socket.send(pack(Beat()))
        assert self.next() == (identity, Beat())
        return socket

    def next(self) -> tuple[bytes, Message]:
        """The next message that gets through to the hub."""
        while True:
            assert self.hub.socket.poll(remaining_milliseconds()), "nothing arrived"
            for found in self.hub.receive():
                return found

    def expect(self, kind: type[M], identity: bytes) -> M:
        """The next message of one peer that is no Beat; it must be of this kind."""
        while True:
            sender, message = self.next()
            if sender == identity and not isinstance(message, Beat):
                assert isinstance(message, kind), message
                return message

    def close(self) -> None:
        """End all sockets."""
        self.hub.close(linger_seconds=0)
        for socket in self._sockets:
            socket.close(0)
        self._context.term()


def received(socket: zmq.Socket[bytes]) -> Message:
    """The next message that a peer gets."""
    assert socket.poll(remaining_milliseconds()), "nothing arrived"
    return unpack(socket.recv())


@contextmanager
def new_net() -> Iterator[Net]:
    """A net in a directory with a short name, because of the length limit of socket paths."""
    folder = Path(tempfile.mkdtemp(prefix="vs-"))
    net = Net(folder)
    try:
        yield net
    finally:
        net.close()
        shutil.rmtree(folder)
