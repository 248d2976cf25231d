"""Ingest of hook events: from the hook socket to sessions, which a process of the command line opens.

Options of a session come from the user's file and the environment on one path, that of the command line. So a session
is opened by a process of its own (``voicestream hook open``), while its input waits here.
"""

from __future__ import annotations

import logging
import math
import os
import subprocess
import time
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.protocol.hook_socket import ENVIRONMENT_VARIABLE, EXIT_DISABLED, VARIABLES, opening_command
from voicestream.protocol.transport import INPUT_CREDIT_BYTES, INPUT_PAUSES_SECONDS
from voicestream.supervisor.hooks import events, requests
from voicestream.supervisor.hooks.feed import SILENCE_SECONDS, Feed
from voicestream.supervisor.hooks.journal import Entry, Journal
from voicestream.supervisor.hooks.listener import Listener
from voicestream.supervisor.hooks.turn_order import TurnOrder

if TYPE_CHECKING:
    from collections.abc import Container

    from voicestream.supervisor.core import Core
    from voicestream.supervisor.hooks.listener import Line
    from voicestream.supervisor.sessions.session_table import Session

MAX_FEEDS: Final = 64
"""Agent sessions that are known; of more the one that was silent longest is forgotten."""

OPEN_SECONDS: Final = 60.0
"""Timeout for opening a session."""

RETRY_SECONDS: Final = 30.0
"""Time after which a session that could not be opened is tried again."""

LATE_SECONDS: Final = 60.0
"""Time for which the end of an agent's session is remembered: its last events may come late, or twice."""

EARLY_SECONDS: Final = 0.3
"""Time after the start in which lines are collected and put in order by the time of their event."""

_SENDER: Final = b"hook.0"

_log = logging.getLogger(__name__)


