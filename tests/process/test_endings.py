"""Every way of ending: nothing left behind, the right exit code, nobody else harmed."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.process.running import line, wait_until

if TYPE_CHECKING:
    from helpers.process.running import Voicestream


def has_not_ended(process: psutil.Process) -> bool:
    """Whether a process still runs; one that nobody has reaped yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


HELLO = line("Hello world.")


@pytest.mark.parametrize(
    ("number", "code"),
    # SIGHUP comes from a terminal that closes: tests/faults/test_deaths.py.
    [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
    ids=str,
)
def test_a_signal_ends_the_run_with_the_shells_exit_code_and_nothing_is_left(
    place: Voicestream, number: signal.Signals, code: int
) -> None:
    run = place.run("--keep-alive", "0")
    run.write(HELLO)
    run.wait_for("playback_finished")
    run.process.send_signal(number)
    assert run.wait() == code, run.stderr
    place.assert_nothing_left()


def test_ctrl_c_while_the_supervisor_is_still_starting_leaves_nothing(place: Voicestream) -> None:
    run = place.run("--keep-alive", "0")
    wait_until(lambda: bool(place.processes()), "the supervisor is there")
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130, run.stderr
    # A supervisor that was started and got no session ends by itself.
    wait_until(lambda: not place.processes(), "it has ended")


def test_a_killed_supervisor_takes_its_workers_along_and_the_client_says_so(place: Voicestream) -> None:
    run = place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    workers = [psutil.Process(worker["pid"]) for worker in place.status()["workers"] if worker["pid"]]
    os.kill(place.supervisor_pid(), signal.SIGKILL)
    wait_until(lambda: not any(has_not_ended(worker) for worker in workers), "the workers are gone")
    wait_until(lambda: "supervisor has ended" in run.stderr, "the client says so")
    run.write(HELLO * 1000)  # the agent is still read
    assert run.finish() == 1
    # What it left is swept by the next one.
    assert (place.runtime / "hub").exists()
    assert place.call("run", "--output", "null", "--keep-alive", "0", stdin=HELLO).returncode == 0
    assert "swept" in place.log_text("supervisor")
    place.assert_nothing_left()


def test_a_killed_process_group_of_the_supervisor_leaves_nothing_that_lives(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    os.killpg(place.supervisor_pid(), signal.SIGKILL)
    wait_until(lambda: not place.processes(), "all are gone")
    assert place.call("run", "--output", "null", "--keep-alive", "0", stdin=HELLO).returncode == 0
    place.assert_nothing_left()


def test_a_killed_client_ends_its_session_and_no_other(warm_place: Voicestream) -> None:
    other = warm_place.run()
    other.write(HELLO)
    other.wait_for("playback_finished")
    victim = warm_place.run()
    victim.write(HELLO)
    victim.wait_for("playback_finished")
    assert warm_place.status()["supervisor"]["sessions"] == 2
    victim.process.kill()
    wait_until(lambda: warm_place.status()["supervisor"]["sessions"] == 1, "its session has ended")
    other.write(HELLO)
    other.wait_for("playback_finished", 2)
    assert other.finish() == 0


def test_a_supervisor_told_to_end_ends_its_sessions_with_1_and_says_why(place: Voicestream) -> None:
    run = place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    os.kill(place.supervisor_pid(), signal.SIGTERM)
    run.wait_for("session_closed")
    assert run.finish() == 1
    assert "supervisor ends" in run.stderr
    place.assert_nothing_left()


def test_ctrl_z_holds_and_continuing_goes_on(warm_place: Voicestream) -> None:
    run = warm_place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    run.process.send_signal(signal.SIGTSTP)
    process = psutil.Process(run.process.pid)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it is stopped")
    run.process.send_signal(signal.SIGCONT)
    run.write(HELLO)
    run.wait_for("playback_finished", 2)
    assert run.finish() == 0


def test_ctrl_z_holds_its_own_session_alone(warm_place: Voicestream) -> None:
    suspended = warm_place.run()
    suspended.write(HELLO)
    suspended.wait_for("playback_finished")
    suspended.process.send_signal(signal.SIGTSTP)
    process = psutil.Process(suspended.process.pid)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it is stopped")
    other = warm_place.run()
    other.write(HELLO)
    assert other.finish() == 0, other.stderr
    assert process.status() == psutil.STATUS_STOPPED
    suspended.write(HELLO)
    suspended.process.send_signal(signal.SIGCONT)
    suspended.wait_for("playback_finished", 2)
    assert suspended.finish() == 0


def test_a_run_that_is_killed_while_it_is_held_does_not_silence_the_next(place: Voicestream) -> None:
    run = place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    assert place.call("pause").returncode == 0
    run.write(HELLO)
    run.wait_for("speech_finished", 2)
    run.process.kill()
    run.process.wait()
    wait_until(lambda: place.status()["supervisor"]["sessions"] == 0, "its session has ended")
    assert place.call("run", "--output", "null", stdin=HELLO).returncode == 0


def test_killed_at_any_moment_of_its_start_the_supervisor_leaves_nothing_that_lives(place: Voicestream) -> None:
    for delay_seconds in (0.0, 0.1, 0.2):
        run = place.run("--keep-alive", "0")
        wait_until(lambda: bool(place.processes()), "the supervisor is there")
        time.sleep(delay_seconds)  # not to be lucky: to kill it at different moments
        place.kill_supervisor()
        run.end_input()
        assert run.wait() in (0, 1), run.stderr
        wait_until(lambda: not place.processes(), "all are gone")
