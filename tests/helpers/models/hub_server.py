"""A hub on this machine: serves a directory the way huggingface.co serves a repository, with faults on request."""

from __future__ import annotations

import functools
import hashlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE_BYTES = 40_000
"""From this size on a file is in LFS, as on the hub: another checksum, and a redirection to another address."""

PIECE_BYTES = 65_536
STALLED_SECONDS = 60.0


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    start: int = 0
    """Of its range."""
    sent: int = 0
    """Bytes of the file that were sent."""


@dataclass
class Faults:
    """What goes wrong; all of it can be changed while it serves."""

    cut_after: int | None = None
    """Close the connection after so many bytes of a large file."""
    cuts_left: int = 1_000_000
    """How often."""
    stall_after: int | None = None
    """Send nothing more after so many bytes of a large file, and leave the connection open."""
    changed: frozenset[str] = frozenset()
    """Files of which other contents are sent than the listing says."""
    missing: frozenset[str] = frozenset()
    """Files that are listed and not there."""
    status: int | None = None
    """The answer to everything."""
    error_code: str = ""
    """With it: ``GatedRepo``, ``RepoNotFound``."""
    token: str | None = None
    """Answer 401 to who does not bring it."""
    whole_only: bool = False
    """Send files from their beginning, whatever was asked for."""
    page: bool = False
    """Answer everything with a page that wants a login, as a hotel does."""
    delay_seconds: float = 0.0
    """Between two pieces."""


@dataclass
class HubServer:
    """Serves ``directory`` as the repository ``repository``; a context manager."""

    directory: Path
    repository: str
    faults: Faults = field(default_factory=Faults)
    seen: list[Seen] = field(default_factory=list)
    extra_names: tuple[str, ...] = ()
    """Names that stand in the listing, too."""
    listed_sizes: dict[str, int] = field(default_factory=dict)
    """Sizes that the listing says instead of the right ones."""

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """For ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def store_address(self) -> str:
        """Of large files: another host, as far as names tell."""
        return f"http://localhost:{self._server.server_address[1]}"

    @property
    def sent(self) -> int:
        """Bytes of files that were sent so far."""
        return sum(request.sent for request in self.seen)

    def sent_of(self, name: str) -> int:
        """Of one file."""
        sha256 = _sha256(self.directory / name)
        return sum(request.sent for request in self.seen if request.path.endswith((f"/{name}", f"/{sha256}")))

    def files(self) -> list[Path]:
        """What it serves."""
        return sorted(path for path in self.directory.rglob("*") if path.is_file())


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is killed is nothing to tell of."""


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - their name
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        request = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        self.hub.seen.append(request)
        faults = self.hub.faults
        if faults.status is not None:
            self._send(faults.status, b"{}", {"X-Error-Code": faults.error_code} if faults.error_code else {})
        elif faults.page:
            self._send(200, b"<html>Welcome to our hotel</html>", {"Content-Type": "text/html"})
        elif (
            faults.token is not None
            and not path.startswith("/cdn/")
            and request.headers.get("authorization") != f"Bearer {faults.token}"
        ):
            self._send(401, b"{}", {"X-Error-Code": "GatedRepo"})
        elif path.startswith(f"/api/models/{self.hub.repository}"):
            self._send(200, self._listing(), {"Content-Type": "application/json"})
        elif path.startswith("/cdn/"):
            self._send_file(self._by_sha256(path.removeprefix("/cdn/")), request)
        elif path.startswith(f"/{self.hub.repository}/resolve/"):
            self._resolve(path.partition("/resolve/")[2].partition("/")[2], request)
        else:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _listing(self) -> bytes:
        siblings = []
        for path in self.hub.files():
            size = path.stat().st_size
            sibling = {
                "rfilename": str(path.relative_to(self.hub.directory)),
                "size": self.hub.listed_sizes.get(path.name, size),
                "blobId": _blob_id(path),
            }
            if size >= LARGE_BYTES:
                sibling["lfs"] = {"sha256": _sha256(path), "size": size, "pointerSize": 134}
            siblings.append(sibling)
        siblings += [{"rfilename": name, "size": 4, "blobId": "0" * 40} for name in self.hub.extra_names]
        return json.dumps(
            {
                "id": self.hub.repository,
                "modelId": self.hub.repository,
                "sha": COMMIT,
                "siblings": siblings,
            }
        ).encode()

    def _resolve(self, name: str, request: Seen) -> None:
        path = self.hub.directory / name
        if name in self.hub.faults.missing or not path.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            return
        size = path.stat().st_size
        if size < LARGE_BYTES:
            self._send_file(path, request)
            return
        sha256 = _sha256(path)
        linked = {
            "Location": f"{self.hub.store_address}/cdn/{sha256}",
            "X-Linked-Etag": f'"{sha256}"',
            "X-Linked-Size": str(size),
            "X-Repo-Commit": COMMIT,
        }
        self._send(302, b"", linked)

    def _by_sha256(self, sha256: str) -> Path:
        return next(path for path in self.hub.files() if _sha256(path) == sha256)

    def _send_file(self, path: Path, request: Seen) -> None:
        data = path.read_bytes()
        is_large = len(data) >= LARGE_BYTES
        if path.name in self.hub.faults.changed:
            data = bytes(len(data))
        wanted = "" if self.hub.faults.whole_only else request.headers.get("range", "")
        total = len(data)
        if wanted:
            request.start = int(wanted.removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {request.start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(total - request.start))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{_sha256(path)}"')
        self.end_headers()
        if self.command == "HEAD":
            return
        faults = self.hub.faults
        for start in range(request.start, total, PIECE_BYTES):
            if is_large and faults.cut_after is not None and request.sent >= faults.cut_after and faults.cuts_left > 0:
                faults.cuts_left -= 1
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if is_large and faults.stall_after is not None and request.sent >= faults.stall_after:
                self.hub.ended.wait(STALLED_SECONDS)
                self.close_connection = True
                return
            piece = data[start : start + PIECE_BYTES]
            try:
                self.wfile.write(piece)
            except OSError:
                self.close_connection = True
                return
            request.sent += len(piece)
            if faults.delay_seconds:
                self.hub.ended.wait(faults.delay_seconds)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _sha256(path: Path) -> str:
    return _hashes(path, path.stat().st_mtime_ns)[0]


def _blob_id(path: Path) -> str:
    """As git names the contents."""
    return _hashes(path, path.stat().st_mtime_ns)[1]


@functools.lru_cache(maxsize=200)
def _hashes(path: Path, _modified: int) -> tuple[str, str]:
    data = path.read_bytes()
    named = b"blob %d\0%b" % (len(data), data)
    return hashlib.sha256(data).hexdigest(), hashlib.sha1(named, usedforsecurity=False).hexdigest()
