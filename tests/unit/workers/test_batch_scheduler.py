"""The scheduler of continuous batching on a simulated device: latency of first chunks, fairness, no lost slots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from voicestream.workers.engines.xtts.batching import scheduler
from voicestream.workers.engines.xtts.batching.scheduler import Action, Limits, Phase, StreamState

if TYPE_CHECKING:
    import random

STEP, ROW = 0.000_5, 0.000_015
PREFILL, WINDOW, MORE_WINDOWS = 0.001_5, 0.001, 0.000_25
TOKEN = 1024 / 22_050
LIMITS: Final = Limits(4, 32, (1, 8, 16, 32, 64, 128, 256, 512), STEP, ROW)
SIZES: Final = (10, 4, 4)


@dataclass
class Spoken:
    """A sentence under way, as the batch keeps it."""

    opened: float
    tokens: int
    state: StreamState
    made: int = 0
    chunk: int = 0
    plays_until: float | None = None
    first: float | None = None
    underruns: int = 0

    def next_chunk(self, number: int) -> None:
        self.chunk = min(SIZES[number] if number < len(SIZES) else 8, self.tokens - self.made)


@dataclass
class Device:
    """Runs what the scheduler wants, with the times of a GPU."""

    slots: int
    limits: Limits = LIMITS
    now: float = 0.0
    open: dict[int, Spoken] = field(default_factory=dict[int, Spoken])
    ended: list[Spoken] = field(default_factory=list[Spoken])
    chunks: dict[int, int] = field(default_factory=dict[int, int])
    numbers: int = 0

    def ask(self, tokens: int, at: float | None = None) -> int:
        opened = self.now if at is None else at
        state = StreamState(scheduler.first_deadline(opened), self.numbers, Phase.WAITING)
        self.open[self.numbers] = Spoken(opened, tokens, state)
        self.numbers += 1
        return self.numbers - 1

    @property
    def held(self) -> int:
        return sum(spoken.state.phase is not Phase.WAITING for spoken in self.open.values())

    def advance(self) -> Action | None:
        states = [spoken.state for spoken in self.open.values()]
        action = scheduler.next_action(states, self.slots - self.held, self.now, self.limits)
        if action is None:
            return None
        assert 0 < len(action.numbers) == len(set(action.numbers))
        chosen = [self.open[number] for number in action.numbers]
        assert all(spoken.state.phase is action.phase for spoken in chosen)
        count = len(chosen)
        if action.phase is Phase.WAITING:
            for spoken in chosen:
                spoken.state = spoken.state._replace(phase=Phase.PREFILL)
            assert self.held <= self.slots
        elif action.phase is Phase.PREFILL:
            assert count <= self.limits.prefill_rows
            self.now += PREFILL
            for number, spoken in zip(action.numbers, chosen, strict=True):
                self.chunks[number] = 0
                spoken.next_chunk(0)
                self._expect(spoken, spoken.chunk - 1)
        elif action.phase is Phase.STEP:
            assert 1 <= action.steps <= min(spoken.state.remaining for spoken in chosen)
            rows = next(rows for rows in self.limits.row_counts if rows >= count)
            self.now += action.steps * (STEP + ROW * rows)
            for spoken in chosen:
                self._expect(spoken, spoken.state.remaining - action.steps)
        else:
            assert count <= self.limits.vocoder_rows
            self.now += WINDOW + MORE_WINDOWS * (count - 1)
            for number, spoken in zip(action.numbers, chosen, strict=True):
                self._deliver(number, spoken)
        return action

    def _expect(self, spoken: Spoken, remaining: int) -> None:
        phase = Phase.STEP if remaining else Phase.VOCODER
        spoken.state = spoken.state._replace(phase=phase, remaining=remaining)

    def _deliver(self, number: int, spoken: Spoken) -> None:
        seconds = spoken.chunk * TOKEN
        is_first = spoken.first is None
        deadline = scheduler.next_deadline(spoken.state.deadline, self.now, seconds, is_first=is_first)
        if is_first:
            spoken.first = self.now - spoken.opened
        elif self.now > spoken.state.deadline:
            spoken.underruns += 1
        spoken.state = spoken.state._replace(deadline=deadline)
        spoken.made += spoken.chunk
        self.chunks[number] += 1
        if spoken.made == spoken.tokens:
            spoken.plays_until = deadline
            self.ended.append(self.open.pop(number))
        else:
            spoken.next_chunk(self.chunks[number])
            self._expect(spoken, spoken.chunk)


def crowd(listeners: int, seconds: float, *, slots: int = 512) -> list[Spoken]:
    """Simulate listeners: each requests a sentence of 3 s when its last one has been played."""
    device = Device(slots)
    due = [2 * number / listeners for number in range(listeners)]
    heard = 0
    while device.now < seconds:
        for at in [one for one in due if one <= device.now]:
            device.ask(65, at)
            due.remove(at)
        if device.advance() is None:
            device.now = min(due)
        for spoken in device.ended[heard:]:
            assert spoken.plays_until is not None
            due.append(max(spoken.plays_until, device.now))
        heard = len(device.ended)
    return [spoken for spoken in device.ended if spoken.opened > 2]


def p95(spoken: list[Spoken]) -> float:
    first = sorted(one.first for one in spoken if one.first is not None)
    return first[len(first) * 95 // 100]


@pytest.mark.parametrize(("listeners", "most"), [(1, 0.011), (96, 0.03)])
def test_a_crowd_is_served_in_real_time(listeners: int, most: float) -> None:
    heard = crowd(listeners, 6.2)
    assert heard
    assert sum(one.underruns for one in heard) == 0
    assert p95(heard) <= most


def test_first_chunks_come_before_deep_ones() -> None:
    """A sentence that joins many deep ones has its first sound almost as if it were alone."""
    device = Device(64)
    for _ in range(40):
        device.ask(300)
    while any(spoken.first is None for spoken in device.open.values()):
        device.advance()
    late = device.ask(65)
    spoken = device.open[late]
    while spoken.first is None:
        device.advance()
    assert spoken.first < 0.025


def test_deep_sentences_do_not_starve() -> None:
    """However many new sentences come, an old one is heard to its end without a gap while there is time for it."""
    device = Device(64)
    old = device.open[device.ask(100)]
    for _ in range(3000):
        if len(device.open) < 12:
            device.ask(10)
        device.advance()
        if old.plays_until is not None:
            break
    assert old.plays_until is not None
    assert old.underruns == 0


@settings(max_examples=25)
@given(
    some.integers(1, 6),
    some.lists(some.tuples(some.integers(1, 40), some.integers(0, 30)), min_size=1, max_size=14),
    some.randoms(use_true_random=False),
)
def test_every_sentence_ends_and_no_slot_is_lost(
    slots: int, asked: list[tuple[int, int]], chance: random.Random
) -> None:
    """Sentences join and are cancelled at any point."""
    device = Device(slots)
    joining = list(asked)
    for _ in range(4000):
        if joining and chance.random() < 0.2:
            device.ask(joining.pop()[0])
        if device.open and chance.random() < 0.02:
            del device.open[chance.choice(list(device.open))]
        assert device.held <= slots
        if device.advance() is None and not joining:
            break
    assert not device.open
    assert not joining
    assert device.held == 0


def test_waiting_sentences_get_slots_in_their_order() -> None:
    device = Device(2)
    for _ in range(5):
        device.ask(4)
    seen: list[int] = []
    while (action := device.advance()) is not None:
        if action.phase is Phase.WAITING:
            seen += action.numbers
    assert seen == [0, 1, 2, 3, 4]
