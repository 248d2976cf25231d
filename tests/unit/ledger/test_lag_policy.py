"""``--max-lag``: what is heard too late is skipped by whole messages, the oldest first, and that is announced."""

from __future__ import annotations

import collections
import itertools
import random
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.supervisor.simulated_workers import FRAMES_PER_CHARACTER, HEARD_STEP, WORKING_ROLES, World
from voicestream.protocol.messages import Translate
from voicestream.supervisor.ledger import announcement
from voicestream.supervisor.ledger.commands import WorkerId

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED = st.integers(min_value=0, max_value=2**32)
LENGTH = st.integers(min_value=0, max_value=600)
LAG = st.sampled_from([0.005, 0.02, 0.1, 0.5])
BURST = 100
"""Sentences in one go: more than wait translated for tts."""

ENDS = ("playback_finished", "skipped", "failed", "withdrawn")


def run_history(world: World, seed: int, length: int, *, counts_as_failure: bool) -> None:
    """Messages of one or many sentences are found while workers take small steps and are lost now and then."""
    rng = random.Random(seed)
    messages = collections.Counter[str]()
    for _ in range(length):
        draw = rng.random()
        role = rng.choice(WORKING_ROLES)
        if draw < 0.78:
            world.step(role)
        elif draw < 0.90:
            session = rng.choice("ab")
            messages[session] += rng.random() < 0.6
            for _ in range(BURST if rng.random() < 0.03 else rng.choice((1, 1, 2, 5))):
                world.find(session, "x" * rng.choice((1, 2, 5, 20)), message=messages[session])
        elif draw < 0.94:
            world.lose(role, counts_as_failure=counts_as_failure)
        else:
            world.start([role])


def history(seed: int, length: int, slots: int, lags: dict[str, float], *, counts_as_failure: bool = False) -> World:
    """A whole history of two sessions, from opening to the end."""
    world = World(slots=slots)
    world.start()
    for session, lag in lags.items():
        world.open(session, max_lag_seconds=lag)
    run_history(world, seed, length, counts_as_failure=counts_as_failure)
    for session in lags:
        world.end_input(session)
    world.settle()
    assert world.ledger.state.slots.free == slots, "slots were lost"
    assert len(world.closed) == len(lags)
    return world


def skipped(world: World, session: str) -> list[int]:
    return [event.sentence or 0 for event in world.events if event.event == "skipped" and event.session == session]


def announced(world: World) -> dict[tuple[str, int], int]:
    """How many messages each announcement says were skipped."""
    counts: dict[tuple[str, int], int] = {}
    for event in world.events:
        if event.event == "announcement":
            assert event.sentence is not None
            digits = re.search(r"\d+", event.text or "")
            counts[event.session, event.sentence] = int(digits[0]) if digits else 1
    return counts


def assert_all_ended_once(world: World) -> None:
    ends = [
        (event.session, event.sentence)
        for event in world.events
        if event.event in ENDS and event.stage != "translation" and event.sentence is not None
    ]
    assert sorted(ends) == sorted([*world.texts, *announced(world)])


def assert_only_whole_messages_but_the_newest_were_skipped(world: World, lags: dict[str, float]) -> None:
    newest = collections.defaultdict[str, int](lambda: -1)
    since: dict[tuple[str, int], float] = {}
    fates: dict[tuple[str, int], set[bool]] = collections.defaultdict(set)
    for event in world.events:
        key = (event.session, -1 if event.sentence is None else event.sentence)
        if key not in world.messages:
            continue
        message = world.messages[key]
        if event.event == "sentence_found":
            newest[event.session] = message
            since.setdefault((event.session, message), event.time)
        elif event.event in ("skipped", "playback_finished"):
            fates[event.session, message].add(event.event == "skipped")
        if event.event == "skipped":
            assert message < newest[event.session], "the newest message was skipped"
            assert event.time - since[event.session, message] > lags[event.session], "it was not late"
            assert key not in world.heard, "it had begun to be heard"
    assert all(len(fate) == 1 for fate in fates.values()), "a message was skipped in part"


