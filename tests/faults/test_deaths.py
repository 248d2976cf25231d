"""Supervisors, clients and whole terminals that end, freeze or sleep at any moment; then a new start.

``FAULT_ROUNDS=200 FAULT_SEED=7 pytest tests/faults/test_deaths.py -k random --timeout 0`` kills for longer.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line, wait_until
from helpers.process.session import Session
from helpers.process.terminal import Terminal
from helpers.voices.planted_voices import plant
from voicestream.protocol.messages import OutputOptions, ParserOptions, SessionOptions
from voicestream.supervisor.processes.watchdog import UNATTENDED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.process.running import Event, Run, Voicestream

# Each takes some seconds: one from the start of the run on, one from that of its session.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "2"))
SEED = int(os.environ.get("FAULT_SEED", "4"))

LATEST_KILL_SECONDS = 0.8
"""After the start of a run, or of its session; the first sound comes in half of that on an idle machine."""

HELLO = line("Hello world.")

TEXTS = [f"This is sentence number {number} of a session that goes on for a while." for number in range(30)]
AGENT = b"".join(line(text) for text in TEXTS)

SILENCE_LIMIT_SECONDS = 4.0
SLEEP_SECONDS = 4.6

WAITS = 3
"""Of a process that has woken up: the one in which it was stopped, one that it begins anew, and the next."""

STEADY = SessionOptions(parser=ParserOptions(), output=OutputOptions(kind="null"), tts="steady")

ANSWER_SECONDS = 3.0
"""How long a client of these tests waits for an answer."""

OPENED = re.compile(r"state=opened client_pid=(\d+)")


@pytest.fixture
def shared_place(warm_place: Voicestream) -> Iterator[Voicestream]:
    """Has one supervisor for all its tests, which takes a worker for dead after a short silence."""
    if not warm_place.processes():
        plant(warm_place)
        warm_place.environment["VOICESTREAM_TTS"] = "steady"
        command = [sys.executable, "-P", "-m", "voicestream.supervisor", f"--run-directory={warm_place.runtime}"]
        command += [f"--silence-limit={SILENCE_LIMIT_SECONDS}", "--tts=steady", "--keep-alive=600"]
        # A shell's child, so that nobody here has to wait for it: the place kills it in the end.
        behind = ["sh", "-c", '"$@" > /dev/null 2>&1 &', "sh", *command]
        subprocess.run(behind, env=warm_place.environment, cwd="/", check=True, start_new_session=True)
        wait_until((warm_place.runtime / "hub").exists, "the supervisor is there")
    yield warm_place
    for process in warm_place.processes():
        process.resume()


def undisturbed(place: Voicestream) -> bytes:
    """The file of a session that says ``AGENT`` and is left alone."""
    file = place.cwd / "undisturbed.wav"
    if not file.exists():
        run = place.run(output=file.name)
        run.write(AGENT)
        assert run.finish() == 0, run.stderr
    return file.read_bytes()


# --- killed at random moments


def assert_in_order(run: Run) -> None:
    """What was played was played once and in order, from the first sentence on."""
    played = [event["sentence"] for event in run.of("playback_finished")]
    assert played == list(range(len(played))), run.stderr


def kill(victim: str, run: Run, place: Voicestream) -> None:
    """End this part of what is running, in whatever state it is."""
    if victim in ("client", "both"):
        run.process.kill()
    if victim == "client's group":
        os.killpg(run.process.pid, signal.SIGKILL)
    if victim in ("supervisor", "both"):
        place.kill_supervisor()
    if victim == "supervisor's group":
        for process in place.processes():
            # The others of the group may end while we look at them.
            with suppress(ProcessLookupError, psutil.NoSuchProcess, psutil.ZombieProcess):
                if "voicestream.supervisor" in process.cmdline():
                    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.timeout(600 + 60 * ROUNDS)
@pytest.mark.parametrize(
    "victims", [("supervisor", "supervisor's group"), ("client", "client's group", "both")], ids=" and ".join
)
def test_whoever_is_killed_at_random_moments_a_new_start_works_and_nothing_is_left(
    place: Voicestream, victims: tuple[str, ...]
) -> None:
    plant(place)
    moments = random.Random(f"{SEED} {victims}")
    for number, victim in itertools.product(range(ROUNDS), victims):
        run = place.run("--tts", "steady", "--keep-alive", "0")
        run.write(AGENT)
        if number % 2:  # else: while all of it is still starting
            run.wait_for("session_opened")
        delay_seconds = moments.uniform(0, LATEST_KILL_SECONDS)
        time.sleep(delay_seconds)  # not to be lucky: to kill at a moment that nobody chose
        said = f"seed {SEED}, round {number}, {victim} killed after {delay_seconds:.3f} s"
        kill(victim, run, place)
        if victim.startswith("supervisor"):
            # One that was killed before it had a session is replaced, as if it had never been.
            wait_until(
                lambda run=run: "supervisor has ended" in run.stderr or len(run.of("playback_finished")) == len(TEXTS),
                f"it is known what became of the words ({said})",
                seen=lambda run=run: run.stderr,
            )
            if number == ROUNDS - 1 and "supervisor has ended" in run.stderr:
                wait_until(lambda run=run: "Ctrl-C quits" in run.stderr, f"it tells why it stays ({said})")
            # The agent is read on, whatever became of them: this would raise BrokenPipeError had the reader gone.
            run.write(b'{"":"%s"}\n' % (b"x" * 300_000))
            code = run.finish()
            lost = "supervisor has ended" in run.stderr
            assert code == (1 if lost else 0), f"{said}: {run.stderr}"
            assert lost or len(run.of("playback_finished")) == len(TEXTS), f"{said}: {run.stderr}"
        run.close()
        assert_in_order(run)
    done = place.call("run", "--tts", "steady", "--output", "null", "--keep-alive", "0", stdin=HELLO)
    assert done.returncode == 0, done.stderr
    place.assert_nothing_left()


# --- shared memory of a killed supervisor


@pytest.mark.parametrize("stopped", [(), ("player", "parser"), ("tts", "translation")])
def test_workers_whose_supervisor_is_killed_end_and_remove_its_shared_memory(
    place: Voicestream, stopped: tuple[str, ...]
) -> None:
    assert place.call("up").returncode == 0
    workers = {role: psutil.Process(place.pid_of(role)) for role in ("player", "parser", "tts", "translation")}
    (segment,) = place.segments()
    for role in stopped:
        workers[role].suspend()
    place.kill_supervisor()
    wait_until(lambda: not place.processes(), "all workers have ended", seen=lambda: str(place.processes()))
    assert not segment.exists()


def test_shared_memory_of_a_supervisor_that_died_with_all_its_workers_is_removed_by_the_next_start(
    place: Voicestream,
) -> None:
    assert place.call("up").returncode == 0
    for role in ("player", "parser"):
        place.pid_of(role)
    (segment,) = place.segments()
    # Held here, so that no supervisor of another place removes it; that of this place knows its name.
    held = segment.open("rb")
    fcntl.flock(held, fcntl.LOCK_SH)
    # Stopped first: so nobody can see another one die.
    for process in place.processes():
        process.suspend()
    workers, supervisors = partitioned(place.processes())
    for process in workers + supervisors:
        process.kill()
    wait_until(lambda: not place.processes(), "all are gone")
    assert segment.exists()
    assert place.call("say", "Hello.", "--output", "null", "--keep-alive", "0").returncode == 0
    assert not segment.exists()
    held.close()
    place.assert_nothing_left()


def partitioned(processes: list[psutil.Process]) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """The workers, and the others."""
    workers = [process for process in processes if "voicestream.supervisor" not in process.cmdline()]
    return workers, [process for process in processes if process not in workers]


# --- terminals


class Agent:
    """Prints, through a FIFO, what a test gives it: an agent that is started by a shell."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.command = f"cat {path}"
        # Reading, too: so it can be opened before the shell has started its reader, and ends when we close it.
        self._descriptor = os.open(path, os.O_RDWR)

    def print(self, data: bytes) -> None:
        os.write(self._descriptor, data)

    def end(self) -> None:
        os.close(self._descriptor)


