"""What all workers do alike, shown with a real process that does nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.supervisor import tiny_worker
from voicestream.errors import EXIT_CONFIGURATION
from voicestream.protocol import lifeline
from voicestream.protocol.messages import (
    Beat,
    Cancel,
    Cancelled,
    Drain,
    Hello,
    Loading,
    Ready,
    Silence,
    Speak,
    Stop,
    Stopping,
    WorkFailed,
)
from voicestream.protocol.transport import pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helpers.supervisor.net import Net
    from voicestream.protocol.messages import ToWorker


class Tiny:
    """A tiny worker, started as the supervisor starts its workers."""

    def __init__(self, net: Net, engine: str, gate: Path, parent_pid: int) -> None:
        self._net = net
        self.identity = b"tts.5"
        self.lifeline, theirs = lifeline.make()
        command = [
            sys.executable,
            "-P",
            tiny_worker.__file__,
            "--incarnation=5",
            f"--hub={net.path}",
            f"--parent-pid={parent_pid}",
            f"--lifeline={theirs.fileno()}",
            f"--engine={engine}",
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            env=os.environ | {tiny_worker.GATE_VARIABLE: str(gate)},
        )
        theirs.close()

    def send(self, message: ToWorker) -> None:
        assert self._net.hub.send(self.identity, message)

    def speak(self, text: str, sentence: int = 0, session: str = "s1") -> None:
        self.send(
            Speak(
                session=session,
                sentence=sentence,
                attempt=1,
                text=text,
                language="en",
                voice="",
                speed=1.0,
                seed=1,
                skip_frames=0,
                slots=[],
            )
        )

    def says(self, reason: str) -> None:
        """The next thing it says is this."""
        assert self._net.expect(WorkFailed, self.identity).reason == reason

    def is_ready(self) -> Tiny:
        """Wait until it is."""
        self._net.expect(Hello, self.identity)
        self._net.expect(Loading, self.identity)
        self._net.expect(Ready, self.identity)
        return self

    def ends(self, exit_code: int, reason: str | None = None) -> str:
        """It says why (if it does) and ends; returns what it printed."""
        if reason is not None:
            assert self._net.expect(Stopping, self.identity).reason == reason
        output, _ = self.process.communicate(timeout=remaining())
        assert self.process.returncode == exit_code, output
        return output

    def silent_end(self) -> list[str]:
        """All that it says until it has ended."""
        self.process.wait(remaining())
        said: list[str] = []
        while self._net.hub.socket.poll(50):
            said += [type(message).__name__ for _, message in self._net.hub.receive()]
        return [name for name in said if name != "Beat"]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.lifeline.close()


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A FIFO: who reads it waits until somebody has written."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


@pytest.fixture
def start(net: Net, gate: Path) -> Iterator[Callable[..., Tiny]]:
    """Starts tiny workers and ends them with the test."""
    started: list[Tiny] = []

    def begin(engine: str = "plain", parent_pid: int | None = None) -> Tiny:
        started.append(Tiny(net, engine, gate, os.getpid() if parent_pid is None else parent_pid))
        return started[-1]

    yield begin
    for tiny in started:
        tiny.close()


# --- start


def test_it_says_hello_before_it_loads_and_ready_after_it(start: Callable[..., Tiny], net: Net) -> None:
    tiny = start()
    assert net.expect(Hello, tiny.identity) == Hello(role="tts", incarnation=5, pid=tiny.process.pid)
    assert net.expect(Loading, tiny.identity) == Loading(stage="weights", progress=0.5)
    assert net.expect(Ready, tiny.identity) == Ready(engine="plain", device="cpu")


def test_a_wrong_configuration_ends_with_the_reason_the_hint_and_its_own_exit_code(
    start: Callable[..., Tiny], net: Net
) -> None:
    tiny = start("misconfigured")
    net.expect(Hello, tiny.identity)
    net.expect(Loading, tiny.identity)
    tiny.ends(EXIT_CONFIGURATION, "there are no weights\nTry: voicestream setup")


def test_a_defect_while_loading_ends_the_process_with_a_traceback(start: Callable[..., Tiny], net: Net) -> None:
    tiny = start("broken")
    net.expect(Hello, tiny.identity)
    net.expect(Loading, tiny.identity)
    assert "RuntimeError: loading went wrong" in tiny.ends(1)


# --- jobs


def test_jobs_are_done_in_the_order_in_which_they_were_sent(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    for number in range(20):
        tiny.speak(f"job {number}")
    for number in range(20):
        tiny.says(f"job {number}")


def test_who_wants_something_to_do_while_nothing_comes_is_called(start: Callable[..., Tiny]) -> None:
    tiny = start("ticking").is_ready()
    tiny.says("tick")
    tiny.speak("and then a job")
    tiny.says("and then a job")


def test_a_job_that_raises_ends_the_process_and_what_was_said_before_gets_out(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.speak("fine")
    tiny.speak("raise")
    tiny.says("fine")
    tiny.says("closed")
    said = tiny.ends(1)
    assert "    RuntimeError\n" in said
    assert "deadly" not in said  # the message may quote the sentence


def test_it_beats_while_a_job_takes_long(start: Callable[..., Tiny], net: Net) -> None:
    tiny = start().is_ready()
    tiny.speak("until cancelled")
    tiny.says("begun")
    assert net.next() == (tiny.identity, Beat())


def test_what_cannot_be_sent_is_noticed_where_it_was_said_and_the_link_lives_on(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.speak("what cannot be packed")
    tiny.says("noticed")
    tiny.speak("still here")
    tiny.says("still here")


def test_a_frame_that_is_none_of_its_business_is_left_out(start: Callable[..., Tiny], net: Net) -> None:
    tiny = start().is_ready()
    net.hub.socket.send_multipart((tiny.identity, b"\xc1"))
    net.hub.socket.send_multipart((tiny.identity, pack(Beat())))
    tiny.speak("still here")
    tiny.says("still here")
    tiny.send(Stop())
    tiny.says("closed")
    output = tiny.ends(0, "stop")
    assert "dropped a frame" in output
    assert "dropped a Beat" in output


# --- what was taken back


def test_a_job_in_hand_can_be_taken_back_and_sent_again(start: Callable[..., Tiny], net: Net) -> None:
    tiny = start().is_ready()
    tiny.speak("until cancelled", 3)
    tiny.says("begun")
    tiny.send(Cancel(session="s1", sentence=3))
    tiny.says("cancelled")
    assert net.expect(Cancelled, tiny.identity) == Cancelled(session="s1", sentence=3)
    tiny.speak("again", 3)
    tiny.says("again")


@pytest.mark.parametrize("message", [Cancel(session="s1"), Silence(session="s1")], ids=["cancel", "silence"])
def test_all_of_a_session_can_be_taken_back(start: Callable[..., Tiny], net: Net, message: Cancel | Silence) -> None:
    tiny = start().is_ready()
    tiny.speak("until cancelled", 3)
    tiny.says("begun")
    tiny.speak("queued", 4)
    tiny.speak("another session", 4, session="s2")
    tiny.send(message)
    tiny.says("cancelled")
    tiny.says("queued cancelled")
    tiny.says("another session")
    assert net.expect(Cancelled, tiny.identity) == Cancelled(session="s1")
    tiny.speak("later", 5)
    tiny.says("later")


def test_another_sentence_is_not_taken_back(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.speak("until cancelled", 3)
    tiny.says("begun")
    tiny.speak("queued", 4)
    tiny.send(Cancel(session="s1", sentence=3))
    tiny.says("cancelled")
    tiny.says("queued")


# --- end


def test_stop_leaves_the_job_in_hand_and_those_behind_it(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.speak("until stopped")
    tiny.speak("never begun")
    tiny.says("begun")
    tiny.send(Stop())
    tiny.says("left")
    tiny.says("closed")
    tiny.ends(0, "stop")


def test_drain_finishes_what_was_sent_before_it(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.speak("first")
    tiny.speak("second")
    tiny.send(Drain())
    for word in ("first", "second", "drained", "closed"):
        tiny.says(word)
    tiny.ends(0, "drain")


def test_a_drain_that_a_waiting_job_takes_out_of_the_queue_counts_all_the_same(start: Callable[..., Tiny]) -> None:
    """tts takes what arrives while it waits for slots."""
    tiny = start().is_ready()
    tiny.speak("take the next")
    tiny.says("begun")
    tiny.send(Drain())
    tiny.says("took Drain")
    tiny.says("drained")
    tiny.says("closed")
    tiny.ends(0, "drain")


def test_stop_is_heard_during_a_drain(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.speak("until stopped")
    tiny.says("begun")
    tiny.send(Drain())
    tiny.send(Stop())
    tiny.says("left")
    tiny.says("closed")
    tiny.ends(0, "stop")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_as_the_word_stop_does(start: Callable[..., Tiny], number: signal.Signals) -> None:
    tiny = start().is_ready()
    tiny.speak("until stopped")
    tiny.says("begun")
    tiny.process.send_signal(number)
    tiny.says("left")
    tiny.says("closed")
    tiny.ends(0, "stop")


def test_a_signal_wakes_it_when_it_has_nothing_to_do(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.process.terminate()
    tiny.says("closed")
    tiny.ends(0, "stop")


def test_a_signal_while_it_loads_is_acted_on_when_loading_is_over(
    start: Callable[..., Tiny], net: Net, gate: Path
) -> None:
    tiny = start("gated")
    net.expect(Hello, tiny.identity)
    net.expect(Loading, tiny.identity)
    tiny.process.terminate()
    tiny.process.send_signal(signal.SIGHUP)
    assert net.next() == (tiny.identity, Beat()), "it is still loading"
    gate.write_bytes(b"loaded")
    net.expect(Ready, tiny.identity)
    tiny.says("closed")
    tiny.ends(0, "stop")


def test_ctrl_c_is_the_supervisors_business(start: Callable[..., Tiny]) -> None:
    tiny = start().is_ready()
    tiny.process.send_signal(signal.SIGINT)
    tiny.speak("still here")
    tiny.says("still here")


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_it_ends_with_its_supervisor_though_a_job_is_in_hand(start: Callable[..., Tiny], *, busy: bool) -> None:
    tiny = start().is_ready()
    if busy:
        tiny.speak("until cancelled")
        tiny.says("begun")
    # The job has no end of its own.
    tiny.lifeline.close()
    assert tiny.silent_end() == []
    assert tiny.process.returncode == 0


def test_it_ends_with_its_supervisor_while_it_loads(start: Callable[..., Tiny], net: Net) -> None:
    tiny = start("gated")
    net.expect(Hello, tiny.identity)
    net.expect(Loading, tiny.identity)
    tiny.lifeline.close()
    assert tiny.silent_end() == []
    assert tiny.process.returncode == 0


def test_it_does_not_even_begin_when_its_supervisor_is_gone_already(start: Callable[..., Tiny]) -> None:
    tiny = start(parent_pid=2**22 + 1)
    assert tiny.silent_end() == []
    assert tiny.process.returncode == 0
