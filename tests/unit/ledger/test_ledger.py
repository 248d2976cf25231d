"""The ledger under arbitrary histories of work, deaths and wishes."""

from __future__ import annotations

import collections
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.supervisor.invariants import batches_are_within_their_sizes, invariants
from helpers.supervisor.simulated_workers import (
    CHUNK_FRAMES,
    FRAMES_PER_CHARACTER,
    HEARD_STEP,
    SECOND_ENGINES,
    UNTRANSLATABLE,
    WORKING_ROLES,
    World,
    worker_id,
)
from voicestream.protocol.messages import (
    AudioWritten,
    Cancel,
    OutputFailed,
    Pause,
    PlaybackFinished,
    Translate,
    Translated,
    TranslatedSentence,
    Underrun,
    WorkFailed,
)
from voicestream.supervisor.ledger.commands import PLAYER, Send
from voicestream.supervisor.ledger.state import MAX_ATTEMPTS, MAX_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.supervisor.ledger.commands import Command

SEED = st.integers(min_value=0, max_value=2**32)
DEVICE = st.sampled_from(("cpu", "cuda:0"))
BATCH_SIZE = st.sampled_from((1, 1, 2, 3, 8))
LENGTH = st.integers(min_value=0, max_value=400)


def run_history(
    world: World, seed: int, length: int, *, sessions: tuple[str, ...] = ("a", "b"), counts_as_failure: bool
) -> None:
    """Let a history happen: some sentences are found, workers take small steps, and now and then one is lost.

    Drawn from a seed and not element by element: hypothesis prefers short lists, and the interesting states lie deep.
    """
    rng = random.Random(seed)
    messages = collections.Counter[str]()
    for _ in range(length):
        draw = rng.random()
        role = rng.choice(world.names)
        if draw < 0.80:
            world.step(role)
        elif draw < 0.88:
            session = rng.choice(sessions)
            messages[session] += rng.random() < 0.4
            language = rng.choice(("en", *world.voices))
            text = "x" * rng.choice((1, 2, 5, 20, 40))
            world.find(session, text, message=messages[session], language=language)
        elif draw < 0.90:
            world.hold(rng.choice(sessions), held=rng.random() < 0.6)
            invariants(world.ledger)
            batches_are_within_their_sizes(world.ledger)
        elif draw < 0.91 and world.choices:
            world.choose_voice()
        elif draw < 0.93:
            world.lose(role, counts_as_failure=counts_as_failure)
        else:
            world.start([role])


# The longest sentence here takes seven slots. There must be room for two of that kind, as there is for many in the real
# pool: one session's may be finished and wait for its turn while another's, half made, is begun anew.
@settings(max_examples=80)
@given(seed=SEED, length=LENGTH, slots=st.integers(14, 24), device=DEVICE, batch_size=BATCH_SIZE)
def test_every_sentence_is_heard_once_whole_and_in_order_whoever_is_restarted_when(
    seed: int, length: int, slots: int, device: str, batch_size: int
) -> None:
    world = World(slots=slots, device=device, batch_size=batch_size)
    world.start()
    world.open("a")
    world.open("b", target="en")
    run_history(world, seed, length, counts_as_failure=False)
    world.end_input("a")
    world.end_input("b")
    let_go(world)
    world.settle()

    assert [closed.exit_code for closed in world.closed] == [0, 0]
    assert all(closed.counts.played == closed.counts.found for closed in world.closed)
    assert world.heard.keys() == world.texts.keys()
    for key, frames in world.heard.items():
        assert frames == list(range(0, len(world.texts[key]) * FRAMES_PER_CHARACTER, HEARD_STEP))
    for session in ("a", "b"):
        ordinals = [sentence for name, sentence in world.order if name == session]
        assert ordinals == sorted(ordinals)
    assert world.ledger.state.slots.free == slots, "slots were lost"


def two_engines(slots: int, batch_size: int = 1) -> World:
    """Two translators and two voices: of session ``a`` the first ones, of ``b`` the second; German has the second."""
    names = (*WORKING_ROLES, *SECOND_ENGINES)
    world = World(slots=slots, names=names, voices={"de": "tts:1", "fr": "tts"}, batch_size=batch_size)
    world.start()
    world.open("a")
    world.open("b", translator="translation:1", tts="tts:1")
    world.open("c", target="en")
    return world


