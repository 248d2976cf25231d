"""The record of a worker: its jobs, its ends, what the alarms look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.protocol.messages import Latency, Ready
from voicestream.supervisor.ledger.commands import WorkerId
from voicestream.supervisor.processes.restart_policy import End
from voicestream.supervisor.processes.watchdog import HealthSnapshot
from voicestream.supervisor.processes.worker_log import WorkerLog
from voicestream.supervisor.processes.worker_record import KEPT_DURATIONS, KEPT_ENDS, Stop, WorkerRecord
from voicestream.supervisor.sessions.requirements import Requirement


def new_record(engine: str = "espeak") -> WorkerRecord:
    return WorkerRecord(
        worker=WorkerId("tts"), requirement=Requirement("tts", engine), log=WorkerLog(Path("unused.log"))
    )


def test_without_a_job_there_is_no_latency() -> None:
    assert new_record().latency() == Latency(p50=None, p95=None)


def test_one_job_is_its_own_percentile() -> None:
    record = new_record()
    record.done(0.25)
    assert record.latency() == Latency(p50=250.0, p95=250.0)


def test_percentiles_are_in_milliseconds_and_those_of_a_textbook() -> None:
    record = new_record()
    for milliseconds in range(101):
        record.done(milliseconds / 1000)
    latency = record.latency()
    assert latency.p50 == pytest.approx(50.0)
    assert latency.p95 == pytest.approx(95.0)


@given(durations=st.lists(st.floats(0, 1000), min_size=1, max_size=600))
def test_percentiles_lie_among_the_last_jobs(durations: list[float]) -> None:
    record = new_record()
    for seconds in durations:
        record.done(seconds)
    latency = record.latency()
    last = [seconds * 1000 for seconds in durations[-KEPT_DURATIONS:]]
    assert latency.p50 is not None
    assert latency.p95 is not None
    assert min(last) - 1e-6 <= latency.p50 <= latency.p95 + 1e-6
    assert latency.p95 <= max(last) + 1e-6
    assert record.jobs == len(durations)


def test_what_was_slow_long_ago_is_forgotten() -> None:
    record = new_record()
    for seconds in [9.0] * 1000 + [0.001] * KEPT_DURATIONS:
        record.done(seconds)
    assert record.latency() == Latency(p50=1.0, p95=1.0)


def test_only_the_last_ends_are_kept() -> None:
    record = new_record()
    for number in range(KEPT_ENDS + 5):
        record.ends.append(End(at=float(number), ready_seconds=0.0, exit_code=1, requested=False))
    assert [end.at for end in record.ends] == [float(number) for number in range(5, KEPT_ENDS + 5)]


def test_the_first_process_is_no_restart() -> None:
    record = new_record()
    assert record.restarts == 0
    record.starts = 1
    assert record.restarts == 0
    record.starts = 4
    assert record.restarts == 3


def test_the_engine_is_the_one_that_runs_and_otherwise_the_one_that_is_wanted() -> None:
    record = new_record("auto")
    assert record.engine_name == "auto"
    record.ready = Ready(engine="espeak", device="cpu")
    assert record.engine_name == "espeak"
    record.stop = Stop(step="drain", since=1.0)
    assert record.engine_name == "auto", "the one that runs is on its way out"


def test_while_a_session_has_named_what_auto_found_the_next_incarnation_is_started_with_that() -> None:
    record = new_record("auto")
    record.found_engine = "espeak"
    assert record.engine_to_start == "auto"
    record.named_by.add("s1")
    assert record.engine_to_start == "espeak"


def test_the_alarms_see_what_was_seen() -> None:
    record = new_record()
    record.started_at, record.hello_at, record.loading_at, record.ready_at, record.heard_at = 1.0, 2.0, 3.0, 4.0, 5.0
    assert record.health(6.0, 7, 5.5) == HealthSnapshot(
        started_at=1.0,
        hello_at=2.0,
        loading_at=3.0,
        ready_at=4.0,
        heard_at=5.0,
        stalled_since=6.0,
        characters=7,
        attended_since=5.5,
    )
