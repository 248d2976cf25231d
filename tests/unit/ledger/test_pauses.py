"""How much quiet there is around a sentence."""

from __future__ import annotations

import pytest

from helpers.supervisor.simulated_workers import World, options
from voicestream.protocol.messages import Speak
from voicestream.supervisor.ledger.commands import Send
from voicestream.supervisor.ledger.sentences import Row


def row(*, closes: bool = False, opens_late: bool = False, before: int | None = None) -> Row:
    return Row(
        session="s",
        sentence=0,
        message=0,
        text="One.",
        language="en",
        closes=closes,
        opens_late=opens_late,
        before=before,
    )


def test_the_pause_after_a_paragraph_is_longer() -> None:
    wanted = options()
    assert row().pauses(wanted) == (0.0, wanted.sentence_pause_seconds)
    assert row(closes=True).pauses(wanted) == (0.0, wanted.paragraph_pause_seconds)
    assert wanted.sentence_pause_seconds < wanted.paragraph_pause_seconds


def test_what_is_missing_between_paragraphs_comes_before_the_next() -> None:
    wanted = options()
    before, after = row(opens_late=True).pauses(wanted)
    assert before + wanted.sentence_pause_seconds == pytest.approx(wanted.paragraph_pause_seconds)
    assert after == wanted.sentence_pause_seconds


def test_an_announcement_stands_alone() -> None:
    assert row(before=3).pauses(options()) == (0.0, options().paragraph_pause_seconds)


@pytest.mark.parametrize(("paragraph", "sentence"), [(0.1, 0.5), (0.0, 0.0)])
def test_no_pause_is_negative(paragraph: float, sentence: float) -> None:
    wanted = options(sentence_pause_seconds=sentence, paragraph_pause_seconds=paragraph)
    assert row(opens_late=True).pauses(wanted) == (0.0, sentence)


def test_a_voice_that_speaks_faster_pauses_for_less() -> None:
    assert row(opens_late=True).pauses(options(speed=2.0)) == (pytest.approx(0.175), 0.125)


def test_after_words_were_lost_nothing_is_known_of_the_sentence_before() -> None:
    world = World(slots=64)
    world.start()
    world.open("a")
    world.find("a", "one", 0, paragraph=True)
    world.do(world.ledger.input_skipped("a", "lost", world.now))
    world.find("a", "two", 0, paragraph=True)
    assert not world.ledger.state.sessions["a"].rows[1].opens_late


def said(found: list[tuple[int, bool, bool]]) -> list[tuple[float, float]]:
    """The pauses of each sentence: message, opens a paragraph, closes one."""
    world = World(slots=64)
    jobs: list[Speak] = []
    world.start()
    do = world.do

    def listen(commands: object) -> None:
        kept = list(commands)  # type: ignore[call-overload]
        jobs.extend(c.message for c in kept if isinstance(c, Send) and isinstance(c.message, Speak))
        do(kept)

    world.do = listen  # type: ignore[method-assign]
    world.open("a")
    for message, paragraph, closes in found:
        world.find("a", "one", message, paragraph=paragraph, closes=closes)
    world.end_input("a")
    world.settle()
    return [(job.lead_seconds, job.pause_seconds) for job in sorted(jobs, key=lambda job: job.sentence)]


def test_a_paragraph_whose_end_was_not_known_is_set_apart_at_the_beginning_of_the_next() -> None:
    late = 0.6 - 0.25
    assert said(
        [
            (0, True, False),
            (0, False, False),  # its end was not known
            (0, True, False),
            (0, False, True),  # its end was known
            (0, True, False),
            (1, True, True),  # a new message is not kept waiting
        ]
    ) == [(0, 0.25), (0, 0.25), (pytest.approx(late), 0.25), (0, 0.6), (0, 0.25), (0, 0.6)]