@settings(max_examples=60)
@given(seed=SEED, length=LENGTH, slots=st.integers(14, 24), batch_size=BATCH_SIZE)
def test_with_two_engines_a_role_every_sentence_is_heard_once_whole_and_in_order(
    seed: int, length: int, slots: int, batch_size: int
) -> None:
    world = two_engines(slots, batch_size)
    run_history(world, seed, length, sessions=("a", "b", "c"), counts_as_failure=False)
    for session in "abc":
        world.end_input(session)
        world.hold(session, held=False)
    world.settle()

    assert [closed.exit_code for closed in world.closed] == [0, 0, 0]
    assert world.heard.keys() == world.texts.keys()
    for key, frames in world.heard.items():
        assert frames == list(range(0, len(world.texts[key]) * FRAMES_PER_CHARACTER, HEARD_STEP))
    for session in "abc":
        ordinals = [sentence for name, sentence in world.order if name == session]
        assert ordinals == sorted(ordinals)
    assert world.ledger.state.slots.free == slots, "slots were lost"


@settings(max_examples=40)
@given(seed=SEED, length=LENGTH, lost=st.booleans(), batch_size=BATCH_SIZE)
def test_with_two_engines_whatever_dies_every_sentence_ends_once(
    seed: int, length: int, batch_size: int, *, lost: bool
) -> None:
    world = two_engines(12, batch_size)
    run_history(world, seed, length, sessions=("a", "b", "c"), counts_as_failure=True)
    if lost:  # the second voice does not get ready again: that of the session speaks instead
        world.lose("tts:1")
        world.voices["de"] = "tts"
        for session in "ac":
            world.route(session, "de", "tts")
    for session in "abc":
        world.end_input(session)
        world.hold(session, held=False)
    world.settle()

    ended = [event for event in world.events if event.event in ("playback_finished", "skipped", "failed")]
    assert sorted((e.session, e.sentence) for e in ended if e.stage != "translation") == sorted(world.texts)
    assert len(world.closed) == 3
    assert world.ledger.state.slots.free == 12


@settings(max_examples=15)
@given(seed=SEED, batch_size=BATCH_SIZE, counts_as_failure=st.booleans())
def test_with_two_engines_the_ledger_is_consistent_after_every_step(
    seed: int, batch_size: int, *, counts_as_failure: bool
) -> None:
    names = (*WORKING_ROLES, *SECOND_ENGINES)
    world = CheckedWorld(slots=12, names=names, voices={"de": "tts:1"}, batch_size=batch_size)
    world.start()
    for session in "ab":
        world.open(session, target="en" if session == "b" else "nl")
    run_history(world, seed, 250, counts_as_failure=counts_as_failure)
    world.lose("tts:1")
    for session in "ab":
        world.route(session, "de", "tts")
    world.do(world.ledger.stop_session("a", "stopped", 130, world.now))
    world.end_input("b")
    let_go(world)
    world.settle()
    assert len(world.closed) == 2


def test_a_voice_that_is_not_there_keeps_only_its_own_sentences_waiting() -> None:
    world = World(slots=64, names=(*WORKING_ROLES, "tts:1"), voices={"de": "tts:1"})
    world.start(WORKING_ROLES)
    world.open("a", target="en")
    for language in ("en", "de", "en"):
        world.find("a", "x", language=language)
    world.end_input("a")
    assert world.choose_voice()
    while world.step("tts") or world.step("player"):
        pass
    assert world.order == [("a", 0)]
    assert [e.sentence for e in world.events if e.event == "speech_finished"] == [0, 2]
    world.settle()
    assert world.order == [("a", 0), ("a", 1), ("a", 2)]


