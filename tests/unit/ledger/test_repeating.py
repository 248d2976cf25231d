"""Sentences that are played again, from the ledger's side: each of them whole, and nothing lost or counted twice."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.supervisor.invariants import invariants
from helpers.supervisor.simulated_workers import FRAMES_PER_CHARACTER, HEARD_STEP, WORKING_ROLES, World
from voicestream.supervisor.ledger.controls.repeating import RESTART_SECONDS

SEED = st.integers(min_value=0, max_value=2**32)


def whole(text: str) -> list[int]:
    """The frames of a sentence."""
    return list(range(0, len(text) * FRAMES_PER_CHARACTER, HEARD_STEP))


def one_session(*lengths: int) -> World:
    world = World(slots=16)
    world.start()
    world.open("a", target="en")
    for length in lengths:
        world.find("a", "x" * length)
    return world


def step_until_heard(world: World, session: str, sentence: int) -> None:
    while (session, sentence) not in world.heard:
        for name in WORKING_ROLES:
            world.step(name)


def repeat(world: World, count: int, *, is_back: bool = True) -> int:
    repeated, commands = world.ledger.repeat(count, world.now, is_back=is_back)
    world.do(commands)
    return repeated


def names(world: World) -> list[int]:
    """The agent's sentences in the order in which they, or their repetitions, ended."""
    repeats = {event.sentence: event.repeats for event in world.events if event.event == "repeated"}
    finished = [event.sentence for event in world.events if event.event == "playback_finished"]
    return [repeats.get(sentence, sentence) for sentence in finished]


@pytest.mark.parametrize(
    ("seconds", "count", "is_back", "expected"),
    [
        (RESTART_SECONDS, 1, True, [0, 1, 2, 3]),
        (RESTART_SECONDS, 2, True, [0, 1, 1, 2, 3]),
        (0.1, 1, True, [0, 1, 1, 2, 3]),
        (0.1, 9, True, [0, 1, 0, 1, 2, 3]),
        (RESTART_SECONDS, 1, False, [0, 1, 1, 2, 3]),
    ],
)
def test_back_counts_the_present_sentence_only_when_enough_of_it_was_heard(
    *, seconds: float, count: int, is_back: bool, expected: list[int]
) -> None:
    world = one_session(40, 40, 40, 10)
    step_until_heard(world, "a", 2)
    world.now += seconds
    assert repeat(world, count, is_back=is_back) == min(count, 2 + (is_back and seconds >= RESTART_SECONDS))
    world.end_input("a")
    world.settle()
    assert names(world) == expected
    begins = world.heard["a", 2].count(0)
    assert begins == 2, "the sentence that was interrupted begins again"
    assert world.heard["a", 2][-len(whole("x" * 40)) :] == whole("x" * 40)
    (closed,) = world.closed
    assert (closed.exit_code, closed.counts.found, closed.counts.played) == (0, 4, 4)
    assert world.ledger.state.slots.free == 16


def test_the_first_sentence_begins_again_and_before_it_there_is_nothing() -> None:
    world = one_session(5, 5)
    assert repeat(world, 1) == 0
    step_until_heard(world, "a", 0)
    assert repeat(world, 1) == 1
    world.end_input("a")
    world.settle()
    assert names(world) == [0, 1]


def test_sentences_of_an_ended_session_are_played_in_another_one() -> None:
    world = one_session(3, 4, 5)
    world.end_input("a")
    world.settle()
    assert repeat(world, 1) == 0, "its session has ended"
    past = world.ledger.state.recent.before("a", 99, 2)
    assert [one.sentence for one in past] == [1, 2]
    world.open("b", target="en")
    world.do(world.ledger.repeat_ended("b", past, world.now))
    world.end_input("b")
    step_until_heard(world, "b", -2)
    assert repeat(world, 1) == 1, "back goes on in the repetition"
    world.settle()
    assert names(world) == [0, 1, 2, 1, 1, 2]
    assert world.heard["b", -1] == world.heard["b", -3] == whole("xxxx")
    assert world.heard["b", -2][-len(whole("xxxxx")) :] == whole("xxxxx")
    assert world.closed[-1].counts.found == 0
    assert world.closed[-1].exit_code == 0


