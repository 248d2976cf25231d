"""Listener of the hook socket: many short connections, each with lines of one agent. It never blocks.

A line counts once it is complete. A connection that sends no line end, too much, or nothing for a while is closed.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.protocol.hook_socket import MAX_EVENT_BYTES, agent_of, time_of, variables_of
from voicestream.records import FrozenRecord, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from pathlib import Path

MAX_CONNECTIONS: Final = 128
"""Open connections; further ones wait in the kernel's queue."""

BACKLOG: Final = 1024

MAX_READS_A_TURN: Final = 64

CHUNK_BYTES: Final = 64 << 10

SILENCE_SECONDS: Final = 10.0
"""A connection without a byte for so long is closed."""


class _Connection(Record):
    socket: socket.socket
    heard_at: float
    agent: str = ""
    variables: dict[str, str] = field(default_factory=dict[str, str])
    at: int = 0
    buffer: bytearray = field(default_factory=bytearray)


class Line(FrozenRecord, frozen=True):
    """One line of an agent's hook."""

    agent: str
    data: bytes
    variables: dict[str, str] = field(default_factory=dict[str, str])
    """Environment variables of the agent: ``hook_socket.VARIABLES``."""
    at: int = 0
    """Time of the event in nanoseconds of the agent's monotonic clock; 0: unknown."""


class Listener:
    """Socket in the run directory, mode 0600."""

    def __init__(self, path: Path, refuse: Callable[[str], None]) -> None:
        """Bind the socket; ``refuse`` is told the reason why a connection is closed early."""
        self._refuse = refuse
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._path = path
        # The run directory is private and so is the umask; this holds for any umask.
        self._socket.bind(str(path))
        path.chmod(0o600)
        self._socket.listen(BACKLOG)
        self._connections: dict[int, _Connection] = {}

    def descriptors(self) -> set[int]:
        """Return the descriptors to poll."""
        if self._socket.fileno() < 0:
            return set()
        accepting = {self._socket.fileno()} if len(self._connections) < MAX_CONNECTIONS else set[int]()
        return accepting | self._connections.keys()

    @property
    def due(self) -> float | None:
        """Time at which a silent connection is closed, in seconds of the monotonic clock."""
        return min((one.heard_at + SILENCE_SECONDS for one in self._connections.values()), default=None)

    def read(self, ready: Container[object], now: float) -> list[Line]:
        """Return the lines that have arrived; ``ready``: the descriptors that can be read."""
        if self._socket.fileno() in ready:
            self._accept(now)
        lines: list[Line] = []
        reads = 0
        for descriptor, connection in list(self._connections.items()):
            if reads < MAX_READS_A_TURN and (descriptor in ready or connection.heard_at == now):
                reads += 1
                lines += self._receive(descriptor, connection, now)
            if now >= connection.heard_at + SILENCE_SECONDS:
                self._close(descriptor, "it sent nothing")
        return lines

    def close(self) -> None:
        """Close all connections and remove the socket."""
        for descriptor in list(self._connections):
            self._close(descriptor)
        if self._socket.fileno() >= 0:
            self._socket.close()
            self._path.unlink(missing_ok=True)

    def _accept(self, now: float) -> None:
        while len(self._connections) < MAX_CONNECTIONS:
            try:
                accepted, _ = self._socket.accept()
            except OSError:  # nobody waits, or no descriptor is left: the next turn tries again
                return
            accepted.setblocking(False)
            self._connections[accepted.fileno()] = _Connection(accepted, now)

    def _receive(self, descriptor: int, connection: _Connection, now: float) -> list[Line]:
        try:
            data = connection.socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self._close(descriptor, "an incomplete line" if connection.buffer else "")
            return []
        connection.heard_at = now
        connection.buffer += data
        lines: list[Line] = []
        while (end := connection.buffer.find(b"\n")) >= 0:
            line = bytes(connection.buffer[:end])
            del connection.buffer[: end + 1]
            if not connection.agent:
                connection.agent = agent_of(line)
                connection.variables = variables_of(line)
                connection.at = time_of(line)
                if not connection.agent:
                    self._close(descriptor, "its first line names no agent")
                    break
            elif line.strip():
                lines.append(Line(connection.agent, line, connection.variables, connection.at))
        if len(connection.buffer) > MAX_EVENT_BYTES:
            self._close(descriptor, "a line is too long")
        return lines

    def _close(self, descriptor: int, reason: str = "") -> None:
        connection = self._connections.pop(descriptor, None)
        if connection is None:
            return
        connection.socket.close()
        if reason:
            self._refuse(reason)