def test_the_sentence_that_is_to_be_heard_next_gets_slots_that_a_later_one_holds_at_another_worker() -> None:
    world = World(slots=8, names=(*WORKING_ROLES, "tts:1"), voices={"de": "tts:1"})
    world.start(["tts", "player"])
    world.open("a", target="en")
    world.open("b", target="en")
    world.find("a", "x" * 100)  # fills the pool while it may be the next to be heard
    world.lose("player", counts_as_failure=False)
    while world.step("tts"):
        pass
    assert world.ledger.state.slots.free == 0
    world.hold("a", held=True)
    world.find("b", "x" * 30, language="de")
    world.choose_voice()
    world.start(["tts:1", "player"])
    world.end_input("b")
    while any([world.step(name) for name in world.names]):  # noqa: C419 - each of them, not up to the first
        pass
    assert ("b", 0) in world.order
    world.hold("a", held=False)
    world.end_input("a")
    world.settle()
    assert [closed.exit_code for closed in world.closed] == [0, 0]
    assert world.ledger.state.slots.free == 8


def test_a_sentence_that_was_begun_is_not_finished_in_another_voice() -> None:
    world = World(slots=16, names=(*WORKING_ROLES, "tts:1"), voices={"de": "tts:1"})
    world.start()
    world.open("a", target="en")
    world.find("a", "x" * 20, language="de")
    world.find("a", "x" * 20, language="de")
    world.choose_voice()
    while not world.heard.get(("a", 0)):
        world.step("tts:1")
        world.step("player")
    world.lose("tts:1")
    world.route("a", "de", "tts")
    world.end_input("a")
    world.settle()
    skipped = [(event.sentence, event.reason) for event in world.events if event.event == "skipped"]
    assert skipped == [(0, "another voice")]
    assert world.heard["a", 1] == list(range(0, 20 * FRAMES_PER_CHARACTER, HEARD_STEP))


@settings(max_examples=60)
@given(seed=SEED, length=LENGTH, device=DEVICE, batch_size=BATCH_SIZE, target=st.sampled_from(("en", "ja")))
def test_whatever_dies_every_sentence_ends_once_and_no_slot_is_lost(
    seed: int, length: int, device: str, batch_size: int, target: str
) -> None:
    world = World(slots=12, device=device, batch_size=batch_size)
    world.start()
    world.open("a")
    world.open("b", target=target)
    run_history(world, seed, length, counts_as_failure=True)
    world.end_input("a")
    world.end_input("b")
    let_go(world)
    world.settle()

    ended = [event for event in world.events if event.event in ("playback_finished", "skipped", "failed")]
    ends = [(event.session, event.sentence) for event in ended if event.stage != "translation"]
    assert sorted(ends) == sorted(world.texts)
    assert len(world.closed) == 2
    assert world.ledger.state.slots.free == 12


@settings(max_examples=40)
@given(seed=SEED, before=LENGTH, after=LENGTH, batch_size=BATCH_SIZE)
def test_stopping_a_session_at_any_time_frees_its_slots_and_leaves_the_other_whole(
    seed: int, before: int, after: int, batch_size: int
) -> None:
    world = World(slots=12, batch_size=batch_size)
    world.start()
    world.open("a")
    world.open("b", target="en")
    run_history(world, seed, before, counts_as_failure=False)
    world.do(world.ledger.stop_session("a", "stopped", 130, world.now))
    run_history(world, seed + 1, after, sessions=("b",), counts_as_failure=False)
    world.end_input("b")
    let_go(world)
    world.settle()

    by_session = {closed.session: closed for closed in world.closed}
    assert by_session["a"].exit_code == 130
    assert by_session["b"].exit_code == 0
    assert by_session["b"].counts.played == by_session["b"].counts.found
    assert world.ledger.state.slots.free == 12


