"""ASGI application of the server: routes, tokens, limits and streaming; it knows neither Ray nor an engine.

Texts are in the bodies of requests only, and nothing of a body is logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec

from voicestream import __version__
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.serve.api import requests
from voicestream.serve.api.api_errors import ApiError, Refusal, refused
from voicestream.serve.api.continuing import continued
from voicestream.serve.api.counters import Request
from voicestream.serve.api.limits import RateLimiter
from voicestream.serve.settings import MAX_BODY_BYTES
from voicestream.serve.stages import sound
from voicestream.serve.stages.speech import Head, seconds_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from voicestream.serve.api.requests import SpeechJob, TranslationJob
    from voicestream.serve.api.tokens import Tokens
    from voicestream.serve.settings import ServeSettings
    from voicestream.serve.stages.speech import Description, SpeechItem
    from voicestream.serve.stages.translation import Translations

Scope: TypeAlias = "dict[str, Any]"
Message: TypeAlias = "dict[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
Send: TypeAlias = "Callable[[Message], Awaitable[None]]"

CLIENT_CLOSED: Final = 499
"""Status in the counters of a request whose client has closed the connection, as in nginx."""

PATHS: Final = {
    "/health": "GET",
    "/metrics": "GET",
    "/v1/models": "GET",
    "/v1/status": "GET",
    "/v1/audio/speech": "POST",
    "/v1/translate": "POST",
}
"""Method of each path."""


class Stages(Protocol):
    """The engines behind the application, wherever they run."""

    def speak(self, job: SpeechJob) -> AsyncGenerator[SpeechItem]:
        """Yield the items of a sentence; raise ``ReplicaLostError`` if the replica has ended."""
        ...

    async def translate(self, job: TranslationJob) -> Translations | Refusal:
        """Return the translations of a job, or the reason why there are none."""
        ...

    async def describe(self) -> Sequence[Description]:
        """Return the facts about all engines; raise ``ReplicaLostError`` if one does not answer."""
        ...

    async def status(self) -> dict[str, Any]:
        """Return replicas and their states, as JSON."""
        ...

    async def metrics(self) -> str:
        """Return all counters in Prometheus' text format."""
        ...

    def count(self, request: Request) -> None:
        """Count a finished request."""
        ...


@dataclass
class _Exchange:
    """One request and its answer."""

    path: str
    method: str
    headers: dict[str, str]
    receive: Receive
    send: Send
    began: float
    status: int = 0
    """Status that was sent; 0 = none yet."""
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    """Fields of ``Request`` so far."""

    async def answer(self, status: int, body: bytes, content: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Send a whole answer."""
        await self.start(status, [("Content-Type", content), ("Content-Length", str(len(body))), *headers])
        await self.send({"type": "http.response.body", "body": body})

    async def answer_json(self, found: object, status: int = 200) -> None:
        """Send a whole answer in JSON."""
        await self.answer(status, json.dumps(found).encode(), "application/json")

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Send status and headers."""
        self.status = status
        encoded = [(name.lower().encode(), value.encode("ascii", "replace")) for name, value in headers]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})

    async def body(self) -> bytes:
        """Return the body of the request.

        Raises:
            ApiError: it is too large.
        """
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise _DisconnectedError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > MAX_BODY_BYTES:
                raise refused(413, "body_too_large", f"the limit of a body is {MAX_BODY_BYTES} bytes")
            if not message.get("more_body", False):
                return b"".join(parts)


class _DisconnectedError(Exception):
    """The client has closed the connection."""


