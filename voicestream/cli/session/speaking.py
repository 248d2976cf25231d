"""Speech session shared by ``run``, ``say`` and ``demo``: from options to exit code."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, BinaryIO

from voicestream.cli import failures
from voicestream.cli.session import ending, remote_hosts
from voicestream.cli.session.queued_file import STDOUT
from voicestream.client.connection import Client
from voicestream.client.display.captions import Captions
from voicestream.client.interruption import Interruption
from voicestream.client.keyboard.terminal_keys import TerminalKeys
from voicestream.client.session import RunSession
from voicestream.client.stdin_reader import StdinDrain
from voicestream.client.subtitles import Subtitles
from voicestream.config import languages
from voicestream.config.engine_choice import EngineChoice
from voicestream.config.engine_settings import AUTO, UNTRANSLATED
from voicestream.errors import EXIT_OK, VoicestreamError
from voicestream.protocol.events import EventWriter
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from voicestream.cli.session.queued_file import QueuedFile
    from voicestream.cli.session.request import SessionRequest
    from voicestream.protocol.messages import (
        HandedOver,
        SessionClosed,
        SessionEvent,
        SessionOpened,
        SessionOptions,
        Status,
    )


class _Terminal:
    """Display of a session: captions on stderr, the event file and the captions file."""

    def __init__(
        self,
        captions: Captions,
        event_file: QueuedFile | None,
        captions_file: QueuedFile | None,
        *,
        translates: bool,
        is_file: bool,
    ) -> None:
        self._captions = captions
        self._translates = translates
        self._files = [file for file in (event_file, captions_file) if file is not None]
        self._events = EventWriter(event_file.queue.put) if event_file is not None else None
        self._subtitles: Subtitles | None = None
        if captions_file is not None:
            self._subtitles = Subtitles(captions_file.queue.put, captions_file.suffix, is_file=is_file)

    def opened(self, message: SessionOpened) -> None:
        self._captions.opened(message, translates=self._translates)
        if self._events is not None:
            self._events.opened(message, time.monotonic())
            self._report_failure()

    def happened(self, event: SessionEvent) -> None:
        self._captions.happened(event)
        if self._events is not None:
            self._events.happened(event)
        if self._subtitles is not None:
            self._subtitles.happened(event)
        self._report_failure()

    def closed(self, message: SessionClosed, exit_code: int) -> None:
        self._captions.closed(message)
        if self._events is not None:
            self._events.closed(message, exit_code, time.monotonic())
            self._report_failure()

    def handed_over(self, message: HandedOver) -> None:
        self._captions.handed_over(message)
        if self._events is not None:
            self._events.handed_over(message, time.monotonic())
            self._report_failure()

    def note(self, text: str) -> None:
        self._captions.note(text)

    def error(self, text: str) -> None:
        self._captions.error(text)

    def refresh(self, now: float) -> float:
        return self._captions.refresh(now)

    def hide(self) -> None:
        self._captions.hide()

    def wants_status(self, now: float) -> bool:
        return self._captions.wants_status(now)

    def status(self, message: Status) -> None:
        self._captions.status(message)

    def _report_failure(self) -> None:
        for file in self._files:
            if file.has_news:
                self._captions.hide()
                file.report_failure()


def speak(
    request: SessionRequest,
    drain: StdinDrain,
    interruption: Interruption,
    *,
    event_file: QueuedFile | None = None,
    captions_file: QueuedFile | None = None,
    may_lack_audio: bool = False,
) -> int:
    """Speak the input of a drain; returns the exit code.

    Args:
        request: options of the session.
        drain: reads the agent's output, and wakes ``interruption``.
        interruption: receives the signals that end the session.
        event_file: target of events, if any.
        captions_file: target of captions with times, if any.
        may_lack_audio: the caller has a fallback for ``EXIT_NO_AUDIO``.

    Raises:
        VoicestreamError: the session could not be opened.
        Interrupted: a signal came before it was open.
    """
    options = request.options
    translates = _translates(options)
    captions = Captions(
        captions=request.captions,
        quiet=request.quiet,
        may_lack_audio=may_lack_audio,
        shares_terminal=os.isatty(STDOUT)
        and (drain.is_passing_on or (event_file is not None and event_file.is_stdout)),
    )
    with Client(RunDirectory.of_this_user(), supervisor_arguments(request)) as client:
        is_file = options.output.kind != "speakers"
        if told := remote_hosts.notice(options, translates=translates):
            captions.note(told)
        display = _Terminal(captions, event_file, captions_file, translates=translates, is_file=is_file)
        session = RunSession(
            client,
            options,
            display,
            drain,
            interruption,
            detach=request.detach,
            is_now=request.is_now,
            keys=TerminalKeys.open() if request.takes_keys else None,
        )
        return session.run()


def tell_disabled(request: SessionRequest) -> int:
    """Tell that nothing is spoken, and by whose wish; returns the exit code."""
    if not request.quiet:
        failures.print_message(f"speech is off: {request.disabled_by or '--disabled'}\nTry: --enabled")
    return EXIT_OK


def supervisor_arguments(request: SessionRequest) -> list[str]:
    """Return the arguments of a supervisor started for a session: with its engines, no worker need be replaced."""
    options = request.options
    translates = _translates(options)
    choice = EngineChoice(
        language=options.target,
        # Engines with hosts are started by the session: a command line is readable by every user of the machine.
        tts=options.tts if "tts" not in options.remote else "",
        translator=options.translator if translates and "translation" not in options.remote else UNTRANSLATED,
        models=options.models,
        compute=options.compute,
        gpus=options.gpus,
        graphs=options.graphs,
        direction=_direction(options) if translates else "",
    )
    return [*choice.arguments(), *request.worker_limits.arguments()]


def _translates(options: SessionOptions) -> bool:
    return options.translator != UNTRANSLATED and not languages.are_same(options.target, options.parser.language)


def _direction(options: SessionOptions) -> str:
    """Return the direction for which ``auto`` has models; empty: none, or another engine is named."""
    if options.translator != AUTO:
        return ""
    from voicestream.models import directions

    return directions.as_setting(options.models, options.parser.language, options.target)


def _file_of(data: bytes) -> BinaryIO:
    """Return a file without a name that holds the data: in memory where the system can, so that no disk is needed.

    Raises:
        VoicestreamError: it cannot be made or written.
    """
    try:
        if sys.platform == "linux":
            file: BinaryIO = os.fdopen(os.memfd_create("voicestream"), "w+b")
        else:
            # Imported here: it imports shutil with its compressors.
            import tempfile

            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
        file.write(data)
        file.seek(0)
    except OSError as error:
        raise VoicestreamError(
            f"the text cannot be kept in a temporary file: {error.strerror or error}",
            hint="Make room on the disk, or set TMPDIR to another one.",
        ) from error
    return file


def speak_text(request: SessionRequest, data: bytes, *, may_lack_audio: bool = False) -> int:
    """Speak complete input; returns the exit code. ``may_lack_audio``: as for ``speak``.

    A person who types ``demo``, ``replay`` or ``voices try`` wants to hear it, so ``enabled`` of a project or of
    ``config.toml`` is not consulted here.
    """
    if request.is_typed_silent:
        return tell_disabled(request)
    with _file_of(data) as file, Interruption() as interruption:
        drain = StdinDrain(file.fileno(), interruption.wake)
        with ending.queued_stderr(interruption) as stderr:
            exit_code = speak(request, drain, interruption, may_lack_audio=may_lack_audio)
        return ending.final_code(exit_code, stderr, interruption)
