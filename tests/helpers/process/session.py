"""A session without a process of its own: what ``voicestream run`` says to the supervisor, said by the test."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Self

import msgspec

from helpers.fixtures.deadline import remaining
from voicestream.client.connection import Client
from voicestream.protocol.messages import EndOfInput, Input, OpenSession, SessionClosed, SessionEvent, SessionOpened
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from helpers.process.running import Event
    from voicestream.protocol.messages import SessionOptions

LOOK_MILLISECONDS = 20


class Session:
    """A context manager; for one thread alone."""

    def __init__(self, runtime: Path, options: SessionOptions) -> None:
        """Opened at the supervisor that runs in the directory ``runtime``."""
        self.events: list[Event] = []
        """So far, as ``--events`` prints them."""
        self._offset = 0
        self._closed: SessionClosed | None = None
        self._client = Client(RunDirectory(runtime))
        self._client.connect()
        opened = self._client.ask(OpenSession(pid=os.getpid(), options=options))
        assert isinstance(opened, SessionOpened)
        self._session = opened.session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def write(self, data: bytes) -> None:
        """What the agent prints."""
        self._client.send(Input(session=self._session, offset=self._offset, data=data))
        self._offset += len(data)

    def of(self, kind: str) -> list[Event]:
        """Its events of one kind so far."""
        return [event for event in self.events if event["event"] == kind]

    def wait_for(self, kind: str, count: int = 1) -> None:
        """Wait until there are ``count`` events of a kind."""
        deadline = time.monotonic() + remaining()
        while len(self.of(kind)) < count:
            assert self._closed is None, f"it ended without {count} {kind}: {self._closed}, {self.events}"
            assert time.monotonic() < deadline, f"waited in vain for {count} {kind}: {self.events}"
            self._look()

    def finish(self) -> SessionClosed:
        """The agent ends; what the supervisor says about the session then."""
        if self._closed is None:
            self._client.send(EndOfInput(session=self._session))
        deadline = time.monotonic() + remaining()
        while self._closed is None:
            assert time.monotonic() < deadline, f"waited in vain for its end: {self.events}"
            self._look()
        return self._closed

    def _look(self) -> None:
        assert self._client.socket is not None
        self._client.socket.poll(LOOK_MILLISECONDS)
        while (message := self._client.receive()) is not None:
            if isinstance(message, SessionEvent):
                self.events.append(msgspec.to_builtins(message))
            elif isinstance(message, SessionClosed):
                self._closed = message
