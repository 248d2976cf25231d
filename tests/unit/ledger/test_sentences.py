"""One row of the ledger: its stages, and the slots that its sound is in."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voicestream.protocol.audio_pool import SLOT_FRAMES
from voicestream.supervisor.ledger.sentences import AudioSegment, Row, Stage


def new_row() -> Row:
    return Row(session="s1", sentence=4, message=1, text="Hello.", language="en")


def test_a_row_has_the_id_of_its_sentence() -> None:
    assert new_row().key == ("s1", 4)


# --- stages

FORWARD = [Stage.FOUND, Stage.TRANSLATING, Stage.TRANSLATED, Stage.SPEAKING, Stage.SPOKEN]
BACK = {
    (Stage.TRANSLATING, Stage.FOUND),
    (Stage.SPEAKING, Stage.TRANSLATED),
    (Stage.SPOKEN, Stage.TRANSLATED),  # its sound is given up for a session that is heard before
}
ALLOWED = {*itertools.pairwise(FORWARD), *BACK, (Stage.FOUND, Stage.TRANSLATED), (Stage.TRANSLATED, Stage.SPOKEN)}


@pytest.mark.parametrize("start", list(Stage))
@pytest.mark.parametrize("to", list(Stage))
def test_a_sentence_moves_one_stage_on_or_one_back_when_its_worker_is_lost(start: Stage, to: Stage) -> None:
    row = new_row()
    row.stage = start
    if (start, to) in ALLOWED:
        row.move(to)
        assert row.stage is to
    else:
        with pytest.raises(AssertionError, match=f"{start.name} cannot become {to.name}"):
            row.move(to)
        assert row.stage is start


def test_delivery_ends_the_trials_of_a_stage_and_a_loss_does_not() -> None:
    row = new_row()
    row.move(Stage.TRANSLATING)
    row.attempts = 2
    row.move(Stage.FOUND)
    assert row.attempts == 2
    row.move(Stage.TRANSLATING)
    row.move(Stage.TRANSLATED)
    assert row.attempts == 0
    row.move(Stage.SPEAKING)
    row.attempts = 1
    row.move(Stage.TRANSLATED)
    assert row.attempts == 1
    row.move(Stage.SPEAKING)
    row.move(Stage.SPOKEN)
    assert row.attempts == 0


def test_it_can_be_played_as_soon_as_there_is_a_frame_or_it_is_known_that_there_is_none() -> None:
    row = new_row()
    assert not row.is_playable
    row.leased = [0]
    assert row.commit(0, 0, 1)
    assert row.is_playable
    assert not row.is_complete
    silent = new_row()
    silent.stage = Stage.SPOKEN
    assert silent.is_playable
    assert silent.is_complete


# --- slots


def test_sound_fills_the_leased_slots_one_after_another() -> None:
    row = new_row()
    row.leased = [7, 3]
    assert row.commit(7, 0, 100)
    assert row.commit(7, 100, SLOT_FRAMES - 100)
    assert row.leased == [3]
    assert row.commit(3, 0, 5)
    assert row.segments == [
        AudioSegment(slot=7, start=0, frames=100, at=0),
        AudioSegment(slot=7, start=100, frames=SLOT_FRAMES - 100, at=100),
        AudioSegment(slot=3, start=0, frames=5, at=SLOT_FRAMES),
    ]
    assert row.frames == SLOT_FRAMES + 5
    assert row.segments[-1].end == row.frames
    assert row.held_slots() == {7, 3}


@pytest.mark.parametrize(
    ("slot", "start", "frames"),
    [
        (3, 100, 10),
        (8, 100, 10),
        (7, 0, 10),
        (7, 101, 10),
        (7, 99, 10),
        (7, 100, SLOT_FRAMES - 99),
        (7, 100, -1),
        (7, -100, 10),
    ],
    ids=["not its turn", "not leased", "again", "a gap", "overlap", "too long", "negative", "before"],
)
def test_what_was_not_leased_cannot_be_committed(slot: int, start: int, frames: int) -> None:
    row = new_row()
    row.leased = [7, 3]
    assert row.commit(7, 0, 100)
    before = (list(row.segments), row.frames, list(row.leased), row.used_of_slot)
    assert not row.commit(slot, start, frames)
    assert (row.segments, row.frames, row.leased, row.used_of_slot) == before


def test_without_a_lease_nothing_can_be_committed() -> None:
    assert not new_row().commit(0, 0, 1)


def test_sound_is_progress_and_its_absence_is_not() -> None:
    row = new_row()
    row.leased = [0]
    row.attempts = 2
    assert row.commit(0, 0, 0)
    assert row.attempts == 2
    assert row.commit(0, 0, 1)
    assert row.attempts == 0
    assert len(row.segments) == 1


def test_a_slot_is_free_when_all_of_it_was_played() -> None:
    row = new_row()
    row.leased = [7, 3]
    row.commit(7, 0, 6000)
    row.commit(7, 6000, 6000)
    row.commit(3, 0, 100)
    assert row.play_up_to(11_999) == []
    assert row.play_up_to(12_000) == [7]
    assert row.play_up_to(12_000) == []
    assert row.play_up_to(12_100) == [], "tts may still write to it"
    assert row.drop_lease() == [3]


def test_playing_never_goes_back_nor_beyond_what_there_is() -> None:
    row = new_row()
    row.leased = [7]
    row.commit(7, 0, 100)
    row.play_up_to(50)
    row.play_up_to(20)
    assert row.played_frames == 50
    row.play_up_to(10**9)
    assert row.played_frames == 100
    row.play_up_to(-1)
    assert row.played_frames == 100


def test_a_lost_lease_leaves_what_was_committed() -> None:
    row = new_row()
    row.leased = [7, 3, 5]
    row.commit(7, 0, 100)
    assert row.unused_slots() == [3, 5]
    assert row.drop_lease() == [3, 5]
    assert row.held_slots() == {7}
    row.leased = [9]
    assert not row.commit(7, 100, 10), "the old slot belongs to the attempt before"
    assert row.commit(9, 0, 10)
    assert [segment.at for segment in row.segments] == [0, 100]
    assert row.play_up_to(100) == [7]


class RowMachine(RuleBasedStateMachine):
    """Leases, commits, losses and playing in any order: a slot is free exactly once, and never while it holds sound."""

    def __init__(self) -> None:
        super().__init__()
        self.row = new_row()
        self.next_slot = 0
        self.held: set[int] = set()
        self.committed: list[int] = []
        """The slot of every 1000 frames."""

    @rule(count=st.integers(1, 3))
    def lease(self, count: int) -> None:
        slots = list(range(self.next_slot, self.next_slot + count))
        self.next_slot += count
        self.row.leased.extend(slots)
        self.held.update(slots)

    @precondition(lambda self: self.row.leased)
    @rule(thousands=st.integers(0, 12))
    def commit(self, thousands: int) -> None:
        slot, start = self.row.leased[0], self.row.used_of_slot
        thousands = min(thousands, (SLOT_FRAMES - start) // 1000)
        assert self.row.commit(slot, start, thousands * 1000)
        self.committed += [slot] * thousands

    @rule()
    def lose(self) -> None:
        self.free(self.row.drop_lease())

    @rule(back=st.integers(-2000, 20_000))
    def play(self, back: int) -> None:
        self.free(self.row.play_up_to(len(self.committed) * 1000 - back))

    def free(self, slots: list[int]) -> None:
        unplayed = set(self.committed[self.row.played_frames // 1000 :])
        for slot in slots:
            assert slot in self.held, "free a second time"
            assert slot not in unplayed, "there is sound in it that was not played"
            assert slot not in self.row.leased
            self.held.remove(slot)

    @invariant()
    def every_slot_is_somewhere(self) -> None:
        assert self.row.held_slots() == self.held
        assert self.row.frames == len(self.committed) * 1000
        ends = [0, *(segment.end for segment in self.row.segments)]
        if self.row.segments:
            starts = [segment.at for segment in self.row.segments]
            assert starts[0] <= self.row.played_frames
            assert starts[1:] == ends[1:-1]

    def teardown(self) -> None:
        self.free(self.row.drop_lease())
        self.free(self.row.play_up_to(self.row.frames))
        assert self.held == set(), "slots were lost"


RowMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestRow = RowMachine.TestCase