def events_of(place: Voicestream, kind: str) -> list[Event]:
    """What a run with ``--events events`` has written so far."""
    try:
        lines = (place.cwd / "events").read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [event for event in map(json.loads, lines[:-1]) if event["event"] == kind]


def client_of(place: Voicestream) -> psutil.Process:
    """The client of the newest session."""
    return psutil.Process(int(OPENED.findall(place.log_text("supervisor"))[-1]))


def run_command(*options: str) -> str:
    return " ".join([*COMMAND, "run", "--quiet", "--events", "events", *options])


@pytest.mark.parametrize("keep_alive", ["0", "60"])
def test_a_closed_terminal_ends_the_run_and_what_is_to_stay_warm_stays_usable(
    place: Voicestream, keep_alive: str
) -> None:
    agent = Agent(place.home / "agent")
    run = run_command("--output", "null", "--keep-alive", keep_alive)
    # The trap lets this shell live to see the exit code; the programs in it get the signal as it comes.
    script = f"{agent.command} | sh -c 'trap : HUP; {run}; echo $? > code'"
    with Terminal(script, place.environment, place.cwd) as terminal:
        agent.print(HELLO * 3)
        wait_until(lambda: bool(events_of(place, "playback_finished")), "it is heard", seen=lambda: terminal.shown)
        client = client_of(place)
        terminal.close_window()
        wait_until(
            lambda: (place.cwd / "code").exists() and (place.cwd / "code").read_text() != "", "the run has ended"
        )
        assert (place.cwd / "code").read_text() == "129\n"
        wait_until(lambda: not client.is_running(), "the client is gone")
    agent.end()
    if keep_alive == "60":
        wait_until_unused(place)
        wait_until(lambda: len(place.processes()) == 4, "the supervisor and its workers are there")
        done = place.call("run", "--output", "null", "--keep-alive", "0", stdin=HELLO)
        assert done.returncode == 0, done.stderr
    place.assert_nothing_left()


