"""One ``run``: the agent's output on its way to the supervisor, and what comes back on its way to the person.

Whatever happens here, the agent's pipe is read to its end: only a signal to us ends a run before that.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Final, Literal, Protocol

import zmq

from voicestream.errors import EXIT_INCOMPLETE, VoicestreamError
from voicestream.link import INPUT_CHUNK_BYTES, INPUT_CREDIT_BYTES, poll_milliseconds
from voicestream.messages import (
    Control,
    Done,
    EndOfInput,
    Input,
    InputAccepted,
    OpenSession,
    Refused,
    SessionClosed,
    SessionEvent,
    SessionOpened,
)
from voicestream.stdin_drain import StdinDrain

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from voicestream.client import Client
    from voicestream.messages import SessionOptions

MAX_MESSAGES_A_TURN: Final = 1000
"""Acted on before signals and input are looked at again."""

PAUSE_SECONDS: Final = (0.3, 1.0)
"""When nothing came for this long, the parser is told: after the first of them it gives out what is surely a sentence,
after the second also plain text without a stop."""

STOP_SECONDS: Final = 1.0
"""After Ctrl-C, how long the supervisor may take to say that all is silent."""

HOLD_SECONDS: Final = 0.5
"""After Ctrl-Z, how long the supervisor may take to say that all is held."""

END_SECONDS: Final = 10.0
"""How long a supervisor that keeps nothing warm may take to end."""

_EXIT_ON_SIGNAL: Final = 128
"""A shell's convention: 128 + the number of the signal."""

INTERRUPTING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_HINT_AFTER_LOSS: Final = "The agent's output is read to its end, so that the agent is not stopped; Ctrl-C leaves."


class Display(Protocol):
    """Where a run shows what happens."""

    def opened(self, message: SessionOpened) -> None:
        """The session exists."""
        ...

    def happened(self, event: SessionEvent) -> None:
        """Something happened in it."""
        ...

    def closed(self, message: SessionClosed, exit_code: int) -> None:
        """It is over."""
        ...

    def error(self, text: str) -> None:
        """Something went wrong."""
        ...