@settings(max_examples=40)
@given(seed=SEED, before=LENGTH, after=LENGTH, batch_size=BATCH_SIZE)
# A session that was held has half of the pool, the one to be heard the other half.
@example(seed=198, before=194, after=196, batch_size=1)
def test_what_is_skipped_on_request_is_skipped_alone(seed: int, before: int, after: int, batch_size: int) -> None:
    world = World(slots=12, batch_size=batch_size)
    world.start()
    world.open("a")
    world.open("b")
    run_history(world, seed, before, counts_as_failure=False)
    world.do(world.ledger.skip(world.now, everything=False))
    run_history(world, seed + 1, after, counts_as_failure=False)
    world.end_input("a")
    world.end_input("b")
    let_go(world)
    world.settle()

    skipped = [event for event in world.events if event.event == "skipped"]
    assert len(skipped) <= 1
    assert sum(closed.counts.played for closed in world.closed) == len(world.texts) - len(skipped)
    assert world.ledger.state.slots.free == 12


def let_go(world: World) -> None:
    """Every client is back."""
    for session in ("a", "b"):
        world.hold(session, held=False)


@settings(max_examples=40)
@given(seed=SEED, length=LENGTH, slots=st.integers(14, 24), batch_size=BATCH_SIZE)
def test_a_session_that_is_held_waits_alone_and_goes_on_at_the_frame(
    seed: int, length: int, slots: int, batch_size: int
) -> None:
    world = World(slots=slots, batch_size=batch_size)
    world.start()
    world.open("a")
    world.open("b", target="en")
    run_history(world, seed, length, counts_as_failure=False)
    world.end_input("a")
    world.end_input("b")
    world.hold("a", held=True)
    world.hold("b", held=False)
    while world.step("player"):
        pass  # what crossed the wish on its way
    heard = {key: list(frames) for key, frames in world.heard.items() if key[0] == "a"}
    world.settle()
    assert "b" in [closed.session for closed in world.closed], "the other session is silent"
    assert {key: frames for key, frames in world.heard.items() if key[0] == "a"} == heard, "a held session is heard"
    world.hold("a", held=False)
    world.settle()
    assert [closed.exit_code for closed in world.closed] == [0, 0]
    for key, text in world.texts.items():
        assert world.heard[key] == list(range(0, len(text) * FRAMES_PER_CHARACTER, HEARD_STEP))
    assert world.ledger.state.slots.free == slots, "slots were lost"


def test_a_session_that_is_held_gives_the_word_to_the_others_and_gets_it_back_in_its_turn() -> None:
    world = World()
    world.start()
    world.open("a", target="en")
    world.open("b", target="en")
    world.find("a", "x" * 20)
    world.find("a", "second")
    while not world.heard.get(("a", 0)):
        world.step("tts")
        world.step("player")
    begun = len(world.heard["a", 0])
    assert begun < 20 * FRAMES_PER_CHARACTER // HEARD_STEP
    world.hold("a", held=True)
    world.find("b", "meanwhile")
    world.end_input("a")
    world.end_input("b")
    world.settle()
    assert world.order == [("a", 0), ("b", 0)]
    world.hold("a", held=False)
    world.settle()
    assert world.order == [("a", 0), ("b", 0), ("a", 1)]
    assert len([e for e in world.events if (e.event, e.session, e.sentence) == ("playback_started", "a", 0)]) == 1


def test_a_sentence_longer_than_the_pool_is_spoken_whole() -> None:
    world = World(slots=8)
    world.start()
    world.open("a")
    world.find("a", "x" * 100)
    world.end_input("a")
    world.settle()
    assert len(world.heard["a", 0]) == 100 * FRAMES_PER_CHARACTER // HEARD_STEP
    assert world.closed[0].exit_code == 0


def test_sessions_take_turns_by_message() -> None:
    world = World(slots=64)
    world.open("a")
    world.open("b")
    for message in range(2):
        for _ in range(2):
            world.find("a", "one", message=message)
            world.find("b", "two", message=message)
    world.end_input("a")
    world.end_input("b")
    world.settle()
    assert [session for session, _ in world.order] == ["a", "a", "b", "b", "a", "a", "b", "b"]


def find_by_turns(world: World, sessions: str) -> None:
    """Three messages of two sentences in each session."""
    for message in range(3):
        for _ in range(2):
            for session in sessions:
                world.find(session, "one", message=message)


