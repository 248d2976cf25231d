"""HTTP exchange in a thread of its own: one request, and its response as events with a timeout.

A blocked look-up, connection or read never blocks the worker. ``close`` shuts the connection down, which ends the
thread and tells the server that nobody listens.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import ssl
import threading
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK_BYTES: Final = 9_600
"""Largest read: 0.2 s of sound, so that a sentence can be cancelled between two."""

CONNECTION_SECONDS: Final = 10.0
"""Timeout of each call of the socket: ends the threads of exchanges that were given up."""


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    path: str
    body: bytes | None = None
    """JSON; None: a GET."""
    max_bytes: int = 1 << 20
    """Limit of the body of the response."""


@dataclass(frozen=True)
class Head:
    """Head of a response."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    is_delimited: bool
    """The body has a length or chunks, so that a cut is noticed."""


@dataclass(frozen=True)
class Data:
    """Bytes of the body."""

    data: bytes


@dataclass(frozen=True)
class End:
    """Regular end of the body."""


@dataclass(frozen=True)
class Broken:
    """Irregular end; nothing follows."""

    reason: str


Event = Head | Data | End | Broken


class Connections:
    """Connections to hosts; one idle connection of each is kept for the next request."""

    def __init__(self, token: str, ca_file: str) -> None:
        """Load the certificates.

        Args:
            token: sent to every host; empty = none.
            ca_file: certificates of authorities; empty = those of the system.

        Raises:
            OSError: ``ca_file`` cannot be read; ``ssl.SSLError``: it holds none.
        """
        self.headers: Final = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = self._make_context() if ca_file else None
        self._idle: dict[str, http.client.HTTPConnection] = {}

    def take(self, url: str) -> tuple[http.client.HTTPConnection, bool]:
        """Return a connection to a host, and whether it was used before."""
        idle = self._idle.pop(url, None)
        return (idle, True) if idle is not None else (self.new(url), False)

    def new(self, url: str) -> http.client.HTTPConnection:
        """Return a new connection, which connects with its first request."""
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=CONNECTION_SECONDS)
        if self._context is None:
            self._context = self._make_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=CONNECTION_SECONDS, context=self._context)

    def give_back(self, url: str, connection: http.client.HTTPConnection) -> None:
        """Keep a connection for the next request."""
        former = self._idle.pop(url, None)
        self._idle[url] = connection
        if former is not None:
            former.close()

    def close(self) -> None:
        """Close idle connections."""
        while self._idle:
            self._idle.popitem()[1].close()

    def _make_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._ca_file or None)


class Exchange:
    """A request that is under way."""

    def __init__(self, connections: Connections, url: str, request: Request) -> None:
        """Start the request."""
        self._connections = connections
        self._url = url
        self._request = request
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._connection: http.client.HTTPConnection | None = None
        self._is_closed = threading.Event()
        threading.Thread(target=self._run, name="exchange", daemon=True).start()

    def next(self, timeout: float) -> Event | None:
        """Return the next event; None if there is none within ``timeout`` seconds."""
        try:
            return self._events.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the request, unless it has ended: close its connection."""
        self._is_closed.set()
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            self._exchange()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._events.put(Broken(describe(error)))
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _exchange(self) -> None:
        response = self._respond()
        headers = {name.lower(): value for name, value in response.getheaders()}
        length, limit = response.length, self._request.max_bytes
        self._events.put(Head(response.status, headers, is_delimited=response.chunked or length is not None))
        # Not all versions of http.client notice that a body is shorter than its length.
        left = limit + 1 if length is None else min(length, limit + 1)
        while left > 0 and (data := response.read1(min(CHUNK_BYTES, left))):
            if self._is_closed.is_set():
                return
            left -= len(data)
            self._events.put(Data(data))
        is_too_long = left <= 0 and (length is None or length > limit)
        if is_too_long or (length is not None and left > 0):
            self._events.put(Broken("wrong length: too many bytes" if is_too_long else "the connection was cut"))
            return
        connection = self._connection
        if connection is not None and not response.will_close and not self._is_closed.is_set():
            response.close()
            self._connection = None
            self._connections.give_back(self._url, connection)
        self._events.put(End())

    def _respond(self) -> http.client.HTTPResponse:
        connection, is_used = self._connections.take(self._url)
        try:
            return self._send(connection)
        except (ConnectionError, http.client.BadStatusLine):
            # The host has closed an idle connection.
            if not is_used or self._is_closed.is_set():
                raise
            connection.close()
            return self._send(self._connections.new(self._url))

    def _send(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        self._connection = connection
        if connection.sock is None:
            connection.connect()
        if self._is_closed.is_set():
            raise ConnectionAbortedError("closed")
        request = self._request
        path = urllib.parse.urlsplit(self._url).path + request.path
        method = "GET" if request.body is None else "POST"
        connection.request(method, path, request.body, self._connections.headers)
        return connection.getresponse()


def describe(error: Exception) -> str:
    """Return an error of a connection in a few words, without addresses and contents."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    words = next((words for kinds, words in _WORDS if isinstance(error, kinds)), "")
    if words:
        return words
    return (error.strerror or "the connection failed") if isinstance(error, OSError) else "it does not speak HTTP"


_WORDS: Final = (
    (ssl.SSLError, "TLS failed"),
    (TimeoutError, "timed out"),
    (ConnectionRefusedError, "connection refused"),
    (socket.gaierror, "its name is unknown"),
    ((ConnectionError, http.client.IncompleteRead), "the connection was cut"),
)
"""Errors in words, the most specific first."""
