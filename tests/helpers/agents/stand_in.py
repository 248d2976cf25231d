"""HTTP server in the place of the models' APIs, on loopback."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

from helpers.agents.dialects import ENDINGS, pieces, words
from helpers.agents.script import Cut, Failure, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.agents.dialects import Dialect
    from helpers.agents.script import Json, Script, Turn

DELTA_SECONDS = 0.005
RETRY_MILLISECONDS = "200"
CUT_SECONDS = 0.5
"""Between the last piece and the end of the connection: agents throw away what they have not read then."""
SIDE_ANSWER = (Text("Work on the project"),)
"""Answer to what an agent asks for itself, for example a title of the session."""


@dataclass
class Hold:
    """Pause in the middle of an answer until something has happened."""

    after: str
    """Beginning of the answer, after which it stops."""
    until: Callable[[], bool]
    seconds: float
    """Timeout."""
    is_met: bool = False
    """True if it has happened in time."""

    def wait(self) -> None:
        """Wait for it."""
        deadline = time.monotonic() + self.seconds
        while not self.is_met and time.monotonic() < deadline:
            self.is_met = self.until()
            time.sleep(0.02)


class StandIn(ThreadingHTTPServer):
    """The server of one run of an agent."""

    daemon_threads = True

    def __init__(self, script: Script, delta_seconds: float = DELTA_SECONDS) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.delta_seconds = delta_seconds
        self.hold: Hold | None = None
        """Pause in the answer that begins with its text."""
        self.requests: list[str] = []
        """Method and path of each request, and what was answered."""
        self.strangers: list[str] = []
        """Requests for other hosts, which came because this server is the agent's proxy, too."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Agents break connections off when they end."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def address(self) -> str:
        """Its URL, without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def stand_in(self) -> StandIn:
        """The server, by its type."""
        return cast("StandIn", self.server)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Print nothing: requests are kept in a list."""

    def do_CONNECT(self) -> None:
        """Refuse an encrypted connection to another host."""
        self.stand_in.strangers.append(self.path)
        self._whole(403, {})

    def do_GET(self) -> None:
        """Answer with empty lists: of models, of plug-ins, of whatever is asked for."""
        if not self.path.startswith("/"):
            self.stand_in.strangers.append(self.path)
        self.stand_in.requests.append(f"GET {self.path}")
        self._whole(200, {"data": [], "models": [], "object": "list", "has_more": False})

    def do_HEAD(self) -> None:
        """Answer like a GET, without the body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Answer as a model."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if not path.startswith("/"):
            self.stand_in.strangers.append(self.path)
        dialect = next((ENDINGS[ending] for ending in ENDINGS if path.endswith(ending)), None)
        if dialect is None:
            self.stand_in.requests.append(f"POST {self.path}")
            self._whole(200, {"input_tokens": 10, "totalTokens": 10})
            return
        asked: Json = json.loads(body)
        is_streamed = asked.get("stream") or path.endswith(":streamGenerateContent")
        turn = SIDE_ANSWER if dialect.is_side_question(asked) else self.stand_in.script.next_turn(dialect.task(asked))
        self.stand_in.requests.append(f"POST {self.path} {'streamed' if is_streamed else 'whole'} {turn}"[:200])
        if isinstance(turn[0], Failure):
            self._whole(turn[0].status, dialect.failure(turn[0].status, turn[0].message))
        elif is_streamed:
            self._stream(dialect, asked, turn)
        elif isinstance(turn[-1], Cut):
            self.close_connection = True
        else:
            self._whole(200, dialect.whole(asked, turn))

    def _whole(self, status: int, answer: Json) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        if status >= HTTPStatus.BAD_REQUEST:
            self.send_header("retry-after-ms", RETRY_MILLISECONDS)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, dialect: Dialect, asked: Json, turn: Turn) -> None:
        """Chunked, so that a cut connection is no regular end."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        hold = self.stand_in.hold
        is_held = hold is not None and words(turn).startswith(hold.after)
        left = list(pieces(hold.after)) if hold and is_held else []
        for each in dialect.stream(asked, turn):
            if hold and is_held and not left:
                is_held = False
                hold.wait()
            if left and json.dumps(left[0])[1:-1].encode() in each:
                del left[0]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(each), each))
            self.wfile.flush()
            time.sleep(self.stand_in.delta_seconds)
        if isinstance(turn[-1], Cut):
            time.sleep(CUT_SECONDS)
        else:
            self.wfile.write(b"0\r\n\r\n")


@contextmanager
def stand_in(script: Script, delta_seconds: float = DELTA_SECONDS) -> Iterator[StandIn]:
    """A server that runs."""
    server = StandIn(script, delta_seconds)
    thread = threading.Thread(target=server.serve_forever, name="stand-in", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