def test_what_was_handed_over_is_played_to_its_end_before_what_is_handed_over_later() -> None:
    world = World(slots=64)
    for session in "abc":
        world.open(session, detach=True)
    world.open("d")
    find_by_turns(world, "abcd")
    for session in "bca":
        world.hand_over(session)
    world.end_input("d")
    world.settle()
    played = [session for session, _ in world.order]
    assert [session for session in played if session != "d"] == [*"bbbbbb", *"cccccc", *"aaaaaa"]
    # Other sessions take turns with them, by message.
    assert "".join(played).startswith("bbddbbddbbdd")


def test_a_message_that_is_being_played_is_not_interrupted_by_an_earlier_session_that_goes_on() -> None:
    world = World(slots=64)
    world.start()
    world.open("a", detach=True)
    world.hold("a", held=True)
    find_by_turns(world, "a")
    world.hand_over("a")
    world.open("b", detach=True)
    find_by_turns(world, "b")
    while ("b", 0) not in world.heard:
        for role in ("translation", "tts", "player"):
            world.step(role)
    world.hold("a", held=False)
    world.hand_over("b")
    world.settle()
    assert [session for session, _ in world.order] == [*"bb", *"aaaaaa", *"bbbb"]


def test_a_detached_session_whose_agent_is_still_at_work_takes_turns() -> None:
    world = World(slots=64)
    world.open("a", detach=True)
    world.open("b", detach=True)
    find_by_turns(world, "ab")
    world.settle()
    assert [session for session, _ in world.order] == [*"aabbaabbaabb"]


@settings(max_examples=30)
@given(seed=SEED, length=LENGTH, counts_as_failure=st.booleans())
def test_detached_sessions_are_played_one_after_another_whatever_dies(
    seed: int, length: int, *, counts_as_failure: bool
) -> None:
    world = World(slots=14)
    world.start()
    for session in "abc":
        world.open(session, detach=True)
    for session in "abc":
        for message in range(3):
            world.find(session, "x" * 5, message=message)
        world.hand_over(session)
    rng = random.Random(seed)
    for _ in range(length):
        role = rng.choice(WORKING_ROLES)
        if rng.random() < 0.9:
            world.step(role)
        else:
            world.lose(role, counts_as_failure=counts_as_failure)
            world.start([rng.choice(WORKING_ROLES)])
    world.settle()
    played = [session for session, _ in world.order]
    assert played == sorted(played)
    assert len(world.closed) == 3
    assert world.ledger.state.slots.free == 14


@pytest.mark.parametrize("sessions", ["abc", "abcdefghij"])
@pytest.mark.parametrize("player_steps", [1, 20])
def test_however_slow_the_voice_is_no_session_is_passed_over(sessions: str, player_steps: int) -> None:
    world = World(slots=256)
    world.start()
    for session in sessions:
        world.open(session)
    for message in range(4):
        for session in sessions:
            world.find(session, "x" * 10, message=message)
    for session in sessions:
        world.end_input(session)
    # What is made is heard at once, so the voice alone says whose turn it is.
    while world.step("translation") or world.step("tts"):
        for _ in range(player_steps):
            world.step("player")
    world.settle()
    assert "".join(session for session, _ in world.order) == sessions * 4


def test_a_sentence_that_fails_three_times_is_skipped_with_its_reason_and_the_next_one_is_spoken() -> None:
    world = World(poison=frozenset({"bad"}))
    world.open("a")
    world.find("a", "good")
    world.find("a", "bad")
    world.find("a", "fine")
    world.end_input("a")
    world.settle()
    skipped = [event for event in world.events if event.event == "skipped"]
    assert [(event.sentence, event.stage, event.reason) for event in skipped] == [(1, "tts", "poison")]
    assert world.closed[0].exit_code == 1
    assert [sentence for _, sentence in world.order] == [0, 2]


def test_a_session_that_wants_no_translation_is_heard_without_a_translator() -> None:
    world = World()
    world.start(["tts", "player"])
    world.open("a", target="en")
    world.find("a", "as it is")
    world.end_input("a")
    while world.step("tts") or world.step("player"):
        pass
    assert [(closed.exit_code, closed.counts.played) for closed in world.closed] == [(0, 1)]
    assert [(e.text, e.language, e.engine) for e in world.events if e.event == "translated"] == [
        ("as it is", "en", "none")
    ]