class Ingest:
    """All feeds of the supervisor."""

    def __init__(self, core: Core) -> None:
        """Bind the socket and read the journal of a predecessor."""
        self._core = core
        self._journal = Journal(core.run_directory.hook_journal)
        now = time.monotonic()
        self._feeds = {
            key: Feed(key.partition(":")[0], TurnOrder(progress), now)
            for key, progress in list(self._journal.load().items())[-MAX_FEEDS:]
        }
        self._openers: dict[str, tuple[subprocess.Popen[bytes], float]] = {}
        """Process that opens the session of a feed, and the time of its start."""
        self._failed_at: dict[str, float] = {}
        self._paused: dict[str, tuple[float, int]] = {}
        """Time of the last input, and number of pauses told since, of feeds with a session."""
        self._is_changed = False
        self._early: list[Line] | None = []
        """Lines of processes that have waited for the start of the supervisor, and came in any order."""
        self._early_until = now + EARLY_SECONDS
        self._listener = Listener(core.run_directory.hook, self._refuse)

    def descriptors(self) -> set[int]:
        """Return the descriptors to poll."""
        return self._listener.descriptors()

    def due(self, now: float) -> float:
        """Return the time of the next check without any event."""
        times = [self._listener.due, *(feed.due for feed in self._feeds.values())]
        times += [
            at + INPUT_PAUSES_SECONDS[told] for at, told in self._paused.values() if told < len(INPUT_PAUSES_SECONDS)
        ]
        if self._openers:
            times.append(now + 0.05)
        if self._early:
            times.append(self._early_until)
        return min((at for at in times if at is not None), default=math.inf)

    def read(self, ready: Container[object], now: float) -> None:
        """Take the events that have arrived."""
        lines = self._listener.read(ready, now)
        if self._early is not None:
            self._early += lines
            if now < self._early_until:
                return
            lines, self._early = self._early, None
        for line in sorted(lines, key=lambda line: line.at):
            self._take(line, now)

    def turn(self, now: float) -> None:
        """Pass on what can be passed on now; cheap if there is nothing."""
        for feed in self._feeds.values():
            if feed.due is not None and now >= feed.due:
                feed.expire(now)
                self._is_changed = True
        if self._is_changed:
            self._is_changed = False
            self._save()
        for key, feed in list(self._feeds.items()):
            if self._core.is_ending:
                feed.clear()
            elif feed.wants_session or feed.ended or key in self._paused or key in self._openers:
                self._advance(key, feed, now)

    def close(self) -> None:
        """Close the socket: the supervisor ends. The journal stays for its successor."""
        self._listener.close()
        for opener, _ in self._openers.values():
            opener.kill()
            opener.wait()
        self._openers.clear()
        self._save()

    def _take(self, line: Line, now: float) -> None:
        try:
            event = events.parse(line.data)
        except (msgspec.DecodeError, RecursionError) as error:
            self._refuse(type(error).__name__)
            return
        key = f"{line.agent}:{event.session_id}"
        feed = self._feeds.pop(key, None) or Feed(line.agent, TurnOrder(), now)
        self._feeds[key] = feed  # the last one is the one heard last
        feed.variables = line.variables
        while len(self._feeds) > MAX_FEEDS:
            self._forget(next(iter(self._feeds)))
        lost = feed.lost
        feed.take(event, now)
        if feed.lost > lost:
            self._refuse("no room for more input")
        self._is_changed = True

    def _advance(self, key: str, feed: Feed, now: float) -> None:
        session = self._core.sessions.of_feed(key)
        self._look_after_opener(key, feed, session, now)
        if session is None:
            self._paused.pop(key, None)
            if feed.wants_session and key not in self._openers:
                self._open(key, feed, now)
            elif feed.ended and now >= feed.heard_at + LATE_SECONDS:
                self._forget(key)
            return
        self._paused.setdefault(key, (now, len(INPUT_PAUSES_SECONDS)))
        self._announce(feed, session, now)
        self._pass_on(key, feed, session, now)
        if not feed.waiting:
            feed.wants_session = False
            if feed.ended or now >= feed.heard_at + SILENCE_SECONDS:
                session.input_ended = True  # a later event of the agent opens another session
                self._paused.pop(key, None)

    def _announce(self, feed: Feed, session: Session, now: float) -> None:
        for event in feed.requests:
            text, language = requests.announcement_of(feed.agent, event, session.options.target)
            if text and session.options.turn_signal == "name" and len(self._core.sessions.by_id) > 1:
                text = f"{session.options.project}: {text}"
            if text:
                self._core.do(self._core.ledger.call_attention(session.session, text, language, now))
        feed.requests.clear()

    def _pass_on(self, key: str, feed: Feed, session: Session, now: float) -> None:
        """Append waiting input to the session's, as far as there is room."""
        while feed.waiting:
            item = feed.waiting[0]
            if item == "hush":
                # What the parser has not read yet would be found after the hush.
                if session.hush_on_prompt and not session.input.is_all_read:
                    return
                if session.hush_on_prompt:
                    self._core.do(self._core.ledger.skip_session(session.session, now))
            elif session.input.kept_bytes > INPUT_CREDIT_BYTES:
                return
            else:
                session.input.append(session.input.end, item, pause=False)
                self._paused[key] = (now, 0)
            feed.pop()
        at, told = self._paused[key]
        if told < len(INPUT_PAUSES_SECONDS) and now >= at + INPUT_PAUSES_SECONDS[told]:
            session.input.append(session.input.end, b"", pause=True)
            self._paused[key] = (at, told + 1)

    def _open(self, key: str, feed: Feed, now: float) -> None:
        """Start the process that opens the session of a feed."""
        if now < self._failed_at.get(key, -math.inf) + RETRY_SECONDS:
            feed.clear()
            return
        agent, _, session_id = key.partition(":")
        inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        try:
            opener = subprocess.Popen(
                opening_command(agent, session_id, feed.directory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={
                    **inherited,
                    **feed.variables,
                    ENVIRONMENT_VARIABLE: str(self._core.run_directory.path),
                },
                start_new_session=True,
            )
        except OSError as error:
            _log.warning("feed=%s: no process to open it: %s", key, error.strerror)
            self._failed_at[key] = now
            return
        self._openers[key] = (opener, now)

    def _look_after_opener(self, key: str, feed: Feed, session: Session | None, now: float) -> None:
        if key not in self._openers:
            return
        opener, since = self._openers[key]
        if opener.poll() is None:
            if now < since + OPEN_SECONDS:
                return
            opener.kill()
            opener.wait()
        del self._openers[key]
        if session is None:
            self._failed_at[key] = now
            lost = len(feed.waiting)
            feed.clear()
            if opener.returncode == EXIT_DISABLED:
                _log.info("feed=%s state=disabled: nothing of this project is spoken", key)
                return
            _log.warning("feed=%s state=not_opened exit=%s lines=%d: see hook.log", key, opener.returncode, lost)

    def _forget(self, key: str) -> None:
        del self._feeds[key]
        self._failed_at.pop(key, None)
        self._paused.pop(key, None)
        self._is_changed = True
        session = self._core.sessions.of_feed(key)
        if session is not None:
            session.input_ended = True

    def _save(self) -> None:
        open_feeds = {key: feed for key, feed in self._feeds.items() if not feed.ended}
        self._journal.save({key: Entry(feed.heard_at, feed.order.progress) for key, feed in open_feeds.items()})

    def _refuse(self, reason: str) -> None:
        self._core.hub.drop(_SENDER, "hook", reason)