def test_the_rest_of_a_message_is_skipped_with_what_is_found_of_it_later() -> None:
    world = World(slots=16)
    world.start()
    world.open("a", target="en")
    for message in (0, 0, 1):
        world.find("a", "x" * 40, message)
    step_until_heard(world, "a", 0)
    count, commands = world.ledger.skip_message(world.now)
    world.do(commands)
    assert count == 2
    world.find("a", "xxxx", 0)
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [0, 2]
    counts = world.closed[0].counts
    assert (counts.found, counts.skipped, counts.played) == (4, 3, 1)


def one_event(world: World, rng: random.Random) -> None:
    """A worker takes a step, or something else happens."""
    role = rng.choice(WORKING_ROLES)
    draw = rng.random()
    if draw < 0.75:
        world.step(role)
    elif draw < 0.82:
        world.find(rng.choice("ab"), "x" * rng.choice((1, 5, 20, 40)))
    elif draw < 0.86:
        world.lose(role, counts_as_failure=False)
    elif draw < 0.88:
        world.hold(rng.choice("ab"), held=rng.random() < 0.5)
    elif draw < 0.91:
        repeat(world, rng.randint(1, 4), is_back=rng.random() < 0.5)
    elif draw < 0.94:
        world.now += 0.5
    else:
        world.start([role])


@settings(max_examples=20, deadline=None)
@given(seed=SEED, slots=st.integers(14, 24))
def test_whoever_goes_back_and_whoever_is_lost_when_every_sentence_is_played_whole_and_counted_once(
    seed: int, slots: int
) -> None:
    rng = random.Random(seed)
    world = World(slots=slots)
    world.start()
    for session in "ab":
        world.open(session, target=rng.choice(("en", "nl")))
    for _ in range(rng.randint(0, 300)):
        one_event(world, rng)
        invariants(world.ledger)
    for session in "ab":
        world.end_input(session)
        world.hold(session, held=False)
    world.settle()

    assert [closed.exit_code for closed in world.closed] == [0, 0]
    assert all(closed.counts.played == closed.counts.found for closed in world.closed)
    texts = {(e.session, e.sentence): e.text or "" for e in world.events if e.event == "repeated"} | world.texts
    ended = [(e.session, e.sentence) for e in world.events if e.event == "playback_finished"]
    assert sorted(ended) == sorted(texts)
    for session in "ab":
        own = [sentence for name, sentence in ended if name == session and sentence is not None and sentence >= 0]
        assert own == sorted(own)
    for key, text in texts.items():
        frames = world.heard[key]
        assert frames[-len(whole(text)) :] == whole(text)
        assert frames.count(0) >= 1
    assert world.ledger.state.slots.free == slots, "slots were lost"


@settings(max_examples=20, deadline=None)
@given(seed=SEED)
def test_a_session_that_goes_before_all_interrupts_at_a_frame_and_is_spoken_in_one_go(seed: int) -> None:
    rng = random.Random(seed)
    world = World(slots=24)
    world.start()
    for session in "ab":
        world.open(session, target="en")
        for _ in range(4):
            world.find(session, "x" * rng.choice((5, 20, 40)))
    for _ in range(rng.randint(0, 150)):
        world.step(rng.choice(WORKING_ROLES))
    world.open("now", target="en", is_now=True)
    for _ in range(3):
        world.find("now", "y" * rng.choice((2, 10)))
    world.end_input("now")
    for _ in range(rng.randint(0, 100)):
        world.step(rng.choice(WORKING_ROLES))
        if rng.random() < 0.03:
            world.lose(rng.choice(WORKING_ROLES), counts_as_failure=False)
            world.start()
        invariants(world.ledger)
    for session in "ab":
        world.end_input(session)
    world.settle()
    assert world.heard == {key: whole(text) for key, text in world.texts.items()}
    ended = [event.session for event in world.events if event.event == "playback_finished"]
    first = ended.index("now")
    assert ended[first : first + 3] == ["now"] * 3
