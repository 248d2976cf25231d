"""The sessions' input on its way to the parser: real sockets, a parser that a test plays."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from helpers.supervisor.net import received
from voicestream.protocol.messages import (
    Cancel,
    EndOfInput,
    InputAccepted,
    InputConsumed,
    OpenInput,
    OpenSession,
    OutputOptions,
    ParseInput,
    ParserOptions,
    SessionOptions,
)
from voicestream.supervisor.sessions.session_table import MAX_LOSSES_A_LINE, Session, Sessions

if TYPE_CHECKING:
    import zmq

    from helpers.supervisor.net import Net
    from voicestream.protocol.messages import Message

OPTIONS = SessionOptions(parser=ParserOptions(language="de"), output=OutputOptions())


class Place:
    """Sessions, their clients, and one parser after another."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self.sessions = Sessions(net.hub)
        self._incarnation = 0
        self.parser_name = b""
        self.parser: zmq.Socket[bytes] = self.next_parser()
        self.now = 100.0

    def next_parser(self) -> zmq.Socket[bytes]:
        self._incarnation += 1
        self.parser_name = f"parser.{self._incarnation}".encode()
        self.parser = self._net.peer(self.parser_name)
        return self.parser

    def open(self, name: bytes = b"client.1") -> tuple[Session, zmq.Socket[bytes]]:
        client = self._net.peer(name)
        return self.sessions.open(name, OpenSession(pid=os.getpid(), options=OPTIONS), self.now), client

    def feed(self) -> list[Message]:
        """What the parser of now gets."""
        self.sessions.feed(self.parser_name, self.now)
        # A frame to itself, behind which nothing is left that was sent before.
        assert self._net.hub.send(self.parser_name, EndOfInput(session="fence"))
        found: list[Message] = []
        while (message := received(self.parser)) != EndOfInput(session="fence"):
            found.append(message)
        return found

    def consumed(self, session: Session, received: int, checkpoint: int, state: bytes = b"") -> Session | None:
        message = InputConsumed(session=session.session, received=received, checkpoint=checkpoint, state=state, found=0)
        return self.sessions.consumed(message, self.now)

    def lose_parser(self, *, counts_as_failure: bool = True) -> list[tuple[str, int]]:
        lost = [
            (session.session, dropped)
            for session, dropped in self.sessions.parser_lost(counts_as_failure=counts_as_failure)
        ]
        self.next_parser()
        return lost


@pytest.fixture
def place(net: Net) -> Place:
    """Sessions at a real hub."""
    return Place(net)


def give(session: Session, data: bytes) -> None:
    assert session.input.append(session.input.end, data, pause=False)


def test_ids_are_never_used_twice(place: Place) -> None:
    first, _ = place.open()
    place.sessions.close(first, None)
    second, _ = place.open(b"client.2")
    assert (first.session, second.session) == ("s1", "s2")
    assert list(place.sessions.by_id) == ["s2"]


def test_a_parser_is_told_of_a_session_before_its_input_and_of_its_end_after_it(place: Place) -> None:
    session, _ = place.open()
    give(session, b"one\n")
    assert place.feed() == [
        OpenInput(session="s1", options=OPTIONS.parser),
        ParseInput(session="s1", offset=0, data=b"one\n"),
    ]
    give(session, b"two\n")
    session.input_ended = True
    assert place.feed() == [ParseInput(session="s1", offset=4, data=b"two\n"), EndOfInput(session="s1")]
    assert place.feed() == []


def test_the_next_parser_goes_on_at_the_checkpoint_and_hears_of_the_end_again(place: Place) -> None:
    session, _ = place.open()
    give(session, b"one\ntwo\n")
    session.input_ended = True
    place.feed()
    place.consumed(session, 8, 4, b"state")
    assert place.lose_parser(counts_as_failure=False) == []
    assert place.feed() == [
        OpenInput(session="s1", options=OPTIONS.parser, offset=4, state=b"state"),
        ParseInput(session="s1", offset=4, data=b"two\n"),
        EndOfInput(session="s1"),
    ]