def test_a_sentence_that_costs_three_translators_is_spoken_in_the_original_and_that_is_said() -> None:
    world = World()
    world.start(["tts", "player"])
    world.open("a")
    world.find("a", "deadly")
    for _ in range(MAX_ATTEMPTS):
        world.start(["translation"])
        world.lose("translation")
    world.end_input("a")
    world.settle()
    assert [(e.event, e.stage) for e in world.events if e.event == "failed"] == [("failed", "translation")]
    assert world.heard.keys() == {("a", 0)}
    counts = world.closed[0].counts
    assert (counts.played, counts.untranslated, world.closed[0].exit_code) == (1, 1, 1)


def test_the_loss_of_a_batch_does_not_count_against_the_others_of_the_batch_for_ever() -> None:
    world = World()
    world.open("a")
    for _ in range(5):
        world.find("a", "fine")
    for _ in range(MAX_ATTEMPTS - 1):
        world.start(["translation"])
        world.lose("translation")
    world.end_input("a")
    world.settle()
    assert world.closed[0].counts.untranslated == 0
    assert world.closed[0].exit_code == 0


def test_a_translation_that_cannot_be_heard_is_replaced_by_the_original_at_once_and_the_reason_is_told() -> None:
    world = World()
    world.start()
    world.open("a", target="ja")
    for text in ("fine", UNTRANSLATABLE, "fine"):
        world.find("a", text)
    world.end_input("a")
    world.settle()
    assert [(e.sentence, e.stage, e.reason) for e in world.events if e.event == "failed"] == [
        (1, "translation", "no good")
    ]
    translated = {e.sentence: (e.text, e.language, e.engine) for e in world.events if e.event == "translated"}
    assert translated[1] == (UNTRANSLATABLE, "en", "none")
    assert {language for _, language, _ in (translated[0], translated[2])} == {"ja"}
    assert [sentence for _, sentence in world.order] == [0, 1, 2]
    counts = world.closed[0].counts
    assert (counts.played, counts.untranslated, world.closed[0].exit_code) == (3, 1, 1)


def test_a_message_has_the_sentences_of_all_sessions_in_parts_of_one_wish() -> None:
    world = World()
    for session, target, beams in (("a", "ja", 1), ("b", "ja", 5), ("c", "ja", 1), ("d", "de", 1)):
        world.open(session, target=target, beams=beams)
        world.find(session, "fine")
    world.start(["translation"])
    (message,) = world.inbox["translation"]
    assert isinstance(message, Translate)
    assert [(one.target, one.options.beams, [s.session for s in one.sentences]) for one in message.parts] == [
        ("ja", 1, ["a", "c"]),
        ("ja", 5, ["b"]),
        ("de", 1, ["d"]),
    ]
    worker = worker_id("translation")
    for left in (4, 2, 1, 0):
        assert world.ledger.translating.in_flight(worker) == left
        assert (world.ledger.translating.busy_since(worker) is None) == (left == 0)
        world.now += 1.0
        world.step("translation")


def test_a_failed_part_costs_the_others_nothing() -> None:
    world = World()
    for session, target in (("a", "ja"), ("b", "de")):
        world.open(session, target=target)
        world.find(session, "fine")
    world.start(["translation"])
    message = world.inbox["translation"].popleft()
    assert isinstance(message, Translate)
    failed = WorkFailed(session="b", sentence=0, attempt=message.parts[1].batch, reason="no")
    world.do(world.ledger.handle(worker_id("translation"), failed, world.now))
    assert not world.inbox["translation"], "the other part is still at the worker"
    done = [TranslatedSentence(session="a", sentence=0, text="ok")]
    answer = Translated(batch=message.parts[0].batch, language="ja", engine="x", sentences=done)
    world.do(world.ledger.handle(worker_id("translation"), answer, world.now))
    (again,) = world.inbox["translation"]
    assert isinstance(again, Translate)
    assert [(one.session, one.sentence) for one in again.sentences] == [("b", 0)]
    world.do(world.ledger.handle(worker_id("translation"), answer, world.now))
    assert world.ledger.translating.in_flight(worker_id("translation")) == 1, "a stale answer counts for nothing"