class Application:
    """The application; called as ASGI 3 describes."""

    def __init__(
        self, settings: ServeSettings, stages: Stages, tokens: Tokens, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings: Final = settings
        self._stages: Final = stages
        self._tokens: Final = tokens
        self._now: Final = now
        # Each of these replicas sees its share of the requests.
        share = max(1, settings.ingress_replicas)
        self._limiter: Final = RateLimiter(settings.requests_per_minute / share, settings.characters_per_minute / share)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the server's life, or one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        exchange = _Exchange(scope["path"], scope["method"], headers, receive, send, self._now())
        try:
            await self._serve(exchange)
        except ApiError as error:
            refusal = error.refusal
            await exchange.answer(refusal.status, refusal.body(), "application/json", refusal.headers())
        except (_DisconnectedError, asyncio.CancelledError) as error:
            exchange.status = CLIENT_CLOSED
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            path = exchange.path if exchange.path in PATHS else "other"
            self._stages.count(Request(path=path, status=exchange.status, **exchange.figures))

    async def _serve(self, exchange: _Exchange) -> None:
        method = PATHS.get(exchange.path)
        if method is None:
            raise refused(404, "not_found", f"there is no such path; there are {', '.join(PATHS)}")
        if exchange.method != method:
            raise refused(405, "method_not_allowed", f"{exchange.path} takes {method}")
        if exchange.path == "/health":
            await self._health(exchange)
            return
        owner = self._tokens.owner(exchange.headers.get("authorization", ""))
        if owner is None:
            raise refused(401, "invalid_api_key", "the bearer token is missing or wrong")
        match exchange.path:
            case "/metrics":
                text = await self._stages.metrics()
                await exchange.answer(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8")
            case "/v1/models":
                await exchange.answer_json({"object": "list", "data": [_model(one) for one in await self._describe()]})
            case "/v1/status":
                engines = [msgspec.to_builtins(one) for one in await self._describe()]
                await exchange.answer_json({"version": __version__, "engines": engines, **await self._stages.status()})
            case "/v1/translate":
                await self._translate(exchange, owner)
            case _:
                await self._speak(exchange, owner)

    async def _describe(self) -> Sequence[Description]:
        try:
            return await self._stages.describe()
        except Exception as error:
            raise refused(503, "unavailable", "a stage does not answer", retry_after=1) from error

    async def _health(self, exchange: _Exchange) -> None:
        try:
            await self._stages.describe()
        except Exception:  # noqa: BLE001 - whatever it is, requests would fail
            await exchange.answer_json({"status": "unavailable"}, 503)
        else:
            await exchange.answer_json({"status": "ok"})

    async def _translate(self, exchange: _Exchange, owner: str) -> None:
        if not self._settings.translates:
            raise refused(404, "no_translator", "this server does not translate")
        job = requests.parse_translation(await exchange.body(), self._settings.translator)
        self._admit(exchange, owner, sum(map(len, job.texts)))
        found = await _unless_closed(self._stages.translate(job), exchange.receive)
        if isinstance(found, Refusal):
            raise ApiError(found)
        await exchange.answer_json({"translations": found.texts, "model": found.model})

    async def _speak(self, exchange: _Exchange, owner: str) -> None:
        job = requests.parse_speech(await exchange.body(), self._settings.tts)
        self._admit(exchange, owner, len(job.text))
        await _unless_closed(self._stream(exchange, job), exchange.receive)

    async def _stream(self, exchange: _Exchange, job: SpeechJob) -> None:
        def report_loss() -> None:
            exchange.figures["continued"] = exchange.figures.get("continued", 0) + 1

        sent = 0
        async with contextlib.aclosing(continued(self._stages.speak, job, report_loss)) as items:
            async for item in items:
                match item:
                    case Refusal():
                        raise ApiError(item)
                    case Head():
                        await exchange.start(200, _speech_headers(item, job))
                        if job.is_wav:
                            await exchange.send(
                                {"type": "http.response.body", "body": sound.wav_header(), "more_body": True}
                            )
                    case _:
                        exchange.figures.setdefault("first_byte_seconds", self._now() - exchange.began)
                        await exchange.send({"type": "http.response.body", "body": item, "more_body": True})
                        sent += len(item)
                        exchange.figures["audio_seconds"] = seconds_of(sent)
        # A stream that broke has raised: it must not end regularly.
        await exchange.send({"type": "http.response.body", "body": b""})

    def _admit(self, exchange: _Exchange, owner: str, characters: int) -> None:
        """Count a request against the limits.

        Raises:
            ApiError: they are reached.
        """
        seconds = self._limiter.admit(owner, characters, self._now())
        if seconds > 0:
            message = f"the limit of this token is {self._settings.requests_per_minute} requests and "
            message += f"{self._settings.characters_per_minute} characters a minute"
            raise refused(429, "rate_limit_exceeded", message, retry_after=math.ceil(seconds))
        exchange.figures["characters"] = characters


def _speech_headers(head: Head, job: SpeechJob) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "audio/wav" if job.is_wav else "audio/pcm"),
        ("X-Sample-Rate", str(SAMPLE_RATE)),
        ("X-Reproducible", head.fingerprint),
        ("X-Skipped", str(job.skip)),
        ("Cache-Control", "no-store"),
    ]


def _model(one: Description) -> dict[str, Any]:
    """Return an entry of ``GET /v1/models``."""
    common = {"id": one.name, "object": "model", "created": 0, "owned_by": "voicestream", "kind": one.kind}
    special = {"voices": one.voices} if one.kind == "speech" else {"checks": one.checks}
    return {**common, "languages": one.languages, **special}


async def _unless_closed(work: Any, receive: Receive) -> Any:  # noqa: ANN401 - of any awaitable
    """Return the result of a coroutine; cancel it when the client closes the connection.

    Raises:
        _DisconnectedError: the client has closed it.
    """
    working = asyncio.ensure_future(work)
    closed = asyncio.ensure_future(_closed(receive))
    try:
        await asyncio.wait({working, closed}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise _DisconnectedError
    finally:
        for task in (working, closed):
            task.cancel()
        await asyncio.gather(working, closed, return_exceptions=True)


async def _closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _live(receive: Receive, send: Send) -> None:
    """Answer the messages about the life of the server."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
