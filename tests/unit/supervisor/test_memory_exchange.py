"""A worker that has grown is exchanged for the next one where nobody hears it, and that costs no sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from helpers.supervisor.stage import Listener, new_stage
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.supervisor import worker_upkeep
from voicestream.supervisor.ledger.commands import WorkerId
from voicestream.supervisor.ledger.sentences import AudioSegment, Row, Stage
from voicestream.supervisor.processes import memory_exchange
from voicestream.supervisor.processes.memory_exchange import (
    IDLE_SECONDS,
    LEAST_GROWTH_BYTES,
    LOADING_RESERVE,
    RESERVE_SECONDS,
    WARM_JOBS,
    Growth,
    Look,
    buffered_seconds,
)

if TYPE_CHECKING:
    from helpers.supervisor.stage import Stage as RunningSupervisor
    from voicestream.protocol.messages import Role

SMALL = 30 << 20
BIG = 4 << 30

WARM = Look(now=100.0, jobs=WARM_JOBS, is_busy=False, memory=SMALL, loading_seconds=3.0, buffered_seconds=float("inf"))
LATER = replace(WARM, now=100.0 + IDLE_SECONDS)


def test_what_is_normal_is_known_only_after_some_work() -> None:
    growth = Growth()
    for jobs in range(WARM_JOBS):
        assert not growth.take(replace(LATER, now=100.0 * jobs, jobs=jobs, memory=jobs * LEAST_GROWTH_BYTES))
    assert not growth.take(replace(LATER, now=1e6, jobs=WARM_JOBS, memory=BIG))
    assert not growth.take(replace(LATER, now=2e6, jobs=WARM_JOBS, memory=BIG))


@pytest.mark.parametrize(
    ("normal", "by", "is_due"),
    [
        (SMALL, LEAST_GROWTH_BYTES - 1, False),
        (SMALL, LEAST_GROWTH_BYTES, True),
        (BIG, LEAST_GROWTH_BYTES, False),
        (BIG, BIG // 2 - 1, False),
        (BIG, BIG // 2, True),
        (BIG, -BIG // 2, False),
    ],
)
def test_an_idle_worker_is_exchanged_once_it_has_grown_by_much(normal: int, by: int, *, is_due: bool) -> None:
    growth = Growth()
    assert not growth.take(replace(WARM, memory=normal))
    reason = growth.take(replace(LATER, memory=normal + by))
    assert reason == (f"its memory has grown by {by >> 20} MiB" if is_due else "")


def test_one_that_has_just_worked_is_not_idle() -> None:
    growth = Growth()
    assert not growth.take(WARM)
    big = replace(LATER, memory=SMALL + LEAST_GROWTH_BYTES, buffered_seconds=0.0)
    assert not growth.take(replace(big, jobs=WARM_JOBS + 1))
    assert not growth.take(replace(big, jobs=WARM_JOBS + 1, now=big.now + IDLE_SECONDS - 0.1))
    assert not growth.take(replace(big, jobs=WARM_JOBS + 1, now=big.now + IDLE_SECONDS, is_busy=True))
    assert growth.take(replace(big, jobs=WARM_JOBS + 1, now=big.now + 2 * IDLE_SECONDS))


@pytest.mark.parametrize("is_busy", [False, True])
def test_one_that_is_never_idle_is_exchanged_while_enough_sound_is_ready(*, is_busy: bool) -> None:
    growth = Growth()
    assert not growth.take(WARM)
    at_work = replace(WARM, memory=SMALL + 2 * LEAST_GROWTH_BYTES, is_busy=is_busy, jobs=WARM_JOBS + 1)
    enough = WARM.loading_seconds * LOADING_RESERVE + RESERVE_SECONDS
    assert not growth.take(replace(at_work, buffered_seconds=enough - 0.1))
    assert not growth.take(replace(at_work, buffered_seconds=enough, memory=at_work.memory - 1))
    assert growth.take(replace(at_work, buffered_seconds=enough))


def test_one_whose_sound_nobody_stores_is_exchanged_at_last_all_the_same() -> None:
    growth = Growth()
    assert not growth.take(WARM)
    at_work = replace(WARM, is_busy=True, buffered_seconds=0.0)
    assert not growth.take(replace(at_work, memory=SMALL + 4 * LEAST_GROWTH_BYTES - 1))
    assert growth.take(replace(at_work, memory=SMALL + 4 * LEAST_GROWTH_BYTES))


def row(stage: RunningSupervisor, seconds: float) -> Row:
    frames = round(seconds * SAMPLE_RATE)
    segments = [AudioSegment(slot=0, start=0, frames=frames, at=0)] if frames else []
    return Row(session="s", sentence=0, message=0, text="", language="en", stage=stage, segments=segments)


def test_ready_is_what_stands_before_the_first_gap_of_the_session_that_has_least() -> None:
    spoken, speaking, found = row(Stage.SPOKEN, 3.0), row(Stage.SPEAKING, 0.5), row(Stage.FOUND, 0.0)
    assert buffered_seconds([]) == float("inf")
    assert buffered_seconds([[], [spoken]]) == float("inf"), "nothing more is to come"
    assert buffered_seconds([[found]]) == 0.0
    assert buffered_seconds([[spoken, spoken, speaking, spoken, found]]) == 6.5
    assert buffered_seconds([[spoken, found], [speaking], [spoken]]) == 0.5


@pytest.mark.parametrize("role", worker_upkeep.EXCHANGED_ROLES)
def test_an_exchange_costs_no_sentence_and_sessions_are_not_told_why(
    monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    memory = SMALL
    monkeypatch.setattr(worker_upkeep, "EXCHANGED_ROLES", (role,))
    monkeypatch.setattr(memory_exchange, "WARM_JOBS", 1)
    monkeypatch.setattr(worker_upkeep, "MEMORY_CHECK_SECONDS", 0.0)
    monkeypatch.setattr(worker_upkeep, "memory_bytes", lambda _pid: memory)

    def play(stage: RunningSupervisor) -> None:
        nonlocal memory
        stage.listener = listener = Listener(stage)
        record = stage.supervisor.core.table.records[WorkerId(role)]
        listener.say("One.")
        stage.until(lambda: len(listener.ends()) == 1)
        assert record.incarnation == 1
        # What is normal is known once a look was taken after the job: by then it has grown.
        stage.until(lambda: any(growth._normal for growth in stage.supervisor._exchange._growths.values()))
        memory = SMALL + 4 * LEAST_GROWTH_BYTES
        for text in ("Two.", "Three.", "Four.", "Five."):
            listener.say(text)
        stage.until(lambda: record.incarnation >= 2)  # with the session still open: it would be told now
        memory = SMALL
        listener.end_input()
        stage.until(lambda: listener.closed is not None)
        assert listener.closed is not None
        assert (listener.closed.counts.played, listener.closed.exit_code) == (5, 0)
        assert listener.of("playback_finished") == [0, 1, 2, 3, 4]
        told = [event for event in listener.events if event.event == "worker" and event.role == role]
        assert [event.reason for event in told if event.reason] == []
        assert "its memory has grown by 256 MiB" in (record.last_exit or "")
        assert all(end.requested for end in record.ends)

    with new_stage(monkeypatch) as stage:
        stage.perform(play)