def test_words_that_would_not_fit_a_frame_together_go_in_several_messages() -> None:
    world = World()
    for session, size in (("a", 30_000), ("b", 30_000), ("c", 10)):
        world.open(session, target="ja", keep=[session * size])
        world.find(session, "fine")
    world.start(["translation"])
    sent: list[list[str]] = []
    while world.inbox["translation"]:
        message = world.inbox["translation"][0]
        assert isinstance(message, Translate)
        sent.append([one.session for one in message.sentences])
        for _ in message.parts:
            world.step("translation")
    assert sent == [["a"], ["b", "c"]]


def test_the_translator_hears_of_the_sentences_in_its_hands_that_nobody_waits_for() -> None:
    world = World()
    world.start()
    world.open("a", target="ja")
    world.find("a", "fine")
    world.find("a", "waits behind the batch")
    world.do(world.ledger.skip(world.now, everything=True))
    cancelled = [message for message in world.inbox["translation"] if isinstance(message, Cancel)]
    assert [(one.session, one.sentence) for one in cancelled] == [("a", 0)]
    world.find("a", "goes on")
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [2]


def test_a_sentence_that_is_found_again_is_dropped() -> None:
    world = World()
    world.open("a")
    world.find("a", "once")
    world._found["a"] = 0
    world.find("a", "once")
    world.end_input("a")
    world.settle()
    assert world.closed[0].counts.found == 1


def test_a_player_that_died_after_the_last_frame_but_before_its_report_repeats_nothing() -> None:
    world = World()
    world.start()
    world.open("a")
    world.find("a", "x" * 3)
    while ("a", 0) not in world.heard or len(world.heard["a", 0]) < 3 * FRAMES_PER_CHARACTER // HEARD_STEP:
        world.step("translation")
        world.step("tts")
        world.step("player")
    world.lose("player")
    world.end_input("a")
    world.settle()
    assert len(world.heard["a", 0]) == 3 * FRAMES_PER_CHARACTER // HEARD_STEP


def test_sound_with_a_gap_in_it_is_made_again_from_the_gap() -> None:
    world = World()
    world.start()
    world.open("a")
    world.find("a", "x" * 20)
    while ("a", 0) not in world.heard:
        for role in WORKING_ROLES:
            world.step(role)
    lost = world.speaking["tts"][0]
    lost.used += CHUNK_FRAMES  # a message of the worker was lost on its way
    lost.done += CHUNK_FRAMES
    world.end_input("a")
    world.settle()
    assert world.heard["a", 0] == list(range(0, 20 * FRAMES_PER_CHARACTER, HEARD_STEP))
    assert world.closed[0].exit_code == 0
    assert world.ledger.state.slots.free == world.slots


def test_a_player_that_never_says_that_a_sentence_is_over_gets_no_further() -> None:
    world = World()
    world.start()
    world.open("a")
    world.find("a", "x")
    while not world._finishing:
        for role in WORKING_ROLES:
            world.step(role)
    since, _ = world.ledger.progress(PLAYER)
    assert since is not None
    while world.step("player"):
        pass
    assert world.ledger.progress(PLAYER) == (None, 0)


def test_a_player_that_comes_while_all_is_held_is_told_so_first() -> None:
    world = World()
    world.start()
    world.do(world.ledger.hold(paused=True, now=world.now))
    world.lose("player", counts_as_failure=False)
    commands = world.ledger.worker_available(PLAYER, world.now)
    assert isinstance(commands[0], Send)
    assert isinstance(commands[0].message, Pause)


@pytest.mark.parametrize(
    "message",
    [
        Translated(batch=99, language="en", engine="x", sentences=[]),
        AudioWritten(session="a", sentence=0, attempt=9, slot=3, start=0, frames=100),
        AudioWritten(session="zz", sentence=4, attempt=1, slot=3, start=0, frames=100, last=True),
        PlaybackFinished(session="a", sentence=0, frames=3),
    ],
)
def test_a_stale_or_misplaced_message_changes_nothing(message: Translated | AudioWritten | PlaybackFinished) -> None:
    world = World()
    world.start()
    world.open("a")
    world.find("a", "hello")
    before = [*world.events]
    for role in WORKING_ROLES:
        assert world.ledger.handle(worker_id(role), message, world.now) == []
    assert world.events == before
    world.end_input("a")
    world.settle()
    assert world.closed[0].exit_code == 0


