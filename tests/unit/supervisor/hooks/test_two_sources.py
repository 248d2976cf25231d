"""One text from two sources, displayed and streamed, in any order and with losses: spoken once."""

from __future__ import annotations

import itertools
import random  # noqa: TC003 - Hypothesis reads the annotations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.supervisor.hooks.test_turn_order import Listener, piece, prompt, stop
from voicestream.supervisor.hooks.events import HookEvent
from voicestream.supervisor.hooks.turn_order import Text, TurnEnd

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKDOWN = "## Title\n\n- **one** `x`\n  - two\n\n```py\nx = 1\n```\n\nIt *ends*. Here."


def stream_of(step: int, text: str, cuts: Iterable[int], turn: str = "mod-1") -> list[HookEvent]:
    """Return the events of one message as it is streamed, cut behind the words at positions in its text."""
    ends = [at for at in range(1, len(text)) if text[at - 1].isspace() and not text[at].isspace()]
    edges = sorted({0, len(text), *(ends[cut % len(ends)] for cut in cuts if ends)})
    parts = [text[start:end] for start, end in itertools.pairwise(edges)]
    return [
        HookEvent(
            hook_event_name="MessageStream",
            session_id="s",
            message_id=f"{turn}/{step}",
            index=index,
            delta=part,
            final=index == len(parts) - 1,
            last_assistant_message=text if index == len(parts) - 1 else None,
        )
        for index, part in enumerate(parts)
    ]


def display_of(step: int, text: str) -> list[HookEvent]:
    """Return the events of one message as it is displayed, paragraph by paragraph."""
    parts = [f"{part}\n\n" for part in text.split("\n\n")]
    return [piece(f"d{step}", index, part, final=index == len(parts) - 1) for index, part in enumerate(parts)]


def merged(seed: random.Random, *series: list[HookEvent]) -> list[HookEvent]:
    """Interleave series; each keeps its order."""
    left = [list(one) for one in series if one]
    found: list[HookEvent] = []
    while left:
        one = seed.choice(left)
        found.append(one.pop(0))
        left = [one for one in left if one]
    return found


def plain(text: str) -> str:
    return " ".join(text.split())


def said(listener: Listener) -> str:
    return plain(
        "".join(f"{one.text}\n\n" if one.final else one.text for one in listener.outputs if isinstance(one, Text))
    )


paragraphs = st.lists(st.sampled_from(["Done.", "I look.", "It is **here**. Look.", MARKDOWN]), min_size=1, max_size=3)
answers = st.lists(paragraphs.map("\n\n".join), min_size=1, max_size=3)
cut_positions = st.lists(st.integers(0, 200), max_size=6)


@given(texts=answers, cuts=cut_positions, seed=st.randoms(use_true_random=False))
def test_both_sources_in_any_interleaving_are_spoken_once(
    texts: list[str], cuts: list[int], seed: random.Random
) -> None:
    streams = [event for step, text in enumerate(texts) for event in stream_of(step, text, cuts)]
    displays = [event for step, text in enumerate(texts) for event in display_of(step, text)]
    listener = Listener()
    for event in [prompt("t1"), *merged(seed, streams, displays), stop(texts[-1])]:
        listener.take(event)
    assert said(listener) == plain(" ".join(texts))


@given(texts=answers, cuts=cut_positions, chosen=st.sets(st.sampled_from(["streamed", "stopped"])))
def test_either_source_alone_is_spoken_once(texts: list[str], cuts: list[int], chosen: set[str]) -> None:
    listener = Listener()
    for step, text in enumerate(texts):
        for event in stream_of(step, text, cuts) if "streamed" in chosen else display_of(step, text):
            listener.take(event)
    if "stopped" in chosen:
        listener.take(stop(texts[-1]))
    assert said(listener) == plain(" ".join(texts))


def distinct(sizes: list[int]) -> list[str]:
    """Return messages of so many paragraphs, without a word that stands twice."""
    numbers = itertools.count()
    return ["\n\n".join(f"w{next(numbers)} w{next(numbers)}. w{next(numbers)}" for _ in range(size)) for size in sizes]


sizes = st.lists(st.integers(1, 3), min_size=1, max_size=3)