class RunSession:
    """A session from its opening to its exit code; main thread only (it handles signals)."""

    def __init__(self, client: Client, options: SessionOptions, display: Display) -> None:
        self._client = client
        self._options = options
        self._display = display
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._signals: list[signal.Signals] = []
        self._is_to_suspend = False
        self._unanswered = 0
        """Requests to hold, or go on, that the supervisor has not answered yet."""
        self._session = ""
        self._sent = 0
        self._accepted = 0
        self._last_data_at = time.monotonic()
        self._pauses_told = len(PAUSE_SECONDS)
        """Of ``PAUSE_SECONDS``, since the last data."""
        self._end_told = False
        self._tee_failure_told = False

    def run(self, input_descriptor: int, tee: int | None = None) -> int:
        """Speak what is read from ``input_descriptor``; returns the exit code.

        Args:
            input_descriptor: of the agent's output.
            tee: descriptor to which the input is passed on, if any.

        Raises:
            VoicestreamError: the session could not be opened (nothing was read yet).
        """
        opened = self._client.ask_starting(OpenSession(pid=os.getpid(), options=self._options))
        if not isinstance(opened, SessionOpened):
            raise VoicestreamError(f"the supervisor answered with {type(opened).__name__}")
        self._session = opened.session
        self._display.opened(opened)
        if self._client.log_failure:
            self._display.error(self._client.log_failure)
        # In this order: a signal that came between the two would be noted, and wake nobody.
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        for number in INTERRUPTING:
            self._handle(number, self._note_signal)
        self._handle(signal.SIGTSTP, self._note_suspension)
        drain = StdinDrain(input_descriptor, self._wake, tee)
        drain.start()
        try:
            return self._serve(drain)
        finally:
            signal.set_wakeup_fd(-1)

    def _serve(self, drain: StdinDrain) -> int:
        poller = zmq.Poller()
        poller.register(self._client.socket, zmq.POLLIN)
        poller.register(self._client.monitor, zmq.POLLIN)
        poller.register(self._wake_read, zmq.POLLIN)
        while True:
            poller.poll(poll_milliseconds(self._wait_seconds(drain)))
            self._clear_wake()
            if self._signals:
                return self._stop(self._signals[0])
            closed = self._suspend() if self._is_to_suspend else None
            closed = closed or self._take_all()
            if closed is not None:
                return self._finish(closed, drain)
            if drain.tee_failed.is_set() and not self._tee_failure_told:
                self._tee_failure_told = True
                self._display.error("nobody reads what --tee passes on any more; listening goes on")
            if self._client.is_lost():
                self._display.error(f"the supervisor has ended: no more will be spoken.\n{_HINT_AFTER_LOSS}")
                return self._read_on(drain, EXIT_INCOMPLETE)
            self._pass_on(drain)

    def _finish(self, closed: SessionClosed, drain: StdinDrain) -> int:
        exit_code = closed.exit_code
        if drain.backlog.lost_bytes:
            self._display.error(f"{drain.backlog.lost_bytes} bytes of input found no room on the disk")
            exit_code = exit_code or EXIT_INCOMPLETE
        self._display.closed(closed, exit_code)
        if closed.supervisor_ends:
            self._client.wait_for_end(END_SECONDS, self._is_interrupted)
        return self._read_on(drain, exit_code)

    def _take_all(self) -> SessionClosed | None:
        """Act on what has arrived; returns the end of the session if it is among it."""
        closed = None
        for _ in range(MAX_MESSAGES_A_TURN):
            message = self._client.receive()
            if message is None:
                break
            match message:
                case InputAccepted():
                    self._accepted = max(self._accepted, message.offset)
                case SessionEvent():
                    self._display.happened(message)
                case SessionClosed():
                    closed = message
                case Done() | Refused():
                    self._unanswered -= 1
                case _:
                    pass  # not meant for a run
        return closed

    def _pass_on(self, drain: StdinDrain) -> None:
        is_last = drain.ended.is_set()
        while self._sent - self._accepted < INPUT_CREDIT_BYTES and (data := drain.backlog.take(INPUT_CHUNK_BYTES)):
            self._client.send(Input(session=self._session, offset=self._sent, data=data))
            self._sent += len(data)
            self._last_data_at = time.monotonic()
            self._pauses_told = 0
        if len(drain.backlog):
            return
        if is_last and not self._end_told:
            self._client.send(EndOfInput(session=self._session))
            self._end_told = True
        elif not is_last and time.monotonic() >= self._pause_at():
            self._client.send(Input(session=self._session, offset=self._sent, data=b"", pause=True))
            self._pauses_told += 1

    def _wait_seconds(self, drain: StdinDrain) -> float:
        if drain.ended.is_set():
            return 60.0
        return min(60.0, max(0.0, self._pause_at() - time.monotonic()))

    def _pause_at(self) -> float:
        """When the parser is to be told that nothing came; infinity when it knows."""
        if self._pauses_told == len(PAUSE_SECONDS):
            return math.inf
        return self._last_data_at + PAUSE_SECONDS[self._pauses_told]

    def _stop(self, number: signal.Signals) -> int:
        """Silence, at once; a second signal does not wait for the answer."""
        self._signals.clear()
        exit_code = _EXIT_ON_SIGNAL + number
        self._client.send(Control(action="stop", session=self._session))
        deadline = time.monotonic() + STOP_SECONDS
        closed = None
        while closed is None and not self._signals and time.monotonic() < deadline and not self._client.is_lost():
            if self._client.socket is not None:
                self._client.socket.poll(20)
            closed = self._take_all()
        if closed is not None:
            self._display.closed(closed, exit_code)
            if closed.supervisor_ends:
                self._client.wait_for_end(END_SECONDS, self._is_interrupted)
        return exit_code

    def _read_on(self, drain: StdinDrain, exit_code: int) -> int:
        """Nothing more will be spoken, but the agent must not be stopped: read its output to the end."""
        drain.discard()
        # A supervisor that comes after ours would be told what was meant for ours.
        self._client.disconnect()
        self._wake_read.setblocking(True)
        while not drain.finished.is_set() and not self._signals:
            self._wake_read.recv(4096)
            if self._is_to_suspend:
                self._suspend()
        return _EXIT_ON_SIGNAL + self._signals[0] if self._signals else exit_code

    def _is_interrupted(self) -> bool:
        return bool(self._signals)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it will wake up anyway
            self._wake_write.send(b"\0")

    def _clear_wake(self) -> None:
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _handle(self, number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> None:
        # What is ignored when we are started stays so: that is how nohup and a shell without job control ask for it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(signal.Signals(number))

    def _note_suspension(self, _number: int, _frame: FrameType | None) -> None:
        self._is_to_suspend = True

    def _suspend(self) -> SessionClosed | None:
        """Ctrl-Z: what is heard is held before we are (pitfall 30), and goes on with us.

        Returns:
            The end of the session, if that came while the supervisor was asked to hold.
        """
        self._is_to_suspend = False
        closed = None
        self._hold("pause")
        # A frame that is not out yet would be stopped with us.
        deadline = time.monotonic() + HOLD_SECONDS
        while closed is None and self._unanswered and time.monotonic() < deadline:
            if self._client.socket is not None:
                self._client.socket.poll(20)
            closed = self._take_all()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._note_suspension)
        self._hold("resume")
        return closed

    def _hold(self, action: Literal["pause", "resume"]) -> None:
        if self._client.socket is not None:  # else the session is over, and only the agent is still read
            self._client.send(Control(action=action, session=self._session))
            self._unanswered += 1