def test_ctrl_z_in_the_terminal_holds_and_fg_goes_on_without_losing_anything(shared_place: Voicestream) -> None:
    place, wanted = shared_place, undisturbed(shared_place)
    agent = Agent(place.home / "agent")
    run = run_command("--output", "held.wav")
    script = f"set -m; {agent.command} | {run}; echo is sto''pped; read line; fg; echo exit co''de $?"
    with Terminal(script, place.environment, place.cwd) as terminal:

        def shown() -> str:
            return terminal.shown

        agent.print(AGENT)
        wait_until(lambda: len(events_of(place, "playback_finished")) >= 3, "it is heard", seen=shown)
        client = client_of(place)
        terminal.type("\x1a")
        wait_until(lambda: "is stopped" in terminal.shown, "the shell has its terminal back", seen=shown)
        assert client.status() == psutil.STATUS_STOPPED
        file = place.cwd / "held.wav"
        sizes: list[int] = []
        # Behind the sentence of another session, what was on its way when the keys were pressed is written.
        for _ in range(2):
            with Session(place.runtime, STEADY) as other:
                other.write(HELLO)
                assert other.finish().exit_code == 0
            sizes.append(file.stat().st_size)
        assert 44 < sizes[0] < len(wanted), "it was held in the midst of the session"
        assert sizes[1] == sizes[0]
        terminal.type("\n")
        agent.end()
        wait_until(lambda: "exit code" in terminal.shown, "it has ended", seen=shown)
        assert "exit code 0" in terminal.shown
    assert file.read_bytes() == wanted


def test_a_run_that_is_killed_while_it_is_suspended_does_not_silence_another(shared_place: Voicestream) -> None:
    other = shared_place.run()
    other.write(HELLO)
    other.wait_for("playback_finished")
    suspended = shared_place.run()
    suspended.write(HELLO)
    suspended.wait_for("playback_finished")
    suspended.process.send_signal(signal.SIGTSTP)
    process = psutil.Process(suspended.process.pid)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it is suspended")
    suspended.process.kill()
    other.write(HELLO)
    other.wait_for("playback_finished", 2)
    assert other.finish() == 0


