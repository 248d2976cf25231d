"""Which workers that no session needs are ended, and when; and the limits that a person can set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.cli.worker_lines import of_engine
from voicestream.config.worker_limits import WorkerLimits, parse_memory, resolve
from voicestream.errors import ConfigurationError
from voicestream.supervisor.ledger.commands import WorkerId
from voicestream.supervisor.processes.idle_workers import Snapshot, to_end

GIB = 1 << 30
LIMITS = WorkerLimits(idle_seconds=600.0, memory_bytes=4 * GIB)

SNAPSHOTS = st.lists(st.tuples(st.integers(0, 3 * GIB), st.none() | st.floats(0.0, 1000.0)), max_size=8).map(
    lambda found: [Snapshot(WorkerId("tts", n), memory, since) for n, (memory, since) in enumerate(found)]
)


def ended(workers: list[Snapshot], now: float) -> list[int]:
    return [worker.number for worker, _ in to_end(workers, LIMITS, now)]


def test_a_worker_ends_when_no_session_has_needed_it_for_the_time() -> None:
    workers = [Snapshot(WorkerId("tts", 0), GIB, 0.0), Snapshot(WorkerId("tts", 1), GIB, None)]
    assert ended(workers, 599.0) == []
    assert ended(workers, 600.0) == [0]


def test_above_the_limit_of_memory_the_least_recently_used_ends_first_and_no_more_than_needed() -> None:
    workers = [
        Snapshot(WorkerId("tts", 0), 2 * GIB, 50.0),
        Snapshot(WorkerId("tts", 1), 1 * GIB, 40.0),
        Snapshot(WorkerId("tts", 2), 2 * GIB, None),
    ]
    assert ended(workers, 60.0) == [1]


@given(workers=SNAPSHOTS, now=st.floats(1000.0, 2000.0))
def test_no_worker_that_is_needed_ends_and_above_the_limit_none_that_is_idle_stays(
    workers: list[Snapshot], now: float
) -> None:
    gone = set(ended(workers, now))
    left = [one for one in workers if one.worker.number not in gone]
    assert {one.worker.number for one in workers if one.idle_since is None}.isdisjoint(gone)
    assert sum(one.memory for one in left) <= 4 * GIB or all(one.idle_since is None for one in left)


@pytest.mark.parametrize(
    ("text", "found"),
    [("4 GiB", 4 * GIB), ("500MB", 500_000_000), ("1.5 GiB", 3 * GIB // 2), ("0", 0), ("2g", 2_000_000_000)],
)
def test_memory_is_understood_as_people_write_it(text: str, found: int) -> None:
    assert parse_memory(text) == found


def test_environment_variables_go_before_the_file_and_that_before_the_defaults() -> None:
    assert resolve(5.0, GIB, {}) == WorkerLimits(5.0, GIB)
    assert resolve(5.0, GIB, {"VOICESTREAM_WORKERS_IDLE": "7"}) == WorkerLimits(7.0, GIB)
    assert resolve(None, None, {"VOICESTREAM_WORKERS_MEMORY": "2 GiB"}) == WorkerLimits(600.0, 2 * GIB)
    assert resolve(None, None, {}).memory_bytes > 0
    for variable in ("VOICESTREAM_WORKERS_IDLE", "VOICESTREAM_WORKERS_MEMORY"):
        with pytest.raises(ConfigurationError, match=f"{variable}=lots: it cannot be understood"):
            resolve(None, None, {variable: "lots"})


def test_the_lines_of_an_engine_are_those_of_the_incarnations_that_ran_it() -> None:
    log = [
        "2026-01-01 00:00:00.000 INFO    tts.1 state=loading\n",
        "2026-01-01 00:00:00.001 INFO    tts.2 state=loading\n",
        "2026-01-01 00:00:00.002 INFO    tts.1 state=ready engine=espeak device=cpu\n",
        "2026-01-01 00:00:00.003 INFO    tts.2 state=ready engine=kokoro device=cpu\n",
        "2026-01-01 00:00:00.004 ERROR   tts.2 failed\n",
        "    Traceback (most recent call last):\n",
        "2026-01-01 00:00:00.005 INFO    tts.1 state=stopping reason=drain\n",
    ]
    assert of_engine(log, "tts", "kokoro") == [log[1], log[3], log[4], log[5]]
    assert of_engine(log, "tts", "espeak") == [log[0], log[2], log[6]]
    assert of_engine(log, "tts", "kok") == []
