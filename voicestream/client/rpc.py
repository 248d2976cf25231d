"""RPC to the running supervisor: a request, and its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from voicestream.client.connection import Client
from voicestream.errors import VoicestreamError
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.protocol.messages import Message, WorkerRestarted

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


def call_each(
    request: Message, answer_type: type[WorkerRestarted], *, timeout_seconds: float
) -> Iterator[WorkerRestarted]:
    """Send a request and return one answer after another until none remains.

    Raises:
        NoSupervisorError: no supervisor is running.
        RefusedError: the request is refused.
    """
    with Client(RunDirectory.of_this_user()) as client:
        client.connect()
        client.send(request)
        remaining = 1
        while remaining:
            answer = client.wait_for_answer(timeout_seconds=timeout_seconds)
            if not isinstance(answer, answer_type):
                text = f"the supervisor answered with {type(answer).__name__}"
                raise VoicestreamError(text, hint="Try: voicestream down")
            remaining = answer.remaining
            yield answer