@given(sizes=sizes, cuts=cut_positions, seed=st.randoms(use_true_random=False), lost=st.sets(st.integers(0, 30)))
def test_what_one_source_loses_the_other_one_completes(
    sizes: list[int], cuts: list[int], seed: random.Random, lost: set[int]
) -> None:
    texts = distinct(sizes)
    streams = [event for step, text in enumerate(texts) for event in stream_of(step, text, cuts)]
    displays = [event for step, text in enumerate(texts) for event in display_of(step, text)]
    if seed.random() < 0.5:
        streams = [event for number, event in enumerate(streams) if number not in lost]
    else:
        displays = [event for number, event in enumerate(displays) if number not in lost]
    listener = Listener()
    for event in merged(seed, streams, displays):
        listener.take(event)
    listener.wait()
    spoken = said(listener).split()
    assert sorted(spoken) == sorted(plain(" ".join(texts)).split())
    for text in texts:  # a message that one source has lost may come behind the next one
        assert [word for word in spoken if word in text.split()] == text.split()


@given(
    sizes=sizes,
    cuts=cut_positions,
    seed=st.randoms(use_true_random=False),
    lost=st.sets(st.integers(0, 30)),
    restarts=st.sets(st.integers(0, 30)),
)
def test_whatever_is_lost_reordered_or_restarted_nothing_is_spoken_twice(
    sizes: list[int], cuts: list[int], seed: random.Random, lost: set[int], restarts: set[int]
) -> None:
    texts = distinct(sizes)
    listener = Listener()
    number = itertools.count()
    for step, text in enumerate(texts):
        events = [*stream_of(step, text, cuts), *display_of(step, text)] * 2
        seed.shuffle(events)
        for event in events:
            if (at := next(number)) in restarts:
                listener.restart()
            if at not in lost:
                listener.take(event)
            if seed.random() < 0.1:
                listener.wait()
    listener.take(stop(texts[-1]))
    listener.wait()
    spoken = said(listener).split()
    assert len(spoken) == len(set(spoken))


@pytest.mark.parametrize("is_final_lost", [False, True])
def test_a_paragraph_is_spoken_sentence_by_sentence_before_it_is_displayed(*, is_final_lost: bool) -> None:
    text = "One sentence. Another one.\n\nThe end."
    first, second, third = stream_of(0, text, [1, 3])
    listener = Listener()
    listener.take(first)
    assert listener.said == "One sentence."
    listener.take(display_of(0, text)[0])
    assert listener.said == "One sentence. Another one."
    listener.take(second)
    assert listener.said == "One sentence. Another one."
    if not is_final_lost:
        listener.take(third)
    listener.take(stop(text))
    assert listener.said == plain(text)


def test_the_last_block_that_stop_gives_is_not_repeated() -> None:
    listener = Listener()
    for event in (*display_of(0, "One.\n\nTwo."), stop("Two.")):
        listener.take(event)
    assert listener.said == "One. Two."


def test_late_pieces_of_an_earlier_turn_are_dropped() -> None:
    listener = Listener()
    listener.take(prompt("t1"))
    events = stream_of(0, "Old text.", [4])
    listener.take(events[0])
    listener.take(prompt("t2"))
    listener.take(events[1])
    listener.take(stream_of(0, "New.", [], turn="mod-2")[0])
    assert listener.said == "Old New."


def test_a_turn_that_begins_with_its_stream_takes_the_id_of_the_first_hook() -> None:
    listener = Listener()
    text = "One. Two."
    for event in (*stream_of(0, text, [5]), *display_of(0, text), stop(text)):
        listener.take(event)
    assert listener.said == text


def take_all(events: Iterable[HookEvent]) -> Listener:
    listener = Listener()
    for event in (prompt("t1"), *events):
        listener.take(event)
    return listener


def test_a_displayed_text_that_goes_on_otherwise_belongs_to_another_message() -> None:
    events = [*stream_of(0, "Look.\n\nFirst.", []), *display_of(1, "Look.\n\nThird.")]
    assert take_all(events).said == "Look. First. Look. Third."


def test_a_displayed_text_that_ends_earlier_belongs_to_another_message() -> None:
    streams = stream_of(0, "One.\n\nTwo.\n\nThree.", [])
    assert take_all([*streams, *display_of(1, "One.\n\nTwo.")]).said == "One. Two. Three. One. Two."


def test_the_last_piece_completes_a_stream_without_waiting() -> None:
    first, _, last = stream_of(0, "One. Two. Three.", [0, 1])
    listener = take_all([first, last])
    assert listener.said == "One. Two. Three."
    assert listener.order.due is None


def test_a_last_block_that_stop_repeats_ends_the_turn_at_once() -> None:
    events = display_of(0, "One.\n\nTwo.\n\nThree.")[:2]
    listener = take_all([*events, stop("Two.")])
    assert listener.said == "One. Two."
    assert listener.outputs[-1] == TurnEnd()
