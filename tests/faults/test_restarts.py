"""Restarts by the hundred leave nothing behind in the supervisor, and whoever wants to know is told of each."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from helpers.chaos import chaos_engines
from helpers.chaos.chaos_faults import ROLES
from helpers.chaos.chaos_ground import Ground, ground
from helpers.chaos.chaos_run import SILENCE_LIMIT_SECONDS
from helpers.process.running import wait_until
from voicestream.protocol.messages import RestartWorker, WorkerRestarted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.protocol.messages import Role, WorkerStatus

RESTARTS = 12
"""Each role in each of the three ways; each costs the start of a process, and one that leaks shows."""

WARM_UP_ROUNDS = 3


@pytest.fixture
def found() -> Iterator[Ground]:
    """A supervisor whose four workers are ready."""
    with ground() as made:
        yield made


def workers(found: Ground) -> dict[Role, WorkerStatus]:
    return {worker.role: worker for worker in found.status().workers}


def restart_all(found: Ground, *, now: bool) -> None:
    """All four roles at once, through one client."""
    for role in ROLES:
        found.client.send(RestartWorker(role=role, now=now))
    answers: list[WorkerRestarted] = []

    def is_answered() -> bool:
        while (answer := found.client.receive()) is not None:
            assert isinstance(answer, WorkerRestarted), answer
            answers.append(answer)
        return len(answers) == len(ROLES)

    wait_until(is_answered, "all four are ready again", seen=lambda: str(answers))
    assert {answer.role for answer in answers} == set(ROLES)
    assert all(("SIGKILL" if now else "exit 0") in answer.path for answer in answers), answers


def kill_all(found: Ground) -> None:
    """All four roles at once, from outside."""
    before = workers(found)
    for worker in before.values():
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)

    def are_replaced() -> bool:
        return all(w.incarnation > before[w.role].incarnation and w.state == "ready" for w in workers(found).values())

    wait_until(are_replaced, "all four are ready again", seen=lambda: str(workers(found)))


@pytest.mark.slow
def test_restarts_leave_no_descriptor_thread_or_segment_and_no_memory(found: Ground) -> None:
    def disturb(number: int) -> None:
        match number % 3:
            case 0:
                restart_all(found, now=False)
            case 1:
                restart_all(found, now=True)
            case _:
                kill_all(found)

    for number in range(WARM_UP_ROUNDS):
        disturb(number)
    before = found.held()
    for number in range(RESTARTS // len(ROLES)):
        disturb(number)
    found.wait_until_at_rest()
    after = found.held()
    assert {worker.restarts for worker in found.status().workers} == {WARM_UP_ROUNDS + RESTARTS // len(ROLES)}
    assert (after.descriptors, after.threads, after.segments) == (before.descriptors, before.threads, before.segments)
    assert before.segments == 1
    assert after.memory < before.memory * 1.05, (before, after)


def test_the_restart_of_a_frozen_worker_does_not_wait_for_the_job_that_it_will_never_finish() -> None:
    with ground(silence_limit_seconds=SILENCE_LIMIT_SECONDS) as found:
        frozen = workers(found)["tts"]
        assert frozen.pid is not None
        os.kill(frozen.pid, signal.SIGSTOP)
        answer = found.client.ask(RestartWorker(role="tts"), timeout_seconds=60)
    assert isinstance(answer, WorkerRestarted)
    # Else the reason would be that it did not end within the time that a job may take.
    assert answer.path == f"SIGKILL (kill: silent for {SILENCE_LIMIT_SECONDS:g} s)"


def test_a_session_is_told_when_a_worker_ended_its_successor_was_started_and_was_ready(found: Ground) -> None:
    engines = ("--tts", chaos_engines.NAME, "--translator", chaos_engines.NAME)
    run = found.place.run(*engines)
    run.wait_for("session_opened")
    killed = workers(found)["tts"]
    assert killed.pid is not None
    at = time.monotonic()
    os.kill(killed.pid, signal.SIGKILL)
    events = run.wait_for("worker", 3)
    assert [(event["role"], event["incarnation"], event["state"]) for event in events] == [
        ("tts", 1, "backoff"),
        ("tts", 2, "starting"),
        ("tts", 2, "ready"),
    ]
    assert events[0]["reason"] == "the tts worker ended: SIGKILL (died)"
    assert events[0]["text"] == "the voice engine crashed (SIGKILL) and is restarted"
    times = [at, *(event["time"] for event in events), time.monotonic()]
    assert times == sorted(times)
    # An end that a person asked for is an event too, and no news for a person.
    assert found.place.call("workers", "restart", "player").returncode == 0
    run.wait_for("worker", 6)
    assert run.finish() == 0, run.stderr
    assert run.stderr.count("the voice engine crashed (SIGKILL) and is restarted") == 1
    assert "worker ended" not in run.stderr
