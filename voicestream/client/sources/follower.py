"""Follower of transcript files: each one that is written is a session with a speech process of its own.

Files are polled. Their names are looked up as often as the look-up costs little; files that were written lately are
looked at ten times a second.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from voicestream.client.sources import transcript_files
from voicestream.client.sources.speech_process import SpeechProcess
from voicestream.client.sources.tail import Tail
from voicestream.errors import EXIT_INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from voicestream.client.interruption import Interruption
    from voicestream.client.sources.transcript_files import Version

POLL_SECONDS: Final = 0.1

HOT_SECONDS: Final = 60.0
"""Time for which a file that was written is looked at with every poll."""

REST_SECONDS: Final = 0.5
"""Time after which a last line without a line end is taken if it is a whole object."""

SILENCE_SECONDS: Final = 900.0
"""Time without a new line after which a session ends; the next line opens another one."""

MAX_SESSIONS: Final = 16
"""Sessions at once; for another one the session that was silent longest ends."""

LOOKUP_SHARE: Final = 50
"""Time between two look-ups, in multiples of the duration of one."""

LOOKUP_SECONDS: Final = (0.25, 5.0)
"""Lower and upper bound of that time."""

RETRY_SECONDS: Final = 5.0
"""Time until a speech process that has failed soon after another one is replaced."""

HAND_OVER_SECONDS: Final = 5.0
"""Timeout for a speech process to take the rest of its input."""

SIGNALLED_SECONDS: Final = 0.3
"""Time for a speech process to end by itself after a signal: a terminal sends Ctrl-C to it, too."""

STOP_SECONDS: Final = 3.0


@dataclass
class _Session:
    """A file that was written since the start."""

    tail: Tail
    heard_at: float
    """Time of the last new line, or of the first look."""
    speech: SpeechProcess | None = None
    failed_at: float = -math.inf
    retry_at: float = -math.inf


class Follower:
    """Transcripts of one file, or of a directory."""

    def __init__(
        self,
        path: Path,
        options: Sequence[str],
        interruption: Interruption,
        tell: Callable[[str], None],
        *,
        from_start: bool = False,
    ) -> None:
        """Initialize; what is there now is old.

        Args:
            path: of a file or a directory, which need not exist yet.
            options: of ``voicestream run``.
            interruption: ends the follower.
            tell: prints a message.
            from_start: read files that are there from their start: the one written last, and others once they are
                written.
        """
        self._path = path
        self._options = options
        self._interruption = interruption
        self._tell = tell
        self._from_start = from_start
        self._since = 0.0 if from_start else datetime.now(UTC).timestamp()  # noqa: TID251 - transcripts have dates
        self._sessions: dict[Path, _Session] = {}
        self._ending: list[SpeechProcess] = []
        self._lost_lines = 0
        self._code = 0
        self._lookup_at = 0.0
        self._heard_at = time.monotonic()
        self._versions: dict[Path, Version] = transcript_files.versions(path)
        self._first = dict(self._versions)
        newest = transcript_files.newest(self._versions)
        if from_start and newest is not None:
            del self._versions[newest]

    def run(self, until_idle: float | None) -> int:
        """Follow until a signal comes, or until nothing is written for so many seconds; returns the exit code."""
        while not self._interruption:
            now = time.monotonic()
            self._turn(now)
            if until_idle is not None and now - self._heard_at >= until_idle:
                break
            self._interruption.wait_for(lambda: False, POLL_SECONDS)
        return self._stop() if self._interruption else self._finish()

    def _turn(self, now: float) -> None:
        self._reap()
        if now >= self._lookup_at:
            self._look_up(now)
            shortest, longest = LOOKUP_SECONDS
            self._lookup_at = now + min(longest, max(shortest, LOOKUP_SHARE * (time.monotonic() - now)))
        for session in self._sessions.values():
            if session.speech is not None or now - session.heard_at < HOT_SECONDS:
                self._read(session, now)

    def _look_up(self, now: float) -> None:
        found = transcript_files.versions(self._path)
        for path in transcript_files.changed(self._versions, found):
            session = self._sessions.get(path)
            if session is None:
                old = self._first.get(path)
                start = old.size if old is not None and not self._from_start else 0
                session = self._sessions[path] = _Session(Tail(path, start=start, since=self._since), now)
            session.heard_at = max(session.heard_at, now - HOT_SECONDS / 2)
        self._versions = found

    def _read(self, session: _Session, now: float) -> None:
        try:
            lines = session.tail.read()
        except OSError as error:
            self._tell(f"{session.tail.path}: {error.strerror}")
            session.heard_at = -math.inf  # until it changes
            return
        if not lines and now - session.heard_at >= REST_SECONDS:
            lines = session.tail.rest()
        if lines:
            session.heard_at = self._heard_at = now
            self._speak(session, lines, now)
        elif session.speech is not None and now - session.heard_at >= SILENCE_SECONDS:
            self._end(session)

    def _speak(self, session: _Session, lines: list[bytes], now: float) -> None:
        speech = session.speech
        if speech is not None and speech.failure is not None:
            self._tell(f"the speech process of {session.tail.path.name} has ended; another one is started")
            # The first one at once; one that fails again and again must not cost all processors.
            session.retry_at = now if now >= session.failed_at + RETRY_SECONDS else now + RETRY_SECONDS
            session.failed_at = now
            self._end(session)
            speech = None
        if speech is None:
            if now < session.retry_at:
                self._lost_lines += len(lines)
                return
            self._make_room()
            speech = session.speech = SpeechProcess(self._options)
        for line in lines:
            speech.put(line)

    def _make_room(self) -> None:
        open_ones = [session for session in self._sessions.values() if session.speech is not None]
        if len(open_ones) >= MAX_SESSIONS:
            self._end(min(open_ones, key=lambda session: session.heard_at))

    def _end(self, session: _Session) -> None:
        """End the input of a session; its speech goes on."""
        if session.speech is not None:
            session.speech.end_input(HAND_OVER_SECONDS)
            self._lost_lines += session.speech.lost_lines
            self._ending.append(session.speech)
            session.speech = None

    def _finish(self) -> int:
        """End all input, and wait for the speech; returns the exit code."""
        for session in self._sessions.values():
            self._end(session)
        while self._reap() and not self._interruption:
            self._interruption.wait_for(lambda: False, POLL_SECONDS)
        if self._interruption:
            return self._stop()
        lost = self._lost_lines + sum(session.tail.lost_lines for session in self._sessions.values())
        if lost:
            self._tell(f"{lost} lines were not spoken: too long, or speech did not take them")
        return self._code or (EXIT_INCOMPLETE if lost else 0)

    def _stop(self) -> int:
        """Stop all speech after a signal; returns the exit code."""
        running = [session.speech for session in self._sessions.values() if session.speech is not None]
        running += self._ending
        deadline = time.monotonic() + SIGNALLED_SECONDS
        left = [speech for speech in running if speech.wait(max(0.0, deadline - time.monotonic())) is None]
        for speech in left:
            speech.signal(self._interruption.number)
        deadline = time.monotonic() + STOP_SECONDS
        for speech in left:
            speech.wait(max(0.0, deadline - time.monotonic()))
        return self._interruption.exit_code

    def _reap(self) -> bool:
        """Take the exit codes of speech processes that have ended; returns whether one is left."""
        for speech in list(self._ending):
            if (code := speech.wait(0)) is not None:
                self._code = self._code or code
                self._ending.remove(speech)
        return bool(self._ending)
