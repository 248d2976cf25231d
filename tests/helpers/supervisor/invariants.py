"""What is true of a ledger at every moment, whatever it was told: for tests to assert after each step."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from voicestream.protocol.audio_pool import SLOT_FRAMES
from voicestream.supervisor.ledger.playing import PLAY_AHEAD
from voicestream.supervisor.ledger.sentences import Outcome, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.supervisor.ledger.ledger import Ledger
    from voicestream.supervisor.ledger.sentences import Row
    from voicestream.supervisor.ledger.state import SessionState


def invariants(ledger: Ledger) -> None:
    """Assert that the ledger is consistent.

    Raises:
        AssertionError: they do not; the message says where.
    """
    _slots_are_held_once(ledger)
    for session in ledger.state.sessions.values():
        _counts_add_up(session)
        _rows_wait_where_they_belong(ledger, session)
        for row in session.rows.values():
            _row_is_consistent(ledger, row)
    _player_has_what_comes_next(ledger)


def batches_are_within_their_sizes(ledger: Ledger) -> None:
    """Assert that no worker has more sentences than it takes, if none has reported a smaller size in their midst.

    Raises:
        AssertionError: one has.
    """
    for job in ledger.speaking.jobs:
        count = len(ledger.speaking.jobs.of(job.worker))
        assert count <= ledger.state.batch_sizes[job.worker], f"{job.worker} has {count} sentences"


def _slots_are_held_once(ledger: Ledger) -> None:
    slots = ledger.state.slots
    held = collections.Counter(slots._free)
    for pending in ledger.state._pending_release.values():
        assert pending.waiting_for, "slots wait for nobody"
        held.update(pending.slots)
    for row in _rows(ledger):
        held.update(row.held_slots())
    doubled = [slot for slot, count in held.items() if count > 1]
    assert not doubled, f"slots held twice: {doubled}"
    assert held.keys() == set(range(slots.total)), f"slots lost: {set(range(slots.total)) - held.keys()}"


def _counts_add_up(session: SessionState) -> None:
    where = f"session {session.session}"
    counted = [row.sentence for row in session.rows.values() if not row.is_announcement]
    assert session.outcomes.total() + len(counted) == session.found_count, f"{where}: a row is lost"
    assert all(row.outcome is None for row in session.rows.values()), f"{where}: a row has ended and is still there"
    assert min(session.outcomes.values(), default=0) >= 0
    assert set(session.outcomes) <= set(Outcome)
    assert counted == sorted(counted), f"{where}: rows are out of order"
    assert all(ordinal < session.expected for ordinal in session.rows)
    assert 0 <= session.untranslated_count <= session.found_count
    ahead = sum(row.stage in (Stage.SPEAKING, Stage.SPOKEN) for row in session.rows.values())
    assert session.ahead == ahead, f"{where}: {ahead} sentences ahead, said to be {session.ahead}"


def _rows_wait_where_they_belong(ledger: Ledger, session: SessionState) -> None:
    """A row that waits nowhere would never be heard of again, one that waits twice would be heard twice."""
    batched = [row for batches in ledger.translating._batches.values() for batch in batches for row in batch.rows]
    spoken = [job.row for job in ledger.speaking.jobs if not job.revoked]
    places = {
        Stage.FOUND: _open(session.found),
        Stage.TRANSLATING: [row for row in _open(batched) if row.session == session.session],
        Stage.TRANSLATED: [row for waiting in session.translated.values() for row in _open(waiting)],
        Stage.SPEAKING: [row for row in spoken if row.session == session.session],
    }
    for worker, queue in session.translated.items():
        _is_in_order(_open(queue), f"{session.session} for {worker}")
        for row in _open(queue):
            assert (row.voice.worker if row.voice else None) == worker, f"{row.key} waits for {worker}"
    for job in ledger.speaking.jobs:
        jobs = ledger.speaking.jobs.of(job.worker)
        assert job in jobs
        assert len({one.row.key for one in jobs}) == len(jobs), f"{job.worker} has a sentence twice"
        assert job.revoked or (job.row.voice is not None and job.row.voice.worker == job.worker)
    for stage, found in places.items():
        waiting = sorted(row.sentence for row in found)
        expected = sorted(row.sentence for row in session.rows.values() if row.stage is stage)
        assert waiting == expected, f"{stage.name}: {found}"
    playing = [row for row in ledger.playing._rows if row.session == session.session]
    unplayed = _open(session.unplayed)
    _is_in_order([*playing, *unplayed], f"{session.session} to be played")
    assert {row.sentence for row in [*playing, *unplayed]} == session.rows.keys(), "a row will never be played"
    assert all(row.serial == 0 for row in unplayed)


def _row_is_consistent(ledger: Ledger, row: Row) -> None:
    where = f"sentence {row.key}"
    assert 0 <= row.played_frames <= row.sent_frames <= row.frames, where
    at = row.frames
    for segment in reversed(row.segments):
        assert segment.end == at, f"{where}: a gap before frame {at}"
        assert 0 < segment.frames <= SLOT_FRAMES - segment.start, where
        assert segment.start >= 0, where
        assert 0 <= segment.slot < ledger.state.slots.total, where
        at = segment.at
    assert at <= row.played_frames, f"{where}: frames {row.played_frames} to {at} are nowhere"
    assert 0 <= row.used_of_slot < SLOT_FRAMES, where
    assert len(set(row.leased)) == len(row.leased), where
    if row.leased:
        assert row.stage is Stage.SPEAKING, f"{where}: {row.stage.name} with a lease"
    if row.last_sent:
        assert row.is_complete, where
        assert row.sent_frames == row.frames, where


def _player_has_what_comes_next(ledger: Ledger) -> None:
    rows = ledger.playing._rows
    assert len(rows) <= PLAY_AHEAD
    assert [row.serial for row in rows] == sorted({row.serial for row in rows}), "serials are out of order"
    assert all(row.serial > 0 for row in rows)
    withdrawing = ledger.playing._withdrawing
    for row in rows:
        is_held = ledger.state.sessions[row.session].held
        assert not is_held or row.session in withdrawing, f"{row.key} is at the player though its session is held"
        assert ledger.state.row(*row.key) is row, f"{row.key} is at the player and in no session"


def _rows(ledger: Ledger) -> list[Row]:
    return [row for session in ledger.state.sessions.values() for row in session.rows.values()]


def _open(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.outcome is None]


def _is_in_order(rows: list[Row], what: str) -> None:
    places = [row.place for row in rows]
    assert places == sorted(set(places)), f"{what}: {places}"
