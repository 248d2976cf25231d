"""When the playing of a sentence may start, so that there is no gap inside it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicestream.supervisor.ledger.chunk_timeline import BURST_SECONDS, ChunkTimeline
from voicestream.supervisor.ledger.playout_start import MARGIN, PlayoutStart

TICK = 0.1
"""How often the supervisor looks at the clock when nothing comes."""
EXPECTED = 4.0
"""Seconds that the texts here are expected to take."""


@dataclass
class Voice:
    """Makes sound in chunks of these lengths, the last again and again, so many seconds of it in a second."""

    speed: float
    chunks: tuple[float, ...] = (0.25,)
    latency: float = 0.2
    """Before it begins with the first chunk."""

    def schedule(self, length: float) -> list[tuple[float, float]]:
        """When each chunk comes, and the seconds of sound there are after it."""
        at, there = self.latency, 0.0
        out: list[tuple[float, float]] = []
        sizes = itertools.chain(self.chunks, itertools.repeat(self.chunks[-1]))
        while there < length - 1e-9:
            chunk = min(next(sizes), length - there)
            at += chunk / self.speed
            there += chunk
            out.append((at, there))
        return out


def start_of(
    playout_start: PlayoutStart, voice: Voice, length: float, expected: float = EXPECTED, lead: float = 0.0
) -> float:
    """When a sentence starts to be played: the moment it is allowed, or complete. The playout_start learns from it."""
    timeline = ChunkTimeline(began=0.0, lead=lead)
    start: float | None = None
    coming = voice.schedule(length)
    end = coming[-1][0]
    ticks = [(TICK * i, None) for i in range(int(end / TICK) + 1)]
    before = 0.0
    for now, there in sorted([*coming, *ticks], key=lambda event: event[0]):
        if there is not None:
            timeline.note(there - before + (lead if not before else 0.0), now)
            before = there
        if start is None and playout_start.may_start(timeline, expected, now):
            start = now
    playout_start.learn(timeline, sound_seconds=length, expected_seconds=expected)
    return end if start is None else start


def needed(voice: Voice, length: float) -> float:
    """The earliest start without a gap, for one who knows everything."""
    coming = voice.schedule(length)
    first = coming[0][0]
    return max([first, *(at - before for (_, before), (at, _) in itertools.pairwise(coming))])


def gap(voice: Voice, length: float, start: float, lead: float = 0.0) -> float:
    """How long, at most, what is played waits for what is made."""
    coming = voice.schedule(length)
    late = [at - (start + lead + before) for (_, before), (at, _) in itertools.pairwise(coming)]
    return max([0.0, *late])


def test_nothing_is_heard_of_a_sentence_of_which_nothing_is_there() -> None:
    assert not PlayoutStart().may_start(ChunkTimeline(began=0.0), EXPECTED, 100.0)
    assert not PlayoutStart(speed=5.0).may_start(ChunkTimeline(began=0.0), EXPECTED, 100.0)


@pytest.mark.parametrize("speed", [2.0, 10.0, 1000.0])
def test_an_unknown_voice_that_is_seen_to_be_quick_is_heard_from_its_first_chunk(speed: float) -> None:
    voice = Voice(speed, chunks=(1.0,), latency=0.02)
    assert start_of(PlayoutStart(), voice, 4.0) == voice.schedule(4.0)[0][0]


@pytest.mark.parametrize("speed", [MARGIN + 0.05, 2.0, 50.0])
def test_a_known_voice_that_is_fast_enough_is_heard_from_its_first_chunk_however_long_that_took(speed: float) -> None:
    playout_start = PlayoutStart()
    voice = Voice(speed, latency=3.0)
    start_of(playout_start, voice, 4.0)
    assert start_of(playout_start, voice, 4.0) == voice.schedule(4.0)[0][0]


@pytest.mark.parametrize("speed", [0.3, 0.5, 0.7, 0.9, 1.0, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("chunks", [(0.1,), (0.25,), (0.3, 1.0), (0.3, 0.6, 1.2), (1.0,), (0.5, 0.1)])
def test_no_sentence_has_a_gap_and_the_first_is_none_the_worse(speed: float, chunks: tuple[float, ...]) -> None:
    voice = Voice(speed, chunks)
    playout_start = PlayoutStart()
    for length in (4.0, 2.5, 6.0, 4.4):
        start = start_of(playout_start, voice, length, expected=length)
        assert gap(voice, length, start) <= 1e-9


@pytest.mark.parametrize("speed", [0.5, 0.9, 1.1, 2.0])
@pytest.mark.parametrize("chunks", [(0.25,), (0.3, 1.0)])
def test_a_sentence_of_a_known_voice_is_not_heard_much_later_than_it_must(
    speed: float, chunks: tuple[float, ...]
) -> None:
    voice = Voice(speed, chunks)
    playout_start = PlayoutStart()
    for _ in range(3):
        start_of(playout_start, voice, 4.0)
    # A voice is taken to be slower than it seems, a sentence to be longer; and time passes in ticks.
    slower = Voice(speed / MARGIN, chunks)
    assert start_of(playout_start, voice, 4.0) <= needed(slower, 4.0 * 1.15) + 2 * TICK


@pytest.mark.parametrize("speed", [0.5, 0.9, 1.1, 2.0])
def test_the_first_sentence_of_an_unknown_voice_need_not_be_made_whole(speed: float) -> None:
    voice = Voice(speed)
    assert start_of(PlayoutStart(), voice, 6.0, expected=6.0) < 0.85 * voice.schedule(6.0)[-1][0]


def test_the_time_to_the_first_chunk_does_not_count_as_slowness() -> None:
    quick = Voice(1.5, latency=5.0)
    assert start_of(PlayoutStart(), quick, 6.0, expected=6.0) <= quick.schedule(6.0)[1][0] + 1.0


def test_quiet_before_a_sentence_gives_it_time_and_says_nothing_about_the_voice() -> None:
    voice = Voice(0.9)
    known, same = PlayoutStart(), PlayoutStart()
    start_of(known, voice, 4.0)
    start_of(same, voice, 4.0, lead=0.35)
    assert same.speed == pytest.approx(known.speed)
    assert same.length_ratio == pytest.approx(known.length_ratio)
    late = start_of(known, voice, 4.0)
    early = start_of(same, voice, 4.0, lead=0.35)
    assert late - 0.35 - TICK <= early < late
    assert gap(voice, 4.0, early, lead=0.35) == 0


def test_the_pause_after_a_sentence_takes_no_time_to_be_made() -> None:
    timeline = ChunkTimeline(began=0.0)
    for i in range(4):
        timeline.note(0.5, i * 1.0)
    timeline.note(0.6, 3.001)
    playout_start = PlayoutStart()
    playout_start.learn(timeline, sound_seconds=2.0, expected_seconds=2.0)
    assert playout_start.speed == pytest.approx(0.5)


def test_what_is_written_slot_by_slot_came_at_once() -> None:
    timeline = ChunkTimeline(began=0.0)
    for now in (1.0, 1.001, 1.002, 3.0, 3.001, 3.002):
        timeline.note(0.5, now)
    assert timeline.speed() == (pytest.approx(0.75), pytest.approx(2.0))
    assert len(timeline.bursts) == 2


def test_time_without_a_slot_is_not_the_voices_and_then_playing_must_start() -> None:
    timeline = ChunkTimeline(began=0.0)
    timeline.note(0.5, 1.0)
    timeline.note(0.5, 2.0)
    timeline.is_starved = True
    assert PlayoutStart().may_start(timeline, 100.0, 2.0)
    timeline.is_starved = False
    timeline.starved = 50.0
    timeline.note(0.5, 53.0)
    assert timeline.speed() == (pytest.approx(0.5), pytest.approx(2.0))
    assert timeline.waited(53.5) == pytest.approx(0.5)


def test_a_sentence_that_is_made_again_counts_what_is_there() -> None:
    timeline = ChunkTimeline(began=10.0, ready=2.0, lead=0.35)
    assert timeline.there == 0
    timeline.note(0.5, 11.0)
    assert timeline.there == pytest.approx(2.15)


def test_a_voice_that_gets_slower_is_given_more_time_from_sentence_to_sentence() -> None:
    playout_start = PlayoutStart()
    for _ in range(3):
        start_of(playout_start, Voice(1.3), 4.0)
    slow = Voice(0.9)
    gaps = [gap(slow, 4.0, start_of(playout_start, slow, 4.0)) for _ in range(4)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0
    assert gaps[-1] == 0


def test_a_voice_that_is_slower_than_ever_is_noticed_before_the_sentence_starts() -> None:
    playout_start = PlayoutStart()
    start_of(playout_start, Voice(0.8), 6.0)
    slow = Voice(0.5)
    assert gap(slow, 6.0, start_of(playout_start, slow, 6.0)) < 1.6


def test_a_sentence_that_is_late_at_its_beginning_is_waited_for_though_its_voice_never_was() -> None:
    playout_start = PlayoutStart()
    for _ in range(3):
        start_of(playout_start, Voice(0.9), 4.0)
    timeline = ChunkTimeline(began=0.0)
    times = [0.5, *(2.5 + 0.25 / 0.9 * i for i in range(15))]
    start: float | None = None
    for tick in range(100):
        now = tick / 10
        while times and times[0] <= now:
            there = 0.25 * (16 - len(times))
            assert start is None or times[0] <= start + there, "it ran dry"
            timeline.note(0.25, times.pop(0))
        if start is None and playout_start.may_start(timeline, EXPECTED, now):
            start = now
    assert start is not None
    assert start < 6.0


def test_one_late_chunk_is_remembered_for_some_sentences() -> None:
    def stalled(playout_start: PlayoutStart, *, stall: float) -> float:
        timeline = ChunkTimeline(began=0.0)
        start = None
        for i in range(16):
            now = 0.2 + 0.125 * i + (stall if i > 3 else 0.0)
            timeline.note(0.25, now)
            if start is None and playout_start.may_start(timeline, EXPECTED, now):
                start = now
        playout_start.learn(timeline, sound_seconds=4.0, expected_seconds=EXPECTED)
        assert start is not None
        return start

    playout_start = PlayoutStart()
    smooth = stalled(playout_start, stall=0.0)
    stalled(playout_start, stall=2.0)
    assert stalled(playout_start, stall=0.0) > smooth + 0.2
    assert stalled(playout_start, stall=0.0) > smooth + 0.1


@pytest.mark.parametrize("speed", [1.2, 1.3, 1.5, 2.0])
def test_the_second_chunk_of_an_unknown_voice_may_be_long(speed: float) -> None:
    voice = Voice(speed, chunks=(0.3, 1.0), latency=0.0)
    start = start_of(PlayoutStart(), voice, 4.0)
    assert gap(voice, 4.0, start) <= 1e-9
    assert start > voice.schedule(4.0)[0][0]


def test_an_unknown_voice_that_is_quick_is_not_waited_for_until_its_second_chunk() -> None:
    voice = Voice(2.0, chunks=(0.3, 1.0), latency=0.0)
    assert start_of(PlayoutStart(), voice, 4.0) < voice.schedule(4.0)[1][0] - TICK


def test_a_voice_that_takes_long_for_its_texts_is_given_more_time() -> None:
    voice = Voice(0.7)
    playout_start = PlayoutStart()
    start_of(playout_start, voice, 6.0, expected=3.5)
    assert gap(voice, 6.0, start_of(playout_start, voice, 6.0, expected=3.5)) == 0
    assert gap(voice, 9.0, start_of(playout_start, voice, 9.0, expected=5.25)) == 0


def test_the_newest_sentences_count_most_and_one_odd_one_does_not_decide() -> None:
    playout_start = PlayoutStart()
    start_of(playout_start, Voice(2.0), 4.0)
    start_of(playout_start, Voice(0.5), 4.0)
    assert playout_start.speed == pytest.approx(0.7 * 2.0 + 0.3 * 0.5)
    for _ in range(10):
        start_of(playout_start, Voice(0.5), 4.0)
    assert playout_start.speed == pytest.approx(0.5, rel=0.1)


def test_a_sentence_that_came_at_once_says_nothing_about_a_slow_voice() -> None:
    playout_start = PlayoutStart()
    start_of(playout_start, Voice(0.5, chunks=(10.0,)), 1.0)
    assert playout_start.speed is None
    start_of(playout_start, Voice(20.0, chunks=(10.0,)), 1.0)
    assert playout_start.speed is not None


@pytest.mark.parametrize(("sound", "expected"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0)])
def test_a_sentence_without_sound_or_text_teaches_nothing(sound: float, expected: float) -> None:
    playout_start = PlayoutStart()
    timeline = ChunkTimeline(began=0.0)
    timeline.note(1.0, 1.0)
    playout_start.learn(timeline, sound_seconds=sound, expected_seconds=expected)
    playout_start.learn(ChunkTimeline(began=0.0), sound_seconds=1.0, expected_seconds=1.0)
    assert playout_start == PlayoutStart()


VOICES = st.builds(
    Voice,
    speed=st.floats(0.2, 5.0),
    chunks=st.lists(st.floats(0.08, 1.0), min_size=1, max_size=4).map(tuple),
    latency=st.floats(0.0, 3.0),
)


@settings(max_examples=80)
@given(voice=VOICES, lengths=st.lists(st.floats(0.3, 12.0), min_size=2, max_size=5), wrong=st.floats(0.92, 1.05))
@example(voice=Voice(1.1, (0.3, 1.0)), lengths=[4.0, 4.0], wrong=1.0)
def test_a_voice_of_steady_speed_never_runs_dry_once_it_has_made_a_sentence_as_long(
    voice: Voice, lengths: list[float], wrong: float
) -> None:
    playout_start = PlayoutStart()
    for i, length in enumerate(sorted(lengths, reverse=True)):
        start = start_of(playout_start, voice, length, expected=length)
        assert i == 0 or gap(voice, length, start) <= 1e-9
    last = min(lengths) * wrong
    assert gap(voice, last, start_of(playout_start, voice, last, expected=min(lengths))) <= BURST_SECONDS


@settings(max_examples=80)
@given(voice=VOICES, lengths=st.lists(st.floats(0.3, 12.0), min_size=1, max_size=3))
def test_playing_starts_at_the_end_at_the_latest(voice: Voice, lengths: list[float]) -> None:
    playout_start = PlayoutStart()
    for length in lengths:
        coming = voice.schedule(length)
        start = start_of(playout_start, voice, length, expected=length)
        assert coming[0][0] <= start <= coming[-1][0]