def test_a_run_that_has_lost_its_supervisor_has_no_say_with_the_next(place: Voicestream) -> None:
    orphan = place.run()
    orphan.write(HELLO)
    orphan.wait_for("playback_finished")
    place.kill_supervisor()
    wait_until(lambda: "supervisor has ended" in orphan.stderr, "it says that it has lost its supervisor")
    other = place.run("--keep-alive", "0")
    other.write(HELLO)
    other.wait_for("playback_finished")
    orphan.process.send_signal(signal.SIGTSTP)
    process = psutil.Process(orphan.process.pid)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it is suspended")
    other.write(HELLO)
    other.wait_for("playback_finished", 2)
    orphan.process.send_signal(signal.SIGCONT)
    assert orphan.finish() == 1
    assert other.finish() == 0


def test_ctrl_z_after_the_session_has_ended_does_not_stop_the_agent(place: Voicestream) -> None:
    place.environment["PULSE_SERVER"] = f"unix:{place.home}/no-such-server"
    place.environment["XDG_RUNTIME_DIR"] = str(place.home)
    run = place.run("--keep-alive", "0", output="speakers")
    run.write(HELLO)
    run.wait_for("session_closed")
    wait_until(lambda: not place.processes(), "the supervisor has ended")
    run.process.send_signal(signal.SIGTSTP)
    process = psutil.Process(run.process.pid)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it is suspended")
    run.process.send_signal(signal.SIGCONT)
    run.write(HELLO * 10_000)  # would raise BrokenPipeError had the reader gone
    assert run.finish() == 69, run.stderr


def test_a_run_that_is_to_outlive_its_terminal_does(shared_place: Voicestream) -> None:
    run = shared_place.run(under=["sh", "-c", 'trap "" HUP; exec "$@"', "sh"])  # as nohup does
    run.write(HELLO)
    run.wait_for("playback_finished")
    run.process.send_signal(signal.SIGHUP)
    run.write(HELLO)
    run.wait_for("playback_finished", 2)
    assert run.finish() == 0, run.stderr


# --- Ctrl-C when somebody does not answer


def wait_until_unused(place: Voicestream) -> None:
    wait_until(lambda: place.status()["supervisor"]["sessions"] == 0, "all sessions have ended")


def supervisor_of(place: Voicestream) -> psutil.Process:
    return next(process for process in place.processes() if "voicestream.supervisor" in process.cmdline())


def test_ctrl_c_ends_the_run_although_the_supervisor_is_frozen(shared_place: Voicestream) -> None:
    run = shared_place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    supervisor = supervisor_of(shared_place)
    supervisor.suspend()
    wait_until(lambda: supervisor.status() == psutil.STATUS_STOPPED, "the supervisor has stopped")
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
    assert supervisor.status() == psutil.STATUS_STOPPED
    supervisor.resume()
    wait_until_unused(shared_place)


PATIENT = """
import sys
from voicestream.client import session as run_session
from voicestream.cli.main import main
run_session.QUIT_SECONDS = 3_600.0
sys.argv[1:] = sys.argv[sys.argv.index("run") :]
main()
"""
"""A client that waits for a supervisor's end for longer than any test."""


def test_a_second_ctrl_c_does_not_wait_for_the_supervisors_end(place: Voicestream) -> None:
    run = place.run("--keep-alive", "0", under=[sys.executable, "-P", "-c", PATIENT])
    run.write(HELLO)
    run.wait_for("playback_finished")
    # A worker that does not answer holds the end up, long enough to freeze the supervisor in the midst of it.
    os.kill(place.pid_of("tts"), signal.SIGSTOP)
    supervisor = supervisor_of(place)
    run.process.send_signal(signal.SIGINT)
    run.wait_for("session_closed")
    supervisor.suspend()
    wait_until(lambda: supervisor.status() == psutil.STATUS_STOPPED, "the supervisor has stopped")
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
    assert supervisor.status() == psutil.STATUS_STOPPED
    supervisor.resume()
    place.assert_nothing_left()