def assert_each_gap_is_announced_in_its_place(world: World, session: str) -> None:
    """What is heard is in order, and between two neighbours one announcement says how many messages are missing."""
    said = announced(world)
    missing_messages: dict[int, set[int]] = collections.defaultdict(set)
    played = [sentence for name, sentence in world.order if name == session and sentence >= 0]
    assert played == sorted(played)
    for sentence in skipped(world, session):
        following = next(later for later in played if later > sentence)
        missing_messages[following].add(world.messages[session, sentence])
    heard_counts: dict[int, int] = {}
    order = [sentence for name, sentence in world.order if name == session]
    for before, after in itertools.pairwise(order):
        if before < 0:
            heard_counts[after] = said[session, before]
    assert heard_counts == {following: len(messages) for following, messages in missing_messages.items()}


def assert_nothing_late_began(world: World, session: str, lag: float) -> None:
    """A message that began to be heard was not too old when the player was given it, unless it was the newest."""
    first: dict[int, int] = {}
    found_at: dict[int, float] = {}
    for event in world.events:
        if event.event == "sentence_found" and event.session == session and event.sentence is not None:
            found_at[event.sentence] = event.time
            first.setdefault(world.messages[session, event.sentence], event.sentence)
    order = [sentence for name, sentence in world.order if name == session]
    for before, sentence in zip([0, *order], order, strict=False):
        if sentence not in first.values():
            continue
        begun_at = world.given[session, before if before < 0 else sentence]
        newest = max((world.messages[session, s] for s, at in found_at.items() if at < begun_at), default=-1)
        if world.messages[session, sentence] < newest:
            assert begun_at - found_at[sentence] <= lag + 1e-9


def frames_of(texts: Iterable[str]) -> list[list[int]]:
    return [list(range(0, len(text) * FRAMES_PER_CHARACTER, HEARD_STEP)) for text in texts]


@settings(max_examples=40)
@given(seed=SEED, length=LENGTH, slots=st.integers(8, 24), lag=LAG, other=LAG)
def test_only_late_messages_are_skipped_and_only_whole_and_each_gap_is_announced(
    seed: int, length: int, slots: int, lag: float, other: float
) -> None:
    lags = {"a": lag, "b": other}
    world = history(seed, length, slots, lags)
    assert_all_ended_once(world)
    assert_only_whole_messages_but_the_newest_were_skipped(world, lags)
    for session, limit in lags.items():
        assert_each_gap_is_announced_in_its_place(world, session)
        assert_nothing_late_began(world, session, limit)
    heard = {key: frames for key, frames in world.heard.items() if key in world.texts}
    assert list(heard.values()) == frames_of(world.texts[key] for key in heard)
    for closed in world.closed:
        missing = len(skipped(world, closed.session))
        assert closed.counts.played + missing == closed.counts.found
        assert closed.exit_code == (1 if missing else 0)


@settings(max_examples=15)
@given(seed=SEED, length=LENGTH, lag=LAG)
def test_whatever_dies_a_session_that_skips_ends_each_sentence_once(seed: int, length: int, lag: float) -> None:
    assert_all_ended_once(history(seed, length, 12, {"a": lag, "b": 0.0}, counts_as_failure=True))


@settings(max_examples=15)
@given(seed=SEED, length=LENGTH)
def test_a_session_that_sets_no_limit_skips_nothing_beside_one_that_does(seed: int, length: int) -> None:
    world = history(seed, length, 12, {"a": 0.005, "b": 0.0})
    assert skipped(world, "b") == []
    assert all(session == "a" for session, _ in announced(world))


@settings(max_examples=8)
@given(seed=SEED, length=LENGTH)
def test_a_limit_that_is_never_reached_changes_nothing(seed: int, length: int) -> None:
    without = history(seed, length, 12, {"a": 0.0, "b": 0.0})
    with_limit = history(seed, length, 12, {"a": 1e6, "b": 1e6})
    assert with_limit.events == without.events
    assert with_limit.order == without.order


def behind(world: World, session: str, messages: int, *, first: int = 0) -> None:
    """Find messages of two sentences each."""
    for message in range(first, first + messages):
        world.find(session, "x", message=message)
        world.find(session, "y", message=message)


def captions(world: World) -> list[str]:
    return [event.text or "" for event in world.events if event.event == "announcement"]


