"""Small server of the wire of remote engines, on plain sockets, with a fault for each request.

In a test it runs in threads (``FakeServer``); as a process (``fake_server.py PORT CHANCE SEED``) it can be killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

FAULTS = ("refuse", "500", "stall", "gap", "cut", "bad chunk", "odd", "frames", "empty", "length", "garbage", "slow")
"""Faults of a response; empty = none."""

FRAMES_PER_CHARACTER = 1_400
CHUNK = 4_000
FINGERPRINT = "fake/1"


def sound(text: str, seed: int, *, per_character: int = FRAMES_PER_CHARACTER) -> bytes:
    """The samples of a text: the same for the same text and seed, and different for any other."""
    frames = 600 + per_character * len(text)
    noise = hashlib.shake_128(f"{seed} {text}".encode()).digest(2 * frames)
    # Quiet, and without -32768, which the wire never has.
    return b"".join(noise[at : at + 1] + (b"\x05" if noise[at + 1] & 1 else b"\xfa") for at in range(0, len(noise), 2))


@dataclass
class FakeServer:
    """A server in threads of this process."""

    faults: list[str] = field(default_factory=list[str])
    """Faults of the next requests for speech or a translation, the first one first."""
    fingerprint: str = FINGERPRINT
    """Empty: not reproducible."""
    port: int = 0
    token: str = ""
    chunk_seconds: float = 0.0
    per_character: int = FRAMES_PER_CHARACTER
    headers: dict[str, str] = field(default_factory=dict[str, str])
    context: ssl.SSLContext | None = None
    chance: float = 0.0
    """Probability of a random fault of each request."""
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    paths: list[str] = field(default_factory=list[str])
    heads: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set when a client closes its connection during a response."""
    is_healthy: bool = True
    accepted: list[socket.socket] = field(default_factory=list[socket.socket])
    """All connections so far."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._is_open = True
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"{'https' if self.context else 'http'}://{'localhost' if self.context else '127.0.0.1'}:{self.port}"

    def stop(self) -> None:
        """Refuse and cut all connections."""
        self._is_open = False
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in (self._listener, *self.accepted):
            one.close()

    def cut(self) -> None:
        """Close all connections."""
        for one in self.accepted:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while self._is_open:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.accepted.append(connection)
            with connection, connection.makefile("rb") as file:
                while self._answer(connection, file):
                    pass

    def _answer(self, connection: socket.socket, file: IO[bytes]) -> bool:
        """Answer one request; False: the connection is to be closed."""
        line = file.readline()
        if not line:
            return False
        path = line.split()[1].decode()
        head: dict[str, str] = {}
        while (one := file.readline().strip()) and b":" in one:
            name, _, value = one.decode().partition(":")
            head[name.strip().lower()] = value.strip()
        body = file.read(int(head.get("content-length", 0)))
        self.paths.append(path)
        self.heads.append(head)
        if path == "/health":
            return self._send(connection, "200 OK" if self.is_healthy else "503 Down", b'{"status": "ok"}')
        if self.token and head.get("authorization") != f"Bearer {self.token}":
            return self._send(connection, "401 Unauthorized", b"{}")
        if path == "/v1/models":
            return self._send(connection, "200 OK", b'{"object": "list", "data": []}')
        fields = json.loads(body)
        self.requests.append(fields)
        return self._do(connection, path, fields, self._fault())

    def _fault(self) -> str:
        if self.faults:
            return self.faults.pop(0)
        return random.choice(FAULTS) if random.random() < self.chance else ""

    def _do(self, connection: socket.socket, path: str, fields: dict[str, Any], fault: str) -> bool:
        if fault.isdecimal():
            return self._send(connection, f"{fault} Fault", b'{"error": {"message": "no"}}')
        if fault == "stall":
            return self._wait_for_end(connection)
        if fault == "garbage":
            connection.sendall(b"\x00\xff not HTTP at all\r\n\r\n")
        if fault in ("garbage", "refuse"):
            return False
        if path == "/v1/audio/speech":
            return self._speak(connection, fields, fault)
        return self._translate(connection, path, fields)

    def _translate(self, connection: socket.socket, path: str, fields: dict[str, Any]) -> bool:
        if path == "/v1/translate":
            answer: Any = {"translations": [f"{fields['target']}: {text}" for text in fields["texts"]], "model": "fake"}
        else:
            text = fields["messages"][-1]["content"]
            answer = {"choices": [{"message": {"content": f"chat: {text}"}, "finish_reason": "stop"}]}
        return self._send(connection, "200 OK", json.dumps(answer).encode())

    def _send(self, connection: socket.socket, status: str, body: bytes) -> bool:
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)
        return True

    def _speak(self, connection: socket.socket, fields: dict[str, Any], fault: str) -> bool:
        whole = sound(fields["input"], fields.get("seed", 0), per_character=self.per_character)
        skipped = min(fields.get("skip", 0), len(whole) // 2) if self.fingerprint else 0
        body = b"" if fault == "empty" else whole[2 * skipped :]
        if fault == "odd":
            body = body[:-1]
        head = "HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n"
        head += f"Content-Length: {len(body)}\r\n" if fault == "length" else "Transfer-Encoding: chunked\r\n"
        if self.fingerprint:
            head += f"X-Reproducible: {self.fingerprint}\r\nX-Skipped: {skipped}\r\n"
        if fault == "frames":
            head += f"X-Frames: {len(body) // 2 + 1}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        if fault == "length":
            connection.sendall(head.encode() + b"\r\n" + body[:CHUNK])
            return False
        connection.sendall(head.encode() + b"\r\n")
        broken_at = len(body) // 2 if fault in ("cut", "gap", "bad chunk", "slow") else len(body) + 1
        try:
            for at in range(0, len(body), CHUNK):
                if at >= broken_at and fault != "slow":
                    return self._break(connection, fault)
                chunk = body[at : at + CHUNK]
                connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                time.sleep(0.02 if fault == "slow" else self.chunk_seconds)
            connection.sendall(b"0\r\n\r\n")
        except OSError:
            self.cancelled.set()
            raise
        return True

    def _break(self, connection: socket.socket, fault: str) -> bool:
        if fault == "gap":
            return self._wait_for_end(connection)
        if fault == "bad chunk":
            connection.sendall(b"zz\r\n")
        return False

    def _wait_for_end(self, connection: socket.socket) -> bool:
        """Send nothing until the client closes the connection."""
        if not connection.recv(1):
            self.cancelled.set()
        return False


def main(port: int, chance: float, seed: int) -> None:
    """Serve as a process until it is killed."""
    random.seed(seed)
    with FakeServer(port=port, chance=chance, chunk_seconds=0.0005):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
