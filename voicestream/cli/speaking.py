"""What ``run``, ``say`` and ``demo`` have in common: a session from options to exit code."""

from __future__ import annotations

import tempfile
import time
from typing import TYPE_CHECKING

from voicestream import cards, languages
from voicestream.captions import Captions
from voicestream.client import Client
from voicestream.run_directory import RunDirectory
from voicestream.run_session import RunSession

if TYPE_CHECKING:
    from voicestream.cli.session_options import Request
    from voicestream.events import EventWriter
    from voicestream.messages import SessionClosed, SessionEvent, SessionOpened


class _Terminal:
    """Shows a session to a person, and to whoever reads its events."""

    def __init__(self, captions: Captions, events: EventWriter | None, *, translates: bool) -> None:
        self._captions = captions
        self._translates = translates
        self._events = events
        self._told = False

    def opened(self, message: SessionOpened) -> None:
        self._captions.opened(message, translates=self._translates)
        if self._events is not None:
            self._events.opened(message, time.monotonic())
            self._check_events()

    def happened(self, event: SessionEvent) -> None:
        self._captions.happened(event)
        if self._events is not None:
            self._events.happened(event)
            self._check_events()

    def closed(self, message: SessionClosed, exit_code: int) -> None:
        self._captions.closed(message)
        if self._events is not None:
            self._events.closed(message, exit_code, time.monotonic())
            self._check_events()

    def error(self, text: str) -> None:
        self._captions.error(text)

    def _check_events(self) -> None:
        if self._events is not None and self._events.failure and not self._told:
            self._told = True
            self._captions.error(f"no more events are written: {self._events.failure}")


def speak(
    request: Request,
    input_descriptor: int,
    *,
    events: EventWriter | None = None,
    tee: int | None = None,
    may_lack_audio: bool = False,
) -> int:
    """Speak what is read from a descriptor; returns the exit code.

    Args:
        request: what is asked for.
        input_descriptor: of the agent's output.
        events: where events go, if anywhere.
        tee: descriptor to which the input is passed on, if any.
        may_lack_audio: the caller has another way when this ends with ``EXIT_NO_AUDIO``.
    """
    options = request.options
    captions = Captions(captions=request.captions, quiet=request.quiet, may_lack_audio=may_lack_audio)
    # A supervisor that has to be started gets the engines at once, so that it need not exchange a worker.
    translates = not languages.are_same(options.target, options.parser.language)
    translator = options.translator if translates else "none"
    supervisor_options = [
        f"--tts={options.tts}",
        f"--translator={translator}",
        f"--models={options.models}",
        f"--compute={options.compute}",
        *(f"--gpu={text}" for text in cards.written(options.cards)),
        *([] if options.graphs else ["--no-graphs"]),
    ]
    with Client(RunDirectory.of_this_user(), supervisor_options) as client:
        return RunSession(client, options, _Terminal(captions, events, translates=translates)).run(
            input_descriptor, tee
        )


def speak_text(request: Request, data: bytes, *, may_lack_audio: bool = False) -> int:
    """Speak input that is there as a whole; returns the exit code. ``may_lack_audio``: as for ``speak``."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return speak(request, file.fileno(), may_lack_audio=may_lack_audio)