def test_all_but_the_message_that_is_heard_and_the_newest_are_skipped_when_all_are_too_old() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    world.start()
    behind(world, "a", 1)
    while not world.order:
        for role in WORKING_ROLES:
            world.step(role)
    behind(world, "a", 4, first=1)
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    assert skipped(world, "a") == [2, 3, 4, 5, 6, 7]
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [0, 1, -1, 8, 9]
    assert captions(world) == ["Skipped 3 messages."]
    reasons = {event.reason for event in world.events if event.event == "skipped"}
    assert reasons == {"more than 30 s behind what the agent wrote (--max-lag)"}
    counts = world.closed[0].counts
    assert (counts.found, counts.played, counts.skipped, world.closed[0].exit_code) == (10, 4, 6, 1)


def test_a_message_that_is_just_young_enough_is_heard() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    behind(world, "a", 2)
    world.now += 20.0
    behind(world, "a", 2, first=2)
    world.now += 20.0
    world.do(world.ledger.tick(world.now))
    assert skipped(world, "a") == [0, 1, 2, 3]


def test_an_announcement_that_was_not_heard_yet_is_replaced_when_more_is_skipped() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    behind(world, "a", 2)
    world.now += 20.0
    behind(world, "a", 2, first=2)
    for _ in range(2):
        world.now += 20.0
        world.do(world.ledger.tick(world.now))
    assert captions(world) == ["Skipped 2 messages.", "Skipped 3 messages."]
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [-2, 6, 7]
    assert [event.sentence for event in world.events if event.event == "withdrawn"] == [-1]


def test_what_is_skipped_while_one_message_is_heard_is_announced_once_behind_it() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    world.start()
    for _ in range(4):
        world.find("a", "x" * 20)
    while not world.order:
        for role in WORKING_ROLES:
            world.step(role)
    for message in range(1, 5):
        behind(world, "a", 1, first=message)
        world.now += 31.0
        world.do(world.ledger.tick(world.now))
    assert skipped(world, "a") == [4, 5, 6, 7, 8, 9]
    assert captions(world) == [], "the message that is heard is not over"
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [0, 1, 2, 3, -1, 10, 11]
    assert captions(world) == ["Skipped 3 messages."]


def test_the_time_in_which_a_person_holds_what_is_heard_makes_nothing_late() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    behind(world, "a", 3)
    world.now += 20.0
    world.do(world.ledger.hold(paused=True, now=world.now))
    world.now += 1000.0
    world.do(world.ledger.tick(world.now))
    behind(world, "a", 1, first=3)
    world.now += 1000.0
    world.do(world.ledger.hold(paused=False, now=world.now))
    world.now += 9.0
    world.do(world.ledger.tick(world.now))
    assert skipped(world, "a") == []
    world.now += 2.0
    world.do(world.ledger.tick(world.now))
    assert skipped(world, "a") == [0, 1, 2, 3, 4, 5], "31 s in which something could be heard"


def test_what_others_say_in_between_counts_as_lag() -> None:
    world = World(slots=64)
    world.open("long")
    world.open("a", max_lag_seconds=0.05)
    world.start()
    world.find("long", "x" * 400)
    world.find("long", "x")
    while not world.order:
        for role in WORKING_ROLES:
            world.step(role)
    behind(world, "a", 3)
    world.end_input("long")
    world.end_input("a")
    world.settle()
    assert [key for key in world.order if key[0] == "a"] == [("a", -1), ("a", 4), ("a", 5)]


def test_an_announcement_is_made_though_much_of_what_follows_it_waits_translated() -> None:
    world = World(slots=8)
    world.open("a", max_lag_seconds=30.0)
    world.start(["translation", "tts"])
    behind(world, "a", 2)
    for _ in range(3 * BURST):
        world.find("a", "x" * 20, message=2)
    for _ in range(10 * BURST):
        world.step("translation")
        world.step("tts")
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [-1, *range(4, 4 + 3 * BURST)]