def test_sentences_that_the_parser_left_out_are_missed_aloud_and_those_after_them_are_spoken() -> None:
    world = World()
    world.start()
    world.open("a")
    world.find("a", "one")
    world._found["a"] = 4
    world.find("a", "five")
    world.end_input("a")
    world.settle()
    failed = [(event.stage, event.reason) for event in world.events if event.event == "failed"]
    assert failed == [("parser", "sentences 1 to 3 did not arrive")]
    assert [sentence for _, sentence in world.order] == [0, 4]
    assert world.closed[0].exit_code == 1


def test_a_sentence_too_long_for_a_frame_is_skipped_with_its_reason() -> None:
    world = World()
    world.start()
    world.open("a")
    world.find("a", "x" * (MAX_CHARACTERS + 1))
    world.find("a", "fine")
    world.end_input("a")
    world.settle()
    assert [(e.sentence, e.stage) for e in world.events if e.event == "skipped"] == [(0, "parser")]
    assert [sentence for _, sentence in world.order] == [1]
    assert world.closed[0].exit_code == 1


def test_a_translation_too_long_for_a_frame_is_no_translation() -> None:
    world = World()
    world.start(["translation"])
    world.open("a")
    world.find("a", "short")
    for batch in range(1, MAX_ATTEMPTS + 1):
        sentences = [TranslatedSentence(session="a", sentence=0, text="x" * (MAX_CHARACTERS + 1))]
        done = Translated(batch=batch, language="en", engine="x", sentences=sentences)
        world.do(world.ledger.handle(worker_id("translation"), done, world.now))
    world.start()
    world.end_input("a")
    world.settle()
    assert world.closed[0].counts.untranslated == 1
    assert world.heard.keys() == {("a", 0)}


@pytest.mark.parametrize(
    "message",
    [
        WorkFailed(session="a", sentence=0, attempt=1, reason="not mine"),
        Underrun(session="a", sentence=0, frames=7),
    ],
)
def test_a_player_has_no_say_about_a_sentence_that_it_was_not_given(message: WorkFailed | Underrun) -> None:
    world = World()
    world.start()
    world.open("a")
    world.find("a", "hello")
    assert world.ledger.handle(PLAYER, message, world.now) == []
    world.end_input("a")
    world.settle()
    assert world.closed[0].exit_code == 0


@pytest.mark.parametrize(("said", "found"), [(69, 69), (0, 1), (-1, 1), (256, 1), (2**63, 1)])
def test_a_failed_output_is_no_success_whatever_its_exit_code(said: int, found: int) -> None:
    world = World()
    world.start()
    world.open("a")
    world.do(world.ledger.handle(PLAYER, OutputFailed(session="a", reason="gone", exit_code=said), world.now))
    assert world.closed[0].exit_code == found


@settings(max_examples=15)
@given(seed=SEED, batch_size=BATCH_SIZE, counts_as_failure=st.booleans())
def test_the_books_agree_with_themselves_after_every_step(
    seed: int, batch_size: int, *, counts_as_failure: bool
) -> None:
    world = CheckedWorld(slots=12, batch_size=batch_size)
    world.start()
    world.open("a")
    world.open("b", target="ja")
    run_history(world, seed, 200, counts_as_failure=counts_as_failure)
    world.do(world.ledger.stop_session("a", "stopped", 130, world.now))
    world.end_input("b")
    let_go(world)
    world.settle()
    assert len(world.closed) == 2


class CheckedWorld(World):
    """Checks the ledger after every change."""

    def do(self, commands: Iterable[Command]) -> None:
        super().do(commands)
        invariants(self.ledger)
        batches_are_within_their_sizes(self.ledger)
