"""RPC to the running supervisor: one request, one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from voicestream.client.connection import Client
from voicestream.errors import VoicestreamError
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from voicestream.protocol.messages import Message

Answer = TypeVar("Answer")


def call(request: Message, answer_type: type[Answer], *, timeout_seconds: float = 20.0) -> Answer:
    """Send a request and return the answer.

    Raises:
        NoSupervisorError: no supervisor is running.
        RefusedError: it refused the request.
    """
    with Client(RunDirectory.of_this_user()) as client:
        client.connect()
        answer = client.ask(request, timeout_seconds=timeout_seconds)
    if not isinstance(answer, answer_type):
        raise VoicestreamError(f"the supervisor answered with {type(answer).__name__}", hint="Try: voicestream down")
    return answer
