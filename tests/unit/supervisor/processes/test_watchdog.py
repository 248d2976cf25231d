"""Three alarms, kept apart: loading, silence, a job that gets no further."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from voicestream.supervisor.processes.watchdog import UNATTENDED_SECONDS, HealthSnapshot, Limits, attended_since, due

LIMITS = Limits(
    hello_seconds=20.0, loading_seconds=120.0, silence_seconds=10.0, job_seconds=15.0, job_seconds_per_character=0.25
)

STARTED = HealthSnapshot(
    started_at=100.0,
    hello_at=None,
    loading_at=None,
    ready_at=None,
    heard_at=100.0,
    stalled_since=None,
    characters=0,
)
GREETED = replace(STARTED, hello_at=101.0)
READY = replace(GREETED, ready_at=105.0, heard_at=105.0)


def test_a_process_must_say_hello_in_time() -> None:
    assert due(STARTED, LIMITS) == (120.0, "no hello within 20 s")


def test_loading_has_its_own_time_from_hello_on() -> None:
    assert due(GREETED, LIMITS) == (221.0, "loading got no further for 120 s")


def test_every_loading_message_extends_the_time() -> None:
    assert due(replace(GREETED, loading_at=180.0), LIMITS)[0] == 300.0


def test_a_beat_does_not_extend_loading() -> None:
    """A thread that beats says nothing about the thread that loads."""
    assert due(replace(GREETED, heard_at=200.0), LIMITS)[0] == 221.0


def test_a_silent_worker_that_loads_is_not_taken_for_dead() -> None:
    assert due(replace(GREETED, heard_at=101.0), LIMITS)[0] > 101.0 + LIMITS.silence_seconds


def test_once_ready_it_must_be_heard() -> None:
    assert due(READY, LIMITS) == (115.0, "silent for 10 s")
    assert due(replace(READY, heard_at=130.0), LIMITS) == (140.0, "silent for 10 s")


def test_the_time_of_silence_does_not_begin_before_it_is_ready() -> None:
    assert due(replace(READY, heard_at=101.0), LIMITS)[0] == 115.0


def test_a_worker_that_beats_while_its_job_stands_still_is_found_out() -> None:
    stuck = replace(READY, heard_at=1000.0, stalled_since=990.0, characters=0)
    assert due(stuck, LIMITS) == (1005.0, "its job got no further for 15 s")


def test_a_job_for_which_another_engine_is_loaded_has_longer() -> None:
    stuck = replace(READY, heard_at=1000.0, stalled_since=990.0, loading_at=999.0)
    assert due(stuck, LIMITS)[0] == 1010.0, "the next heartbeat is due first"
    assert due(replace(stuck, heard_at=1010.0), LIMITS) == (1014.0, "its job got no further for 15 s")
    assert due(replace(stuck, loading_at=104.0), LIMITS)[0] == 1005.0, "its own loading is long past"


def test_a_long_text_has_longer() -> None:
    stuck = replace(READY, heard_at=1000.0, stalled_since=1000.0, characters=100)
    assert due(replace(stuck, heard_at=1039.0), LIMITS) == (1040.0, "its job got no further for 40 s")


def test_a_silent_worker_with_a_job_is_found_by_its_silence_first() -> None:
    assert due(replace(READY, stalled_since=105.0, characters=1000), LIMITS) == (115.0, "silent for 10 s")


@pytest.mark.parametrize(
    ("health", "seconds"),
    [
        (STARTED, LIMITS.hello_seconds),
        (GREETED, LIMITS.loading_seconds),
        (READY, LIMITS.silence_seconds),
        (replace(READY, stalled_since=106.0, heard_at=9100.0), LIMITS.job_seconds),
    ],
    ids=["hello", "loading", "silence", "job"],
)
def test_after_a_pause_of_the_supervisor_every_limit_begins_anew(health: HealthSnapshot, seconds: float) -> None:
    """It heard nothing while it was stopped, or slept with its machine: that says nothing about the worker."""
    assert due(replace(health, attended_since=9000.0), LIMITS)[0] == 9000.0 + seconds


def test_a_pause_long_ago_changes_nothing() -> None:
    assert due(replace(READY, attended_since=50.0), LIMITS) == due(READY, LIMITS)


def test_a_supervisor_that_looks_all_the_time_has_made_no_pause() -> None:
    since, looked_at = 3.0, 10.0
    for step in (0.0, 0.1, 1.0, UNATTENDED_SECONDS):
        since = attended_since(since, looked_at, looked_at + step)
        looked_at += step
    assert since == 3.0


def test_a_pause_in_looking_is_one() -> None:
    assert attended_since(3.0, 10.0, 10.1 + UNATTENDED_SECONDS) == 10.1 + UNATTENDED_SECONDS


TIMES = st.floats(0, 1e6)


@given(
    health=st.builds(
        HealthSnapshot,
        started_at=TIMES,
        hello_at=st.none() | TIMES,
        loading_at=st.none() | TIMES,
        ready_at=st.none() | TIMES,
        heard_at=TIMES,
        stalled_since=st.none() | TIMES,
        characters=st.integers(0, 10_000),
        attended_since=TIMES,
    )
)
def test_there_is_always_an_alarm_ahead_and_it_says_why(health: HealthSnapshot) -> None:
    at, reason = due(health, LIMITS)
    seen = [
        time for time in (health.started_at, health.hello_at, health.ready_at, health.stalled_since) if time is not None
    ]
    assert at >= min(seen) + min(LIMITS.silence_seconds, LIMITS.job_seconds)
    assert reason


@pytest.mark.parametrize("limits", [Limits(), Limits(silence_seconds=0.5, job_seconds=1.0)])
def test_the_limits_are_the_callers(limits: Limits) -> None:
    assert due(READY, limits)[0] == 105.0 + limits.silence_seconds
