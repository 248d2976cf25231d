"""Keyboard control of a session: keys become requests to the supervisor."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final, Self

import zmq

from voicestream.client.keyboard.key_decoder import HELP
from voicestream.protocol.messages import Control, EventName

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from voicestream.client.keyboard.key_decoder import Key
    from voicestream.client.keyboard.terminal_keys import TerminalKeys
    from voicestream.protocol.messages import SessionEvent, SessionOpened

NO_LIMIT_SECONDS: Final = 60.0
"""Longest wait for anything."""


def request(key: Key, session: str, *, is_paused: bool) -> Control:
    """Return the request for a key. Pure."""
    match key:
        case "pause":
            return Control(action="resume" if is_paused else "pause")
        case "skip":
            return Control(action="skip")
        case "back":
            return Control(action="back")
        case "quit":
            return Control(action="stop", session=session)


class KeyControl:
    """Keys of one session, or none; a context manager, main thread only."""

    def __init__(self, keys: TerminalKeys | None) -> None:
        self._keys = keys
        self._session = ""
        self._is_paused = False
        self._watched: int | None = None
        """Descriptor that is polled."""
        self._resumed_at = 0.0
        self._was_continued = False
        """True after SIGCONT: the shell may have changed the mode of the terminal."""

    def __enter__(self) -> Self:
        if self._keys is not None:
            self._keys.__enter__()
            self._resumed_at = time.monotonic()
            signal.signal(signal.SIGCONT, self._note_continuation)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keys is not None:
            signal.signal(signal.SIGCONT, signal.SIG_DFL)
            self._keys.__exit__(kind, error, trace)

    @property
    def help(self) -> str:
        """One line for people; empty: no keys are read now."""
        return HELP if self._keys is not None and self._keys.descriptor is not None else ""

    @property
    def wait_seconds(self) -> float:
        """Return the time until the next call of ``requests``."""
        wait = self._keys.wait_seconds if self._keys is not None else None
        return NO_LIMIT_SECONDS if wait is None else wait

    def opened(self, message: SessionOpened) -> None:
        """Handle the start of the session."""
        self._session = message.session
        self._is_paused = bool(message.paused_by)

    def happened(self, event: SessionEvent) -> None:
        """Handle an event of the session."""
        if event.event in (EventName.PAUSED, EventName.RESUMED):
            self._is_paused = event.event == EventName.PAUSED

    def suspend(self) -> None:
        """Restore the mode of the terminal: the process is about to stop."""
        if self._keys is not None:
            self._keys.suspend()

    def resume(self) -> None:
        """Read keys again."""
        if self._keys is not None:
            self._keys.resume()

    def requests(self, poller: zmq.Poller) -> list[Control]:
        """Return the requests for the keys that were pressed, and poll the terminal while keys are read."""
        if self._keys is None:
            return []
        now = time.monotonic()
        wait = self._keys.wait_seconds
        if self._was_continued or (wait is not None and now >= self._resumed_at + wait):
            self._was_continued = False
            self._resumed_at = now
            self._keys.resume()
        found: list[Control] = []
        if self._keys.descriptor is not None:
            for key in self._keys.read():
                found.append(request(key, self._session, is_paused=self._is_paused))
                self._is_paused ^= key == "pause"
        if self._watched != self._keys.descriptor:
            if self._watched is not None:
                poller.unregister(self._watched)
            self._watched = self._keys.descriptor
            if self._watched is not None:
                poller.register(self._watched, zmq.POLLIN)
        return found

    def _note_continuation(self, _number: int, _frame: FrameType | None) -> None:
        self._was_continued = True
