"""Hostile processes on the socket of the whole program: it stays alive, small and quick, and a session goes on."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.faults import attack
from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line, wait_until
from voicestream.protocol.transport import MAX_WAITING_FRAMES, MAX_WIRE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.process.running import Voicestream

MAX_GROWTH_BYTES = 60 << 20
"""Of the supervisor's memory: each attacker may have some frames of a megabyte waiting there, however many it sends."""

MAX_GROWTH_OF_HUGE_FRAMES_BYTES = 2 * MAX_WAITING_FRAMES * MAX_WIRE_BYTES
"""What two such attackers may have waiting; one alone sends twice that."""

MAX_LOG_BYTES = 200_000

CONNECTIONS = 600

FEW_DESCRIPTORS = 256


@contextlib.contextmanager
def attackers(place: Voicestream, *options: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that send frames to the hub of a place."""
    program = [sys.executable, "-P", str(Path(attack.__file__)), str(place.runtime / "hub")]
    running = [
        subprocess.Popen([*program, f"--seed={seed}", *chosen], stdout=subprocess.DEVNULL)
        for seed, chosen in enumerate(options)
    ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_a_session_goes_on_under_attack_and_the_supervisor_neither_grows_nor_fills_its_log(place: Voicestream) -> None:
    run = place.run("--keep-alive", "0")
    run.write(line("Before."))
    run.wait_for("playback_finished")
    supervisor = psutil.Process(run.of("session_opened")[0]["supervisor_pid"])
    before = supervisor.memory_info().rss
    most = before
    said = 1
    with attackers(
        place,
        ["--frames=1000"],
        ["--frames=1000", "--name=tts.2"],
        ["--frames=10000", "--pool=200"],
        ["--frames=2500", "--unread"],
    ) as running:
        while any(process.poll() is None for process in running):
            run.write(line(f"Sentence {said}."))
            said += 1
            run.wait_for("playback_finished", said)
            most = max(most, supervisor.memory_info().rss)
        assert [process.returncode for process in running] == [0] * len(running)
    status = place.status()
    assert status["supervisor"]["frames_dropped"] > 12_000
    assert status["supervisor"]["free_slots"] == status["supervisor"]["total_slots"]
    assert [worker["restarts"] for worker in status["workers"]] == [0, 0, 0, 0]
    assert run.finish() == 0, run.stderr
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(said))
    assert most - before < MAX_GROWTH_BYTES
    assert len(place.log_text("supervisor")) < MAX_LOG_BYTES
    place.assert_nothing_left()


def test_frames_of_a_megabyte_without_end_cost_no_memory(place: Voicestream) -> None:
    run = place.run("--keep-alive", "0")
    run.write(line("Before."))
    run.wait_for("playback_finished")
    supervisor = psutil.Process(run.of("session_opened")[0]["supervisor_pid"])
    before = most = supervisor.memory_info().rss
    with attackers(
        place, ["--frames=180", f"--huge={MAX_WIRE_BYTES - 10}"], ["--frames=5", f"--huge={16 << 20}"]
    ) as running:
        said = 1
        while running[0].poll() is None:
            run.write(line(f"Sentence {said}."))
            said += 1
            run.wait_for("playback_finished", said)
            most = max(most, supervisor.memory_info().rss)
        assert running[0].returncode == 0
    assert place.status()["supervisor"]["frames_dropped"] >= 180
    assert run.finish() == 0, run.stderr
    assert len(run.of("playback_finished")) == said
    assert most - before < MAX_GROWTH_OF_HUGE_FRAMES_BYTES


def test_who_takes_the_names_of_future_workers_does_not_keep_them_from_their_places(place: Voicestream) -> None:
    run = place.run("--keep-alive", "0")
    run.write(line("Before."))
    run.wait_for("playback_finished")
    with attackers(
        place,
        ["--frames=100000000", "--name=tts.2", "--pause=0.002"],
        ["--frames=100000000", "--name=player.2", "--pause=0.002"],
    ):
        wait_until(lambda: place.status()["supervisor"]["frames_dropped"] > 200, "both attackers are heard")
        for role in ("tts", "player"):
            done = place.call("workers", "restart", role)
            assert done.returncode == 0, done.stderr
            assert "incarnation 2" in done.stderr
        run.write(line("After."))
        run.wait_for("playback_finished", 2)
    assert run.finish() == 0, run.stderr


def test_more_connections_than_a_usual_limit_of_descriptors_do_not_end_the_supervisor(place: Voicestream) -> None:
    """libzmq ends a process that has no descriptor left for the next peer."""
    command = ["sh", "-c", f'ulimit -Sn {FEW_DESCRIPTORS} && exec "$0" "$@"', *COMMAND, "up"]
    subprocess.run(command, env=place.environment, cwd=place.cwd, check=True, capture_output=True, timeout=remaining())
    place.pid_of("parser")
    supervisor = place.supervisor_pid()
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            peer = stack.enter_context(socket.socket(socket.AF_UNIX))
            peer.connect(str(place.runtime / "hub"))
        descriptors = Path(f"/proc/{supervisor}/fd")
        if descriptors.exists():
            wait_until(lambda: len(list(descriptors.iterdir())) > CONNECTIONS, "all of them are accepted")
        run = place.run()
        run.write(line("Others are served."))
        assert run.finish() == 0, run.stderr
    assert place.supervisor_pid() == supervisor
    assert place.call("down").returncode == 0


@pytest.mark.platform
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc to look into")
def test_another_user_can_neither_look_into_the_processes_nor_signal_them(place: Voicestream) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can try this as another user")
    assert place.call("up").returncode == 0
    pids = [place.supervisor_pid(), place.pid_of("tts"), place.pid_of("player")]
    done = subprocess.run(
        ["/bin/sh", "-c", SNOOP, "sh", *map(str, pids)],
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=remaining(),
    )
    assert done.stdout == "", "the other user got at something"
    assert place.call("say", "Still here.", "--output", "null").returncode == 0
    assert [place.supervisor_pid(), place.pid_of("tts"), place.pid_of("player")] == pids


SNOOP = """
for pid in "$@"; do
    for what in environ mem maps; do
        (head -c 1 /proc/$pid/$what >/dev/null) 2>/dev/null && echo "read $what of $pid"
    done
    ls /proc/$pid/fd/* 2>/dev/null
    kill -CONT $pid 2>/dev/null && echo "signalled $pid"
done
"""
"""Prints what works: the sound is in a file that only /proc/PID/fd and the memory lead to."""
