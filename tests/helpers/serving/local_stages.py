"""The stages of a server in this process, without Ray, and a client of its ASGI application."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voicestream.serve.api.counters import Counters, Request
from voicestream.serve.stages.speech import SpeechStage
from voicestream.serve.stages.translation import TranslationStage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from voicestream.serve.api.api_errors import Refusal
    from voicestream.serve.api.application import Application
    from voicestream.serve.api.requests import SpeechJob, TranslationJob
    from voicestream.serve.settings import ServeSettings
    from voicestream.serve.stages.speech import Description, SpeechItem
    from voicestream.serve.stages.translation import Translations


class LocalStages:
    """Implements `Stages`; `counted` has the finished requests."""

    def __init__(self, settings: ServeSettings) -> None:
        self.speech = SpeechStage(settings)
        self.translation = TranslationStage(settings)
        self.counters = Counters()
        self.counted: list[Request] = []

    def speak(self, job: SpeechJob) -> AsyncGenerator[SpeechItem]:
        return self.speech.speak(job)

    async def translate(self, job: TranslationJob) -> Translations | Refusal:
        return await self.translation.translate(job)

    async def describe(self) -> Sequence[Description]:
        return [self.speech.describe(), self.translation.describe()]

    async def status(self) -> dict[str, Any]:
        return {"stages": []}

    async def metrics(self) -> str:
        return self.counters.text({"speech": 1})

    def count(self, request: Request) -> None:
        self.counted.append(request)
        self.counters.add(request)


@dataclass
class Answer:
    """Response to a request."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    chunks: list[bytes] = field(default_factory=list[bytes])
    is_whole: bool = False
    """False: the application raised, and a server would close the connection."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON holds anything
        return json.loads(self.body)


async def ask(
    application: Application,
    path: str,
    body: object = None,
    *,
    token: str = "",
    method: str = "",
    closes_after: int | None = None,
) -> Answer:
    """Ask the application for a path; `closes_after`: chunks after which the connection is closed."""
    answer = Answer()
    closed = asyncio.Event()
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    waiting = [{"type": "http.request", "body": data, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await closed.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        if message["body"]:
            answer.chunks.append(message["body"])
        answer.is_whole = not message.get("more_body", False)
        if closes_after is not None and len(answer.chunks) >= closes_after:
            closed.set()
            await asyncio.sleep(0)

    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {"type": "http", "method": method or ("GET" if body is None else "POST"), "path": path, "headers": headers}
    await application(scope, receive, send)
    return answer
