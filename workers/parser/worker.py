"""Parser worker: parses input into sentences, with a checkpoint after each piece from which another parser resumes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.protocol.messages import (
    Cancel,
    Cancelled,
    EndOfInput,
    InputConsumed,
    InputNotice,
    OpenInput,
    ParseInput,
    Ready,
    SentenceFound,
)
from voicestream.workers.harness import JobWorker
from voicestream.workers.parser.pipeline import Found, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicestream.protocol.messages import ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment
    from voicestream.workers.parser.pipeline import Notice

_log = logging.getLogger(__name__)


class ParserWorker(JobWorker):
    """Worker with one pipeline per session."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        del assignment  # a parser has no engines and no audio
        self._connection = connection
        self._pipelines: dict[str, Pipeline] = {}

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Return Ready at once: there is nothing to load."""
        del report
        return Ready(engine="builtin", device="cpu")

    def handle(self, message: ToWorker) -> None:
        """Process one message."""
        match message:
            case OpenInput():
                pipeline = Pipeline(message.options, offset=message.offset, state=message.state, found=message.found)
                self._pipelines[message.session] = pipeline
            case ParseInput(session=session) if session in self._pipelines:
                self._parse(self._pipelines[session], message)
            case EndOfInput(session=session) if session in self._pipelines:
                pipeline = self._pipelines.pop(session)
                self._tell(session, pipeline.end())
                self._consumed(session, pipeline, ended=True)
            case Cancel(session=session):
                self._pipelines.pop(session, None)
                self._connection.forget_cancelled(session, message.sentence)
                self._connection.send(Cancelled(session=session))
            case _:
                _log.warning("left out a %s: no such session, or not for a parser", type(message).__name__)

    def _parse(self, pipeline: Pipeline, message: ParseInput) -> None:
        if message.offset != pipeline.received:
            # This can only be a defect of the parser; continuing would speak nonsense.
            raise RuntimeError(f"input at {message.offset}, expected {pipeline.received}")
        self._tell(message.session, pipeline.feed(message.data))
        if message.pause:
            self._tell(message.session, pipeline.pause())
        self._consumed(message.session, pipeline, ended=False)

    def _tell(self, session: str, results: Iterable[Found | Notice]) -> None:
        for result in results:
            if isinstance(result, Found):
                self._connection.send(
                    SentenceFound(
                        session=session,
                        sentence=result.ordinal,
                        message=result.message,
                        text=result.text,
                        language=result.language,
                        kind=result.kind,
                        paragraph=result.paragraph,
                        closes=result.closes,
                    )
                )
            else:
                _log.warning("session=%s notice characters=%d lost=%s", session, len(result.text), result.lost)
                self._connection.send(InputNotice(session=session, text=result.text, lost=result.lost))

    def _consumed(self, session: str, pipeline: Pipeline, *, ended: bool) -> None:
        checkpoint = pipeline.checkpoint()
        self._tell(session, pipeline.take())
        self._connection.send(
            InputConsumed(
                session=session,
                received=pipeline.received,
                checkpoint=checkpoint.offset,
                state=checkpoint.state,
                found=pipeline.found,
                open_message=pipeline.open_message,
                ended=ended,
                format=pipeline.format,
            )
        )