def test_a_parser_that_is_not_there_is_told_later(place: Place) -> None:
    session, _ = place.open()
    give(session, b"one\n")
    place.sessions.feed(b"parser.99", place.now)
    assert not session.opened_at_parser
    assert len(place.feed()) == 2


def test_the_client_hears_how_much_was_read_and_never_less_than_before(place: Place) -> None:
    session, client = place.open()
    give(session, b"one\ntwo\n")
    place.feed()
    assert place.consumed(session, 8, 0) is session
    assert received(client) == InputAccepted(session="s1", offset=8)
    place.lose_parser()
    place.feed()
    place.consumed(session, 4, 4)
    place.consumed(session, 8, 8)
    give(session, b"more\n")
    place.feed()
    place.consumed(session, 13, 13)
    assert received(client) == InputAccepted(session="s1", offset=13)


def test_an_acknowledgement_for_a_session_that_is_gone_is_nobodys(place: Place) -> None:
    session, _ = place.open()
    assert place.consumed(session, 0, 0) is None, "it was not even opened at the parser"
    place.feed()
    place.sessions.close(session, place.parser_name)
    assert place.consumed(session, 0, 0) is None


def test_a_closed_session_is_taken_back_from_the_parser_that_knows_it(place: Place) -> None:
    known, _ = place.open()
    place.feed()
    unknown, _ = place.open(b"client.2")
    place.sessions.close(known, place.parser_name)
    place.sessions.close(unknown, place.parser_name)
    assert place.feed() == [Cancel(session="s1")]


def test_unread_input_is_what_the_parser_is_waited_for(place: Place) -> None:
    session, _ = place.open()
    other, _ = place.open(b"client.2")
    assert place.sessions.stalled_since() is None
    give(session, b"one\n")
    place.feed()
    place.now = 101.0
    give(other, b"two\n")
    place.feed()
    assert place.sessions.stalled_since() == 100.0
    place.consumed(session, 4, 4)
    assert place.sessions.stalled_since() == 101.0
    place.consumed(other, 4, 4)
    assert place.sessions.stalled_since() is None


def test_progress_is_no_stall_though_more_is_under_way(place: Place) -> None:
    session, _ = place.open()
    give(session, b"one\n")
    give(session, b"two\n")
    place.feed()
    place.now = 105.0
    place.consumed(session, 4, 4)
    assert place.sessions.stalled_since() == 105.0


def test_a_line_that_costs_too_many_parsers_is_given_up_and_the_client_may_send_on(place: Place) -> None:
    session, client = place.open()
    give(session, b"deadly\nfine\n")
    for loss in range(1, MAX_LOSSES_A_LINE + 1):
        place.feed()
        assert place.lose_parser() == ([("s1", 7)] if loss == MAX_LOSSES_A_LINE else [])
    assert place.feed() == [
        OpenInput(session="s1", options=OPTIONS.parser, offset=7),
        ParseInput(session="s1", offset=7, data=b"fine\n"),
    ]
    assert received(client) == InputAccepted(session="s1", offset=7)


def test_behind_a_line_that_was_given_up_the_parser_counts_on_from_what_was_found_in_it(place: Place) -> None:
    session, _ = place.open()
    give(session, b"deadly\nfine\n")
    for _ in range(MAX_LOSSES_A_LINE):
        place.feed()
        place.lose_parser()
    session.found_before = 3
    for _ in range(2):  # the next one may be lost, too, before it has told of a new checkpoint
        assert place.feed()[0] == OpenInput(session="s1", options=OPTIONS.parser, offset=7, found=3)
        place.lose_parser()


def test_a_parser_that_was_ended_on_request_is_nobodys_fault(place: Place) -> None:
    session, _ = place.open()
    give(session, b"fine\n")
    for _ in range(MAX_LOSSES_A_LINE * 2):
        place.feed()
        assert place.lose_parser(counts_as_failure=False) == []


