"""Whose sentence is heard next: sessions take turns by whole messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.supervisor.ledger.turns.round_robin import (
    HOLD_SECONDS,
    Candidate,
    Queued,
    Turn,
    behind,
    holds,
    next_session,
)

NOW = 100.0
ORDER = ("a", "b", "c")


def ready(message: int = 0) -> Candidate:
    return Candidate(message=message, ready=True)


def waiting(message: int = 0) -> Candidate:
    return Candidate(message=message, ready=False)


def test_nobody_speaks_when_nobody_has_anything_to_say() -> None:
    assert next_session(None, ORDER, {}, {}, NOW) is None
    assert next_session(None, (), {}, {}, NOW) is None


def test_the_first_that_is_ready_begins() -> None:
    assert next_session(None, ORDER, {"b": ready(), "c": ready()}, {}, NOW) == "b"
    assert next_session(None, ORDER, {"a": waiting(), "c": ready()}, {}, NOW) == "c"


def test_a_message_is_not_interrupted() -> None:
    turn = Turn(session="b", message=3, since=NOW)
    assert next_session(turn, ORDER, {"a": ready(), "b": ready(3), "c": ready()}, {}, NOW) == "b"


def test_the_others_wait_while_the_next_sentence_of_the_message_is_being_made() -> None:
    turn = Turn(session="b", message=3, since=NOW - 1000)
    assert next_session(turn, ORDER, {"a": ready(), "b": waiting(3)}, {}, NOW) is None


def test_after_the_message_it_is_the_next_ones_turn_though_the_first_has_more() -> None:
    turn = Turn(session="b", message=3, since=NOW)
    everybody = {"a": ready(), "b": ready(4), "c": ready()}
    assert next_session(turn, ORDER, everybody, {}, NOW) == "c"
    assert next_session(Turn(session="c", message=0, since=NOW), ORDER, {**everybody, "c": ready(1)}, {}, NOW) == "a"


def test_who_is_alone_goes_on() -> None:
    turn = Turn(session="b", message=3, since=NOW)
    assert next_session(turn, ORDER, {"b": ready(4)}, {}, NOW) == "b"


def test_a_message_that_is_still_being_written_is_waited_for_but_not_for_ever() -> None:
    turn = Turn(session="a", message=3, since=NOW)
    others = {"b": ready()}
    writing = {"a": 3}
    assert next_session(turn, ORDER, others, writing, NOW + HOLD_SECONDS - 0.01) is None
    assert next_session(turn, ORDER, others, writing, NOW + HOLD_SECONDS) == "b"


@pytest.mark.parametrize("writing", [{"a": 4}, {"a": None}, {}, {"b": 3}])
def test_a_message_that_is_over_is_not_waited_for(writing: dict[str, int | None]) -> None:
    turn = Turn(session="a", message=3, since=NOW)
    assert next_session(turn, ORDER, {"b": ready()}, writing, NOW) == "b"


def test_a_session_that_is_gone_holds_nothing() -> None:
    turn = Turn(session="gone", message=3, since=NOW)
    assert next_session(turn, ORDER, {"b": ready()}, {}, NOW) == "b"


def queued(number: int, *, is_complete: bool) -> Queued:
    return Queued(number=number, is_complete=is_complete)


def test_what_was_handed_over_first_is_played_first() -> None:
    queue = {"a": queued(2, is_complete=True), "b": queued(4, is_complete=True), "c": queued(5, is_complete=False)}
    assert behind(queue) == {"b": 4, "c": 5}
    del queue["a"]
    assert behind(queue) == {"c": 5}


def test_an_agent_that_is_still_at_work_keeps_no_detached_session_waiting() -> None:
    assert behind({"a": queued(1, is_complete=False), "b": queued(2, is_complete=False)}) == {}
    assert behind({"a": queued(1, is_complete=False), "b": queued(3, is_complete=True)}) == {}


CANDIDATES = st.dictionaries(
    st.sampled_from(ORDER), st.builds(Candidate, message=st.integers(0, 2), ready=st.booleans())
)
TURNS = st.none() | st.builds(
    Turn, session=st.sampled_from([*ORDER, "gone"]), message=st.integers(0, 2), since=st.floats(0, NOW)
)
WRITING = st.dictionaries(st.sampled_from(ORDER), st.none() | st.integers(0, 2))


@given(turn=TURNS, candidates=CANDIDATES, writing=WRITING)
def test_whoever_is_chosen_is_ready_and_silence_has_a_reason(
    turn: Turn | None, candidates: dict[str, Candidate], writing: dict[str, int | None]
) -> None:
    chosen = next_session(turn, ORDER, candidates, writing, NOW)
    held = turn is not None and holds(turn, candidates, writing, NOW)
    if chosen is not None:
        assert candidates[chosen].ready
        assert not held or (turn is not None and chosen == turn.session)
    else:
        assert held or not any(candidate.ready for candidate in candidates.values())


@given(candidates=CANDIDATES, start=st.sampled_from(ORDER))
def test_nobody_is_passed_over_for_ever(candidates: dict[str, Candidate], start: str) -> None:
    """Each that is ready speaks within one round, whatever the others have."""
    spoke: list[str] = []
    turn = Turn(session=start, message=99, since=0.0)
    for _ in ORDER:
        chosen = next_session(turn, ORDER, candidates, {}, NOW)
        if chosen is None:
            break
        spoke.append(chosen)
        turn = Turn(session=chosen, message=99, since=0.0)
    assert set(spoke) == {session for session, candidate in candidates.items() if candidate.ready}
