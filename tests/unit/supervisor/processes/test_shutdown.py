"""How a worker is ended: politely first, and harder as time goes by."""

from __future__ import annotations

import pytest

from voicestream.supervisor.processes.shutdown import FOR_RESTART, FOR_SHUTDOWN, Step, Timeouts, next_step

PATIENCE = Timeouts(drain_seconds=5.0, stop_seconds=2.0, term_seconds=1.0)


@pytest.mark.parametrize(
    ("step", "seconds", "following"), [("drain", 5.0, "stop"), ("stop", 2.0, "term"), ("term", 1.0, "kill")]
)
def test_each_rung_has_its_time_and_then_comes_the_next(step: Step, seconds: float, following: Step) -> None:
    assert next_step(step, 100.0, PATIENCE, 100.0) is None
    assert next_step(step, 100.0, PATIENCE, 100.0 + seconds - 0.001) is None
    assert next_step(step, 100.0, PATIENCE, 100.0 + seconds) == following


def test_there_is_nothing_harder_than_kill() -> None:
    assert next_step("kill", 0.0, PATIENCE, 1e9) is None


@pytest.mark.parametrize("timeouts", [PATIENCE, FOR_RESTART, FOR_SHUTDOWN])
def test_whoever_does_not_listen_is_killed_in_the_end_rung_by_rung(timeouts: Timeouts) -> None:
    step: Step = "drain"
    now = since = 10.0
    path: list[Step] = [step]
    while step != "kill":
        now += 0.01
        higher = next_step(step, since, timeouts, now)
        if higher is not None:
            step, since = higher, now
            path.append(step)
    assert path == ["drain", "stop", "term", "kill"]
    assert now - 10.0 == pytest.approx(timeouts.drain_seconds + timeouts.stop_seconds + timeouts.term_seconds, abs=0.05)


def test_a_clock_that_jumps_ahead_takes_one_rung_at_a_time() -> None:
    """After a suspend all times are over at once: the worker still gets the word before the signal."""
    assert next_step("drain", 0.0, PATIENCE, 1e9) == "stop"


def test_a_shutdown_is_more_impatient_than_a_restart() -> None:
    assert FOR_SHUTDOWN.drain_seconds < FOR_RESTART.drain_seconds
