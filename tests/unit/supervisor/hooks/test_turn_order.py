"""Hook events in any order, lost and doubled: each text once, in order."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from voicestream.supervisor.hooks.events import HookEvent
from voicestream.supervisor.hooks.turn_order import (
    PATIENCE_SECONDS,
    NewPrompt,
    Output,
    Progress,
    Text,
    TurnEnd,
    TurnOrder,
)


def piece(message: str, index: int, text: str, *, final: bool = False, turn: str = "t1") -> HookEvent:
    return HookEvent(
        hook_event_name="MessageDisplay",
        session_id="s",
        prompt_id=turn,
        message_id=message,
        index=index,
        final=final,
        delta=text,
    )


def stop(text: str, turn: str = "t1") -> HookEvent:
    return HookEvent(hook_event_name="Stop", session_id="s", prompt_id=turn, last_assistant_message=text)


def prompt(turn: str) -> HookEvent:
    return HookEvent(hook_event_name="UserPromptSubmit", session_id="s", prompt_id=turn)


@dataclass
class Listener:
    """An order, and what it has let through."""

    order: TurnOrder = field(default_factory=TurnOrder)
    outputs: list[Output] = field(default_factory=list[Output])
    now: float = 100.0

    def take(self, event: HookEvent) -> None:
        match event.hook_event_name:
            case "MessageDisplay" | "MessageStream":
                self.outputs += self.order.piece(event, self.now)
            case "Stop":
                self.outputs += self.order.stop(event, self.now)
            case _:
                self.outputs += self.order.prompt(event)

    def wait(self) -> None:
        """Time passes until nothing is waited for."""
        for _ in range(1000):
            if self.order.due is None:
                return
            self.now = self.order.due
            self.outputs += self.order.expire(self.now)
        raise AssertionError("it waits for ever")

    def restart(self) -> None:
        """Another supervisor continues from the journal."""
        written = msgspec.json.encode(self.order.progress)
        self.order = TurnOrder(msgspec.json.decode(written, type=Progress))

    @property
    def said(self) -> str:
        return " ".join(" ".join(one.text for one in self.outputs if isinstance(one, Text)).split())


@st.composite
def turns(draw: st.DrawFn) -> list[list[str]]:
    """Messages of a turn, each a list of pieces; every word stands once."""
    words = (f"w{number}" for number in itertools.count())
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    ends = st.sampled_from(["\n\n", "\n", " "])
    return [[f"{next(words)} {next(words)}{draw(ends)}" for _ in range(size)] for size in sizes]


def events_of(message: int, pieces: list[str], turn: str = "t1") -> list[HookEvent]:
    return [
        piece(f"m{turn}{message}", index, text, final=index == len(pieces) - 1, turn=turn)
        for index, text in enumerate(pieces)
    ]


def whole(pieces: list[str]) -> str:
    return "".join(pieces).strip()


def words(messages: list[list[str]]) -> list[str]:
    return " ".join(text for message in messages for text in message).split()


@given(messages=turns(), seed=st.randoms(use_true_random=False), copies=st.integers(1, 3))
def test_events_of_a_message_in_every_order_and_doubled_are_said_once_and_in_order(
    messages: list[list[str]], seed: random.Random, copies: int
) -> None:
    listener = Listener()
    for number, pieces in enumerate(messages):
        events = events_of(number, pieces)
        if number == len(messages) - 1:
            events.append(stop(whole(pieces)))
        events *= copies
        seed.shuffle(events)
        for event in events:
            listener.take(event)
    listener.wait()
    assert listener.said.split() == words(messages)
    assert listener.outputs.count(TurnEnd()) == copies or listener.outputs[-1] == TurnEnd()


@given(messages=turns(), seed=st.randoms(use_true_random=False), copies=st.integers(1, 2))
def test_the_events_of_a_turn_in_every_order_are_each_said_once_and_a_message_is_in_order(
    messages: list[list[str]], seed: random.Random, copies: int
) -> None:
    events = [event for number, pieces in enumerate(messages) for event in events_of(number, pieces)]
    events = [*events, stop(whole(messages[-1]))] * copies
    seed.shuffle(events)
    listener = Listener()
    for event in events:
        listener.take(event)
    listener.wait()
    said = listener.said.split()
    assert sorted(said) == sorted(words(messages))
    for message in messages:
        its = [word for word in said if word in words([message])]
        assert its == words([message])


@given(pieces=turns(), seed=st.randoms(use_true_random=False), lost=st.sets(st.integers(0, 15)))
def test_stop_completes_what_was_lost_and_repeats_nothing(
    pieces: list[list[str]], seed: random.Random, lost: set[int]
) -> None:
    message = [text for one in pieces for text in one]
    events = [event for index, event in enumerate(events_of(0, message)) if index not in lost]
    events.append(stop(whole(message)))
    seed.shuffle(events)
    listener = Listener()
    for event in events:
        listener.take(event)
    listener.wait()
    assert listener.said.split() == words([message])


@given(messages=turns(), seed=st.randoms(use_true_random=False), lost=st.sets(st.integers(0, 15)))
def test_whatever_is_lost_nothing_is_said_twice_or_out_of_order(
    messages: list[list[str]], seed: random.Random, lost: set[int]
) -> None:
    listener = Listener()
    number = itertools.count()
    for ordinal, pieces in enumerate(messages):
        events = [event for event in events_of(ordinal, pieces) if next(number) not in lost]
        seed.shuffle(events)
        for event in [*events, *([stop(whole(pieces))] if ordinal == len(messages) - 1 else [])]:
            listener.take(event)
        if seed.random() < 0.5:
            listener.wait()
    listener.wait()
    said = listener.said.split()
    everything = words(messages)
    assert said == [word for word in everything if word in said]
    assert len(said) == len(set(said))


@given(
    messages=turns(),
    seed=st.randoms(use_true_random=False),
    restarts=st.sets(st.integers(0, 30)),
    copies=st.integers(1, 2),
)
@example(messages=[["w0 w1\n\n"]], seed=random.Random(0), restarts={0}, copies=2)
@example(
    messages=[["w0 w1\n\n", "w2 w3\n\n"], ["w4 w5\n\n"], ["w6 w7\n\n", "w8 w9\n\n"]],
    seed=random.Random(3),
    restarts={0, 3},
    copies=1,
)
def test_a_restart_at_any_event_doubles_nothing(
    messages: list[list[str]], seed: random.Random, restarts: set[int], copies: int
) -> None:
    listener = Listener()
    number = itertools.count()
    for ordinal, pieces in enumerate(messages):
        events = events_of(ordinal, pieces) * copies
        seed.shuffle(events)
        for event in events:
            listener.take(event)
            if next(number) in restarts:
                listener.restart()
    for _ in range(copies):
        listener.take(stop(whole(messages[-1])))
    listener.wait()
    said = listener.said.split()
    assert len(said) == len(set(said))
    assert said == [word for word in words(messages) if word in said]
    last = words(messages[-1:])
    assert said[-len(last) :] == last, "Stop completes the last message"


@given(turns=st.lists(turns(), min_size=2, max_size=3), seed=st.randoms(use_true_random=False))
def test_late_events_of_an_earlier_turn_are_dropped(turns: list[list[list[str]]], seed: random.Random) -> None:
    listener = Listener()
    late: list[HookEvent] = []
    for number, messages in enumerate(turns):
        turn = f"t{number}"
        listener.take(prompt(turn))
        listener.outputs.clear()
        own = [event for ordinal, one in enumerate(messages) for event in events_of(ordinal, one, turn)]
        own.append(stop(whole(messages[-1]), turn))
        for event in own:
            listener.take(event)
            if late and seed.random() < 0.5:
                listener.take(seed.choice(late))
        assert listener.said.split() == words(messages)
        late += [*own, prompt(turn)]


def test_a_prompt_hushes_once_and_ends_the_turn_before() -> None:
    listener = Listener()
    listener.take(prompt("t1"))
    listener.take(piece("m", 0, "Half a"))
    listener.take(piece("m", 2, "and the end."))
    listener.take(prompt("t2"))
    listener.take(prompt("t2"))
    assert listener.outputs == [
        NewPrompt(),
        Text("m", "Half a", final=False),
        Text("m", "and the end.", final=False),
        TurnEnd(),
        NewPrompt(),
    ]


def test_a_missing_piece_is_waited_for_and_then_given_up() -> None:
    listener = Listener()
    listener.take(piece("m", 0, "One. "))
    listener.take(piece("m", 2, "Three."))
    assert listener.said == "One."
    listener.now += PATIENCE_SECONDS - 0.01
    assert listener.order.expire(listener.now) == []
    listener.wait()
    assert listener.said == "One. Three."
    listener.take(piece("m", 1, "Two. "))
    assert listener.said == "One. Three."


def test_the_same_words_in_another_turn_are_said_again() -> None:
    listener = Listener()
    for turn in ("t1", "t2"):
        listener.take(prompt(turn))
        listener.take(stop("Done.", turn))
        listener.take(piece(f"m{turn}", 0, "Done.", final=True, turn=turn))
    assert listener.said == "Done. Done."


def test_an_event_without_the_id_of_its_turn_belongs_to_the_present_one() -> None:
    listener = Listener()
    listener.take(piece("m", 0, "Done. ", final=True))
    listener.take(stop("Done.", turn=""))
    assert listener.said == "Done."
    assert listener.outputs[-1] == TurnEnd()
