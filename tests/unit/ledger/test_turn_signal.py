"""A chime or a spoken name before the first sentence after one of another session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.supervisor.simulated_workers import World

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from voicestream.protocol.messages import OutputKind, Play, ToWorker, TurnSignal


class Listened(World):
    """A world that keeps before which sentences a chime is heard."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.chimes: list[tuple[str, int]] = []

    def _play(self, message: ToWorker) -> None:
        play: Play = message  # type: ignore[assignment]
        if getattr(play, "signal", ""):
            assert play.frame == 0
            self.chimes.append((play.session, play.sentence))
        super()._play(message)


def world_of(
    signal: TurnSignal, sessions: str = "ab", output: OutputKind = "speakers", poison: Sequence[str] = ()
) -> Listened:
    world = Listened(poison=frozenset(poison))
    world.start()
    for session in sessions:
        world.open(session, target="en", output=output, turn_signal=signal, project=f"shop {session}")
    return world


def speak(world: World, *found: tuple[str, int]) -> None:
    """Sentences of sessions and messages, one after another."""
    for session, message in found:
        world.find(session, "xxx", message=message)
    world.settle()


def test_a_chime_is_heard_wherever_the_session_changes() -> None:
    world = world_of("chime")
    speak(world, ("a", 0), ("a", 0), ("b", 0), ("a", 1), ("b", 1))
    assert world.order == [("a", 0), ("a", 1), ("b", 0), ("a", 2), ("b", 1)]
    assert world.chimes == [("b", 0), ("a", 2), ("b", 1)]


@pytest.mark.parametrize("signal", ["chime", "name"])
def test_nothing_is_added_to_a_single_session_or_to_files(signal: TurnSignal) -> None:
    alone = world_of(signal, "a")
    speak(alone, ("a", 0), ("a", 1))
    alone.end_input("a")
    alone.settle()
    alone.open("b", target="en", output="speakers", turn_signal=signal, project="b")
    speak(alone, ("b", 0))
    files = world_of(signal, output="wav")
    speak(files, ("a", 0), ("b", 0), ("a", 1))
    for world in (alone, files):
        assert not world.chimes
        assert not [event for event in world.events if event.event == "announcement"]


def test_none_is_silent() -> None:
    world = world_of("")
    speak(world, ("a", 0), ("b", 0))
    assert (world.chimes, world.order) == ([], [("a", 0), ("b", 0)])


def test_a_name_is_spoken_before_the_sentence_and_is_not_counted() -> None:
    world = world_of("name")
    speak(world, ("a", 0), ("b", 0), ("a", 1))
    assert world.order == [("a", 0), ("b", -1), ("b", 0), ("a", -1), ("a", 1)]
    texts = [event.text for event in world.events if event.event == "announcement"]
    assert texts == ["shop b", "shop a"]
    for session in "ab":
        world.end_input(session)
    world.settle()
    assert [one.counts.played for one in sorted(world.closed, key=lambda one: one.session)] == [2, 1]


def test_a_name_that_cannot_be_spoken_keeps_no_sentence_waiting() -> None:
    world = world_of("name", poison=["shop b"])
    speak(world, ("a", 0), ("b", 0))
    assert world.order == [("a", 0), ("b", 0)]


@pytest.mark.parametrize("signal", ["chime", "name"])
def test_a_request_comes_before_the_sentences_and_names_of_all_sessions(signal: TurnSignal) -> None:
    world = world_of(signal)
    for message in range(3):
        for session in "ab":
            world.find(session, "x" * 20, message=message)
    while len(world.order) < 1:
        for name in ("tts", "player"):
            world.step(name)
    begun = {row.key for one in world.ledger.state.sessions.values() for row in one.rows.values() if row.serial}
    world.do(world.ledger.call_attention("b", "Claude asks.", "en", world.now))
    urgent = next(event for event in reversed(world.events) if event.text == "Claude asks.")
    assert urgent.sentence is not None
    world.settle()
    place = world.order.index(("b", urgent.sentence))
    assert set(world.order[:place]) <= begun


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=20),
    st.sampled_from(["chime", "name"]),
    st.randoms(use_true_random=False),
)
def test_every_sentence_is_still_heard_once_and_in_order(
    found: list[tuple[str, int]], signal: TurnSignal, rng: random.Random
) -> None:
    world = world_of(signal)
    for session, message in sorted(found, key=lambda one: one[1]):
        world.find(session, "xxx", message=message)
        for _ in range(rng.randint(0, 6)):
            world.step(rng.choice(("tts", "player")))
        if rng.random() < 0.1:
            world.lose(rng.choice(("tts", "player")), counts_as_failure=False)
            world.start()
    for session in "ab":
        world.end_input(session)
    world.settle()
    for session in "ab":
        heard = [sentence for name, sentence in world.order if name == session and sentence >= 0]
        assert heard == list(range(sum(name == session for name, _ in found)))
    assert len(world.closed) == 2
    assert world.ledger.state.slots.free == 16, "slots were lost"
