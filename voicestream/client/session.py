"""Client session: sends the agent's output to the supervisor, and shows events to the user.

The agent's output is read in another thread, during the session and after it.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

import zmq

from voicestream.client.keyboard.key_control import KeyControl
from voicestream.errors import EXIT_INCOMPLETE, EXIT_OK, VoicestreamError
from voicestream.protocol.messages import (
    Control,
    Done,
    EndOfInput,
    HandedOver,
    Input,
    InputAccepted,
    OpenSession,
    Refused,
    SessionClosed,
    SessionEvent,
    SessionOpened,
    Status,
    StatusRequest,
)
from voicestream.protocol.transport import (
    INPUT_CHUNK_BYTES,
    INPUT_CREDIT_BYTES,
    INPUT_PAUSES_SECONDS,
    poll_milliseconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from voicestream.client.connection import Client
    from voicestream.client.interruption import Interruption
    from voicestream.client.keyboard.terminal_keys import TerminalKeys
    from voicestream.client.stdin_reader import StdinDrain
    from voicestream.protocol.messages import SessionOptions

MAX_MESSAGES_A_TURN: Final = 1000
"""Messages handled before signals and input are checked again."""

STOP_SECONDS: Final = 0.7
"""Timeout, after Ctrl-C, for the supervisor to confirm that playback has stopped."""

STOPPED_LINGER_MILLISECONDS: Final = 100
"""Time to send the remaining messages to a supervisor that did not confirm."""

QUIT_SECONDS: Final = 1.2
"""Timeout, after Ctrl-C, for a supervisor without keep-alive to end, its answer included."""

SUSPEND_SECONDS: Final = 0.5
"""Timeout, after Ctrl-Z, for the supervisor to confirm that playback is paused."""

END_SECONDS: Final = 10.0
"""Timeout for a supervisor without keep-alive to end."""


class Display(Protocol):
    """Display of a run."""

    def opened(self, message: SessionOpened) -> None:
        """Handle the start of the session."""
        ...

    def happened(self, event: SessionEvent) -> None:
        """Handle an event of the session."""
        ...

    def closed(self, message: SessionClosed, exit_code: int) -> None:
        """Handle the end of the session."""
        ...

    def handed_over(self, message: HandedOver) -> None:
        """Handle a handover: the supervisor finishes the session."""
        ...

    def note(self, text: str) -> None:
        """Show a note."""
        ...

    def error(self, text: str) -> None:
        """Show an error."""
        ...

    def refresh(self, now: float) -> float:
        """Show the present state; return the time until the next call, in seconds."""
        ...

    def hide(self) -> None:
        """Erase what is overwritten: the process is about to be suspended."""
        ...

    def wants_status(self, now: float) -> bool:
        """Return whether to ask the supervisor for its status."""
        ...

    def status(self, message: Status) -> None:
        """Take the status."""
        ...


class RunSession:
    """Session from opening to exit code; main thread only (it handles signals)."""

    def __init__(
        self,
        client: Client,
        options: SessionOptions,
        display: Display,
        drain: StdinDrain,
        interruption: Interruption,
        *,
        detach: bool = False,
        is_now: bool = False,
        keys: TerminalKeys | None = None,
    ) -> None:
        """Initialize; nothing is opened before ``run``.

        Args:
            client: not connected yet.
            options: of the session.
            display: shows events.
            drain: reads the agent's output, and wakes ``interruption``; started if it is not yet.
            interruption: receives the signals that end the session.
            detach: hand the session over to the supervisor at the end of the input.
            is_now: interrupt the sentences of other sessions.
            keys: of the terminal, if they control playback.
        """
        self._client = client
        self._options = options
        self._display = display
        self._drain = drain
        self._interruption = interruption
        self._is_to_suspend = False
        self._suspension_before: Callable[[int, FrameType | None], object] | int | None = signal.SIG_DFL
        self._unanswered = 0
        """Control requests that the supervisor has not answered yet."""
        self._session = ""
        self._sent = 0
        self._accepted = 0
        self._last_data_at = time.monotonic()
        self._pauses_told = len(INPUT_PAUSES_SECONDS)
        """Number of ``INPUT_PAUSES_SECONDS`` reported since the last data."""
        self._end_told = False
        self._refresh_at = math.inf
        """Time of the next refresh of the display."""
        self._tee_failure_told = False
        self._detach = detach
        self._is_now = is_now
        self._keys = KeyControl(keys)
        self._handed_over: HandedOver | None = None
        self._is_lost = False
        """True once the supervisor has closed the connection."""

    def run(self) -> int:
        """Speak what the drain reads; returns the exit code.

        Raises:
            VoicestreamError: the session could not be opened.
            Interrupted: a signal came before it was.
        """
        opening = OpenSession(pid=os.getpid(), options=self._options, detach=self._detach, now=self._is_now)
        opened = self._client.ask_starting(opening)
        self._interruption.record_only()
        if not isinstance(opened, SessionOpened):
            raise VoicestreamError(f"the supervisor answered with {type(opened).__name__}")
        self._session = opened.session
        self._keys.opened(opened)
        self._display.opened(opened)
        if self._client.log_failure:
            self._display.error(self._client.log_failure)
        self._drain.start()
        # A signal ignored at start stays ignored, as nohup and a shell without job control require.
        self._suspension_before = signal.getsignal(signal.SIGTSTP)
        if self._suspension_before is not signal.SIG_IGN:
            signal.signal(signal.SIGTSTP, self._note_suspension)
        try:
            with self._keys:
                if self._keys.help:
                    self._display.note(self._keys.help)
                return self._serve()
        finally:
            self._release_suspension()
            # A later supervisor would receive messages meant for this one.
            self._client.disconnect()

    def _serve(self) -> int:
        poller = zmq.Poller()
        poller.register(self._client.socket, zmq.POLLIN)
        poller.register(self._client.monitor, zmq.POLLIN)
        poller.register(self._interruption.wake_descriptor, zmq.POLLIN)
        while True:
            poller.poll(poll_milliseconds(self._wait_seconds()))
            self._interruption.clear()
            if self._interruption:
                return self._stop()
            closed = self._suspend() if self._is_to_suspend else None
            for request in self._keys.requests(poller):
                self._send(request)
            closed = closed or self._take_all()
            if closed is not None:
                return self._finish(closed)
            if self._handed_over is not None:
                return self._hand_over(self._handed_over)
            self._check_tee()
            self._refresh_display()
            if self._is_lost:
                self._display.error("the supervisor has ended: no more will be spoken.")
                return EXIT_INCOMPLETE
            self._pass_on()

    def _refresh_display(self) -> None:
        now = time.monotonic()
        if self._display.wants_status(now):
            self._client.send(StatusRequest())
        self._refresh_at = now + self._display.refresh(now)

    def _check_tee(self) -> None:
        if self._drain.tee_failed.is_set() and not self._tee_failure_told:
            self._tee_failure_told = True
            if self._drain.tee_failure is not None and self._drain.tee_lost_bytes:
                self._display.error(f"--tee: {self._drain.tee_failure.strerror}; speech continues")
            else:
                self._display.error("--tee has no reader any longer; speech continues")

    def _release_suspension(self) -> None:
        """Restore the terminal and the usual handler of Ctrl-Z; a pending one takes effect."""
        self._keys.suspend()
        signal.signal(signal.SIGTSTP, self._suspension_before)
        if self._is_to_suspend:
            self._is_to_suspend = False
            signal.raise_signal(signal.SIGTSTP)

    def _finish(self, closed: SessionClosed) -> int:
        self._release_suspension()
        exit_code = self._with_lost_input(closed.exit_code)
        self._display.closed(closed, exit_code)
        if closed.supervisor_ends:
            self._client.wait_for_end(END_SECONDS, self._interruption.__bool__)
        return exit_code

    def _hand_over(self, handed_over: HandedOver) -> int:
        """Leave the session to the supervisor."""
        exit_code = self._with_lost_input(EXIT_OK)
        self._display.handed_over(handed_over)
        return exit_code

    def _with_lost_input(self, exit_code: int) -> int:
        """Report lost input and return the exit code."""
        if not self._drain.backlog.lost_bytes:
            return exit_code
        self._display.error(f"{self._drain.backlog.lost_bytes} bytes of input were lost: no space left on the disk")
        return exit_code or EXIT_INCOMPLETE

    def _take_all(self) -> SessionClosed | None:
        """Handle received messages; returns the end of the session if it is among them."""
        # Checked first: when the connection is lost, its last messages have arrived.
        self._is_lost = self._is_lost or self._client.is_lost()
        closed = None
        for _ in range(sys.maxsize if self._is_lost else MAX_MESSAGES_A_TURN):
            message = self._client.receive()
            if message is None:
                break
            match message:
                case InputAccepted():
                    self._accepted = max(self._accepted, message.offset)
                case SessionEvent():
                    self._keys.happened(message)
                    self._display.happened(message)
                case SessionClosed():
                    closed = message
                case HandedOver() if self._detach and self._end_told:
                    self._handed_over = message
                case Done() | Refused():
                    self._unanswered -= 1
                case Status():
                    self._display.status(message)
                case _:
                    pass  # not for a run
        return closed

    def _pass_on(self) -> None:
        drain = self._drain
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
            if self._detach:
                self._client.send(Control(action="detach", session=self._session))
        elif not is_last and time.monotonic() >= self._pause_at():
            self._client.send(Input(session=self._session, offset=self._sent, data=b"", pause=True))
            self._pauses_told += 1

    def _wait_seconds(self) -> float:
        next_at = self._refresh_at if self._drain.ended.is_set() else min(self._refresh_at, self._pause_at())
        return min(self._keys.wait_seconds, max(0.0, next_at - time.monotonic()))

    def _pause_at(self) -> float:
        """Return the time at which the parser is told of a pause in the input; infinity if it knows."""
        if self._pauses_told == len(INPUT_PAUSES_SECONDS):
            return math.inf
        return self._last_data_at + INPUT_PAUSES_SECONDS[self._pauses_told]

    def _stop(self) -> int:
        """Stop playback at once; a second signal does not wait for the answer."""
        received = self._interruption.count
        exit_code = self._interruption.exit_code
        self._client.send(Control(action="stop", session=self._session))
        since = time.monotonic()
        closed = None
        while (
            closed is None
            and not self._is_lost
            and self._interruption.count == received
            and time.monotonic() < since + STOP_SECONDS
        ):
            if self._client.socket is not None:
                self._client.socket.poll(20)
            closed = self._take_all()
        if closed is None:
            self._display.hide()
            self._client.disconnect(STOPPED_LINGER_MILLISECONDS)
            return exit_code
        self._display.closed(closed, exit_code)
        if closed.supervisor_ends:
            left_seconds = since + QUIT_SECONDS - time.monotonic()
            self._client.wait_for_end(left_seconds, lambda: self._interruption.count > received)
        return exit_code

    def _note_suspension(self, _number: int, _frame: FrameType | None) -> None:
        self._is_to_suspend = True

    def _suspend(self) -> SessionClosed | None:
        """Suspend on Ctrl-Z: playback is paused before this process stops, and resumed with it.

        Returns:
            The end of the session, if it came while the supervisor was asked to pause.
        """
        self._is_to_suspend = False
        closed = None
        self._display.hide()
        self._send(Control(action="pause", session=self._session))
        # An unsent frame would be stopped with this process.
        deadline = time.monotonic() + SUSPEND_SECONDS
        while closed is None and self._unanswered and time.monotonic() < deadline:
            if self._client.socket is not None:
                self._client.socket.poll(20)
            closed = self._take_all()
        self._display.hide()
        self._keys.suspend()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._note_suspension)
        self._keys.resume()
        self._send(Control(action="resume", session=self._session))
        return closed

    def _send(self, request: Control) -> None:
        if self._client.socket is not None:  # otherwise the session is over, and only the agent is still read
            self._client.send(request)
            self._unanswered += request.action != "stop"