def test_a_sentence_that_has_taken_all_slots_makes_way_for_the_announcement_before_it() -> None:
    world = World(slots=8)
    world.open("a", max_lag_seconds=30.0)
    world.start(["translation", "tts"])
    world.find("a", "x", message=0)
    world.find("a", "x" * 100, message=1)
    while world.step("translation") or world.step("tts"):
        pass
    assert list(world.ledger.speaking.jobs), "it is being made, and waits for slots"
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [-1, 1]


def test_an_announcement_is_translated_before_what_follows_it_also_when_that_comes_back() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    world.start(["translation"])
    behind(world, "a", 3)
    for _ in range(2):
        world.step("translation")
    world.find("a", "again", message=2)
    assert world.ledger.translating.in_flight(WorkerId("translation")) == 1
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    world.lose("translation", counts_as_failure=False)
    world.start(["translation"])
    batch = world.inbox["translation"][-1]
    assert isinstance(batch, Translate)
    assert [sentence.sentence for sentence in batch.sentences] == [-1, 6]


def test_a_player_that_comes_back_hears_of_the_announcement_before_the_next_message() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    world.start()
    world.find("a", "x", message=0)
    while not any(event.event == "playback_finished" for event in world.events):
        for role in WORKING_ROLES:
            world.step(role)
    world.lose("player", counts_as_failure=False)
    world.find("a", "y", message=0)
    world.find("a", "skipped", message=1)
    world.find("a", "newest", message=2)
    while world.step("translation") or world.step("tts"):
        pass
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    world.end_input("a")
    world.settle()
    assert [sentence for _, sentence in world.order] == [0, 1, -1, 3]


def test_an_announcement_that_is_not_translated_counts_as_no_sentence_of_the_agents() -> None:
    world = World()
    world.open("a", max_lag_seconds=30.0)
    behind(world, "a", 3)
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    for _ in range(10):
        world.start(["translation"])
        world.lose("translation")
    world.end_input("a")
    world.settle()
    untranslated = [e.sentence for e in world.events if (e.event, e.stage) == ("failed", "translation")]
    assert sorted(untranslated, key=str) == [-1, 4, 5]
    assert world.closed[0].counts.untranslated == 2


def test_an_announcement_is_no_sentence_of_the_agents_in_the_counts_whatever_becomes_of_it() -> None:
    text, _ = announcement.of_skipped(2, "en")
    world = World(poison=frozenset({text}))
    world.open("a", max_lag_seconds=30.0)
    behind(world, "a", 3)
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    world.end_input("a")
    world.settle()
    assert [(e.sentence, e.stage) for e in world.events if e.event == "skipped"][-1] == (-1, "tts")
    counts = world.closed[0].counts
    assert (counts.found, counts.played, counts.skipped) == (6, 2, 4)


@pytest.mark.parametrize(
    ("target", "text", "language"),
    [
        ("en-GB", "Skipped 3 messages.", "en-GB"),
        ("de", "3 Nachrichten übersprungen.", "de"),
        ("es-MX", "Se han omitido 3 mensajes.", "es-MX"),
        ("fr", "3 messages ont été sautés.", "fr"),
        ("ja", "メッセージを3件飛ばしました。", "ja"),
        ("zh", "跳过了3条消息。", "zh"),
        ("zh-TW", "跳過了3則訊息。", "zh-TW"),
        ("pt-BR", "Skipped 3 messages.", "en"),
    ],
)
def test_the_announcement_is_in_the_language_heard_or_goes_through_translation(
    target: str, text: str, language: str
) -> None:
    assert announcement.of_skipped(3, target) == (text, language)
    world = World()
    world.open("a", target=target, max_lag_seconds=30.0)
    behind(world, "a", 4)
    world.now += 31.0
    world.do(world.ledger.tick(world.now))
    world.end_input("a")
    world.settle()
    said = [(event.text, event.language) for event in world.events if event.event == "announcement"]
    assert said == [(text, language)]
    spoken_in = [event.language for event in world.events if event.event == "translated" and event.sentence == -1]
    assert spoken_in == [target]


def test_one_skipped_message_is_said_in_the_singular() -> None:
    assert announcement.of_skipped(1, "en") == ("Skipped one message.", "en")
    assert announcement.of_skipped(1, "de") == ("Eine Nachricht übersprungen.", "de")