def test_a_reader_of_tee_that_never_reads_does_not_keep_the_run_from_ending_when_told_to(
    shared_place: Voicestream,
) -> None:
    place = shared_place
    wait_until_unused(place)
    closed = place.log_text("supervisor").count("state=closed")
    with subprocess.Popen(
        [*COMMAND, "run", "--tee", "--output", "null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,  # which nobody reads
        env=place.environment,
        cwd=place.cwd,
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(HELLO + b'{"":"%s"}\n' % (b"x" * 1_000_000))
            process.stdin.close()
            wait_until(lambda: place.log_text("supervisor").count("state=closed") > closed, "all is spoken")
            process.send_signal(signal.SIGTERM)
            assert process.wait(remaining()) == 143
        finally:
            process.kill()


# --- a machine that sleeps


@contextmanager
def waking_up(process: psutil.Process) -> Iterator[None]:
    """Afterwards, wait until the process has looked around, and waits again."""
    before = process.num_ctx_switches().voluntary
    yield
    wait_until(lambda: process.num_ctx_switches().voluntary >= before + WAITS, f"{process} is awake")


@pytest.mark.parametrize("who", ["all", "the supervisor alone"])
def test_after_a_sleep_longer_than_any_silence_allowed_nobody_is_taken_for_dead_and_nothing_is_lost(
    shared_place: Voicestream, who: str
) -> None:
    place, wanted = shared_place, undisturbed(shared_place)
    run = place.run(output=f"{who}.wav")
    run.write(AGENT)
    run.wait_for("playback_finished", 5)
    workers = [worker["pid"] for worker in place.status()["workers"]]
    supervisor = supervisor_of(place)
    # The supervisor is the first to wake up: it looks before anybody else could have said anything.
    sleepers = [supervisor]
    if who == "all":
        sleepers += [process for process in place.processes() if process != supervisor]
        sleepers.append(psutil.Process(run.process.pid))
    for sleeper in sleepers:
        sleeper.suspend()
    time.sleep(SLEEP_SECONDS)
    with waking_up(supervisor):
        supervisor.resume()
    for sleeper in sleepers[1:]:
        sleeper.resume()
    run.wait_for("playback_finished", 10)
    assert [worker["pid"] for worker in place.status()["workers"]] == workers
    assert run.finish() == 0, run.stderr
    assert (place.cwd / f"{who}.wav").read_bytes() == wanted


def test_a_worker_that_does_not_wake_up_with_the_others_is_replaced(shared_place: Voicestream) -> None:
    run = shared_place.run()
    run.write(HELLO)
    run.wait_for("playback_finished")
    supervisor = supervisor_of(shared_place)
    frozen = shared_place.pid_of("tts")
    supervisor.suspend()
    os.kill(frozen, signal.SIGSTOP)
    time.sleep(UNATTENDED_SECONDS + 0.5)
    supervisor.resume()
    run.write(HELLO)
    run.wait_for("playback_finished", 2)
    assert "silent for" in run.stderr
    assert run.finish() == 0, run.stderr


ASKING = f"""
import sys
from pathlib import Path
from voicestream.client.connection import Client
from voicestream.protocol.messages import StatusRequest
from voicestream.protocol.run_directory import RunDirectory
with Client(RunDirectory(Path(sys.argv[1]))) as client:
    client.connect()
    print("asks", flush=True)
    print(type(client.ask(StatusRequest(), timeout_seconds={ANSWER_SECONDS})).__name__)
"""


def test_a_client_that_slept_while_it_waited_for_an_answer_still_gets_it(shared_place: Voicestream) -> None:
    place = shared_place
    supervisor = supervisor_of(place)
    supervisor.suspend()
    command = [sys.executable, "-P", "-c", ASKING, str(place.runtime)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=place.environment, cwd="/") as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == b"asks\n"
        asking.send_signal(signal.SIGSTOP)
        time.sleep(ANSWER_SECONDS + 0.2)
        with waking_up(psutil.Process(asking.pid)):  # the supervisor is the slower one
            asking.send_signal(signal.SIGCONT)
        supervisor.resume()
        assert asking.stdout.read() == b"Status\n"
