"""Sessions that are handed over: real sockets, a real ledger, a parser and a player that a test plays."""

from __future__ import annotations

import math
import subprocess
from typing import TYPE_CHECKING

import pytest

from helpers.supervisor.net import received
from voicestream.protocol.messages import (
    Counts,
    EndOfInput,
    HandedOver,
    OpenSession,
    OutputOptions,
    ParserOptions,
    SentenceFound,
    SessionEvent,
    SessionOptions,
)
from voicestream.supervisor.ledger.commands import PARSER, Closed, SessionWorkers, VoiceRoute, WorkerId
from voicestream.supervisor.ledger.ledger import Ledger
from voicestream.supervisor.reporting import session_status
from voicestream.supervisor.sessions.detached import HANDOVER_SECONDS, LAST_INPUT_SECONDS, MAX_FAILURES, Handovers
from voicestream.supervisor.sessions.session_table import Session, Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import zmq

    from helpers.supervisor.net import Net
    from voicestream.protocol.messages import Message

OPTIONS = SessionOptions(parser=ParserOptions(), output=OutputOptions(kind="null"))
REASON = "the voice has no sound for it"
FENCE = EndOfInput(session="fence")


class Place:
    """A session, its client, the ledger, and what is handed over."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self.now = 100.0
        self.ledger = Ledger(slots=8)
        self.sessions = Sessions(net.hub)
        self.handovers = Handovers(self.sessions, self.ledger.state)
        self.process = subprocess.Popen(["/bin/sleep", "600"])
        self.client: zmq.Socket[bytes] = net.peer(b"client.1")
        self.session: Session = self.sessions.open(
            b"client.1", OpenSession(pid=self.process.pid, options=OPTIONS), self.now
        )
        workers = SessionWorkers(translator=None, voice=VoiceRoute(WorkerId("tts")))
        self.ledger.open_session(self.session.session, OPTIONS, workers, self.now)
        self.book = self.ledger.state.sessions[self.session.session]

    def find(self, sentences: int) -> None:
        for number in range(sentences):
            found = SentenceFound(session="s1", sentence=number, message=number // 2, text=f"{number}", language="en")
            self.ledger.handle(PARSER, found, self.now + number)

    def told(self) -> list[Message]:
        """What the client gets."""
        assert self._net.hub.send(b"client.1", FENCE)
        found: list[Message] = []
        while (message := received(self.client)) != FENCE:
            found.append(message)
        return found

    def end_client(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self, *, exit_code: int, counts: Counts, reason: str = "") -> None:
        closed = Closed(session="s1", counts=counts, exit_code=exit_code, reason=reason)
        self.handovers.closed(self.session, closed, self.now)


@pytest.fixture
def place(net: Net) -> Iterator[Place]:
    made = Place(net)
    yield made
    made.end_client()
    if made.session.watch is not None:
        made.session.watch.close()


def test_a_client_may_leave_when_its_input_was_read_and_its_output_is_open(place: Place) -> None:
    place.find(3)
    place.handovers.ask(place.session, place.now)
    place.handovers.complete(place.now)
    assert place.told() == []
    place.book.input_ended = True
    place.handovers.complete(place.now)
    assert place.told() == []
    place.book.output_open = True
    place.handovers.complete(place.now)
    assert place.told() == [HandedOver(session="s1", waiting_sentences=3)]
    place.handovers.complete(place.now)
    place.sessions.tell("s1", SessionEvent(event="playback_started", session="s1", time=0.0))
    assert place.told() == []


def test_a_client_need_not_wait_for_an_output_that_does_not_open(place: Place) -> None:
    place.handovers.ask(place.session, place.now)
    place.handovers.complete(math.nextafter(place.now + HANDOVER_SECONDS, 0))
    assert place.told() == []
    place.handovers.complete(place.now + HANDOVER_SECONDS)
    assert place.told() == [HandedOver(session="s1", waiting_sentences=0)]


def test_a_session_whose_client_ends_while_it_leaves_goes_on(place: Place) -> None:
    place.handovers.ask(place.session, place.now)
    assert place.sessions.left() == []
    place.end_client()
    assert place.sessions.left() == [place.session]
    place.handovers.client_ended(place.session, place.now)
    assert place.sessions.left() == []
    place.handovers.complete(place.now + HANDOVER_SECONDS)
    assert place.told() == []
    place.sessions.close(place.session, None)


def test_the_input_of_a_client_that_was_killed_ends_with_what_it_has_sent(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.end_client()
    place.handovers.client_ended(place.session, place.now)
    assert place.session.detached
    assert place.sessions.left() == []
    place.handovers.complete(math.nextafter(place.now + LAST_INPUT_SECONDS, 0))
    assert not place.session.input_ended
    place.handovers.complete(place.now + LAST_INPUT_SECONDS)
    assert place.session.input_ended
    assert "session=s1: its client ended before its input" in caplog.text
    place.sessions.close(place.session, None)


def test_a_client_that_was_killed_behind_the_end_of_its_input_is_not_told_of(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.handovers.client_ended(place.session, place.now)
    place.session.input_ended = True
    place.handovers.complete(place.now + LAST_INPUT_SECONDS)
    assert "before its input" not in caplog.text


def test_what_was_not_spoken_after_the_client_left_is_logged_once_and_kept_for_the_status(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.handovers.ask(place.session, place.now)
    place.handovers.complete(place.now + HANDOVER_SECONDS)
    for number, reason in enumerate((REASON, "another")):
        event = SessionEvent(event="failed", session="s1", time=0.0, sentence=number, stage="tts", reason=reason)
        place.handovers.note(event)
        assert f"sentence={number} event=failed stage=tts reason='see the log of tts'" in caplog.text
    place.close(exit_code=1, counts=Counts(found=30, played=28, failed=2))
    assert (
        "session=s1: 2 of 30 sentences were not spoken, 0 not translated, 0 bytes of input not read: see the log of tts"
    ) in caplog.text
    assert REASON not in caplog.text  # an engine's words may quote a sentence
    place.now += 5
    (failure,) = place.handovers.failures(place.now)
    assert (failure.session, failure.ended_seconds, failure.reason) == ("s1", 5.0, REASON)
    assert (failure.counts.found, failure.counts.played) == (30, 28)


def test_of_sessions_that_were_spoken_or_whose_client_was_told_nothing_is_kept(place: Place) -> None:
    place.close(exit_code=1, counts=Counts(found=2, played=1, skipped=1))
    place.handovers.ask(place.session, place.now)
    place.handovers.complete(place.now + HANDOVER_SECONDS)
    place.close(exit_code=0, counts=Counts(found=2, played=2))
    assert place.handovers.failures(place.now) == []


def test_only_the_last_failures_are_kept_the_newest_first(place: Place) -> None:
    place.handovers.ask(place.session, place.now)
    place.handovers.complete(place.now + HANDOVER_SECONDS)
    for number in range(MAX_FAILURES + 2):
        place.close(exit_code=1, counts=Counts(found=number))
    found = [failure.counts.found for failure in place.handovers.failures(place.now)]
    assert found == list(reversed(range(2, MAX_FAILURES + 2)))


def test_the_status_of_a_session_says_what_waits_and_for_how_long(place: Place) -> None:
    (empty,) = session_status.of_all(place.sessions, place.ledger, place.now)
    assert (empty.waiting_sentences, empty.waiting_messages, empty.behind_seconds, empty.text) == (0, 0, 0.0, "")
    place.find(5)
    place.handovers.ask(place.session, place.now)
    (status,) = session_status.of_all(place.sessions, place.ledger, place.now + 10)
    assert (status.waiting_sentences, status.waiting_messages, status.behind_seconds) == (5, 3, 10.0)
    assert (status.detached, status.client_pid, status.open_seconds) == (True, place.process.pid, 10.0)
    place.end_client()
    place.handovers.client_ended(place.session, place.now)
    (status,) = session_status.of_all(place.sessions, place.ledger, place.now)
    assert status.client_pid is None