def test_only_the_session_whose_input_the_parser_had_in_hand_is_blamed(place: Place) -> None:
    """It reads one piece after another: what waited behind the deadly line has done nothing."""
    deadly, _ = place.open()
    innocent, _ = place.open(b"client.2")
    give(deadly, b"deadly\n")
    give(innocent, b"fine\n")
    given_up: list[tuple[str, int]] = []
    for _ in range(MAX_LOSSES_A_LINE):
        place.feed()
        given_up += place.lose_parser()
    assert given_up == [("s1", 7)]
    assert place.feed()[-1] == ParseInput(session="s2", offset=0, data=b"fine\n")


def test_who_was_read_before_the_deadly_line_is_not_blamed_either(place: Place) -> None:
    innocent, _ = place.open()
    deadly, _ = place.open(b"client.2")
    give(innocent, b"fine\nheld back")
    give(deadly, b"deadly\n")
    given_up: list[tuple[str, int]] = []
    for _ in range(MAX_LOSSES_A_LINE):
        place.feed()
        place.consumed(innocent, 14, 0)
        given_up += place.lose_parser()
    assert given_up == [("s2", 7)]


def test_of_several_pieces_of_a_session_those_that_were_not_read_stay_suspect(place: Place) -> None:
    deadly, _ = place.open()
    innocent, _ = place.open(b"client.2")
    give(deadly, b"fine\n")
    give(deadly, b"deadly\n")
    give(innocent, b"fine\n")
    place.feed()
    place.consumed(deadly, 5, 5)
    for loss in range(1, MAX_LOSSES_A_LINE + 1):
        assert place.lose_parser() == ([("s1", 7)] if loss == MAX_LOSSES_A_LINE else [])
        place.feed()


def test_nobody_is_blamed_for_a_parser_that_had_nothing_to_read(place: Place) -> None:
    session, _ = place.open()
    give(session, b"fine\n")
    for _ in range(MAX_LOSSES_A_LINE * 2):
        place.feed()
        place.consumed(session, 5, 0)
        assert place.lose_parser() == []


def test_a_closed_session_cannot_be_blamed_in_the_place_of_a_living_one(place: Place) -> None:
    closed, _ = place.open()
    deadly, _ = place.open(b"client.2")
    give(closed, b"fine\n")
    give(deadly, b"deadly\n")
    place.feed()
    place.sessions.close(closed, place.parser_name)
    for _ in range(MAX_LOSSES_A_LINE - 1):
        assert place.lose_parser() == []
        place.feed()
    assert place.lose_parser() == [("s2", 7)]


def test_the_rest_of_a_line_that_was_given_up_does_not_reach_a_parser(place: Place) -> None:
    session, client = place.open()
    give(session, b"deadly beginning, ")
    for _ in range(MAX_LOSSES_A_LINE):
        place.feed()
        place.lose_parser()
    give(session, b"and so on")
    assert place.feed() == []
    assert received(client) == InputAccepted(session="s1", offset=27), "so that the client sends the rest"
    give(session, b" and end\nfine\n")
    assert place.feed() == [
        OpenInput(session="s1", options=OPTIONS.parser, offset=36),
        ParseInput(session="s1", offset=36, data=b"fine\n"),
    ]


def test_input_that_ends_with_a_line_that_was_given_up_comes_to_its_end(place: Place) -> None:
    session, _ = place.open()
    give(session, b"deadly")
    session.input_ended = True
    for _ in range(MAX_LOSSES_A_LINE):
        place.feed()
        place.lose_parser()
    assert place.feed() == [OpenInput(session="s1", options=OPTIONS.parser, offset=6), EndOfInput(session="s1")]


def test_a_parser_that_cannot_be_where_it_says_is_still_waited_for(place: Place) -> None:
    session, _ = place.open()
    give(session, b"one\n")
    place.feed()
    place.now = 105.0
    assert place.consumed(session, 2**63, 0) is None
    assert place.sessions.stalled_since() == 100.0
    given_up = place.lose_parser()
    for _ in range(MAX_LOSSES_A_LINE - 1):
        place.feed()
        given_up = place.lose_parser()
    assert given_up == [("s1", 4)], "the false acknowledgement had cleared it of suspicion"
