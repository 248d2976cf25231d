"""What the user must know now is announced before everything that waits, in whatever session that is."""

from __future__ import annotations

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.supervisor.simulated_workers import WORKING_ROLES, World
from voicestream.supervisor.ledger import announcement
from voicestream.supervisor.ledger.sentences import Stage

SEED = st.integers(min_value=0, max_value=2**32)


def busy_world(seed: int, *, lag: float = 0.0) -> World:
    """Two sessions with a backlog, of which something was heard."""
    rng = random.Random(seed)
    world = World(slots=16)
    world.start()
    for session in "ab":
        world.open(session, target="en", max_lag_seconds=lag)
        for message in range(6):
            for _ in range(rng.randint(1, 4)):
                world.find(session, "x" * rng.choice((1, 5, 20)), message=message)
    for _ in range(rng.randint(0, 200)):
        world.step(rng.choice(WORKING_ROLES))
    return world


def call(world: World, session: str, text: str = "Claude asks to run a command.") -> None:
    world.do(world.ledger.call_attention(session, text, "en", world.now))


@settings(max_examples=12)
@given(seed=SEED, session=st.sampled_from("ab"))
def test_it_is_heard_before_all_that_no_voice_had_begun(seed: int, session: str) -> None:
    world = busy_world(seed)
    rows = [row for one in world.ledger.state.sessions.values() for row in one.rows.values()]
    begun = {row.key for row in rows if row.stage in (Stage.SPEAKING, Stage.SPOKEN)}
    before = len(world.order)
    call(world, session)
    for one in "ab":
        world.end_input(one)
    world.settle()
    place = world.order.index((session, -1))
    assert set(world.order[before:place]) <= begun


@settings(max_examples=12)
@given(seed=SEED, lag=st.sampled_from([0.0, 0.05]))
# The voice is lost in the midst of an announcement that is being played, and a request of the agent waits.
@example(seed=3018, lag=0.05)
@example(seed=3076, lag=0.05)
def test_all_sentences_still_end_once_and_in_order(seed: int, lag: float) -> None:
    world = busy_world(seed, lag=lag)
    rng = random.Random(seed)
    calls = 0
    for _ in range(300):
        draw = rng.random()
        if draw < 0.02:
            call(world, rng.choice("ab"))
            calls += 1
        elif draw < 0.04:
            world.lose(rng.choice(WORKING_ROLES), counts_as_failure=False)
        elif draw < 0.2:
            world.start()
        else:
            world.step(rng.choice(WORKING_ROLES))
    for session in "ab":
        world.end_input(session)
    world.settle()
    assert len(world.closed) == 2
    assert world.ledger.state.slots.free == 16, "slots were lost"
    for session in "ab":
        played = [sentence for name, sentence in world.order if name == session and sentence >= 0]
        assert played == sorted(set(played))
    urgent = [event for event in world.events if event.event == "announcement" and "asks" in (event.text or "")]
    assert len(urgent) == calls
    heard = set(world.order)
    assert all((event.session, event.sentence) in heard for event in urgent)


def test_it_is_heard_where_nothing_waits() -> None:
    world = World(slots=16)
    world.start()
    world.open("a")
    call(world, "a")
    world.settle()
    assert world.order == [("a", -1)]
    world.find("a", "later")
    world.settle()
    assert world.order == [("a", -1), ("a", 0)]


def test_a_prompt_drops_the_backlog_of_its_session_alone() -> None:
    world = busy_world(0)
    world.do(world.ledger.skip_session("a", world.now))
    dropped = {event.sentence for event in world.events if event.event == "skipped" and event.session == "a"}
    assert dropped
    assert not any(event.event == "skipped" and event.session == "b" for event in world.events)
    for session in "ab":
        world.end_input(session)
    world.settle()
    heard = {sentence for name, sentence in world.order if name == "a"}
    assert heard | dropped == {sentence for name, sentence in world.texts if name == "a"}


def test_the_announcement_is_in_the_language_that_is_heard_if_the_table_has_it() -> None:
    assert announcement.of_attention("Claude", "command", "en") == ("Claude asks to run a command.", "en")
    assert announcement.of_attention("Claude", "file", "de-AT") == ("Claude möchte eine Datei ändern.", "de-AT")
    assert announcement.of_attention("Claude", "permission", "fi") == ("Claude asks for permission.", "en")
