"""Hook processes of an interactive agent, and the supervisor that they feed."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining, takes
from helpers.process.running import COMMAND, wait_until
from helpers.voices import writing_voice
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.process.running import Voicestream

TAKE_SECONDS = 40
"""More than one comparison takes on a busy machine."""

SESSION = "00000000-0000-4000-8000-000000000001"

DIRECTORY = "/srv/the api"
"""Working directory of the agent, which it names in all its events: any of the first ones may start the supervisor."""


def event(name: str, *, turn: str = "p1", **fields: object) -> bytes:
    common = {"session_id": SESSION, "cwd": DIRECTORY, "prompt_id": turn, "hook_event_name": name}
    return json.dumps(common | fields).encode()


def piece(index: int, text: str, *, final: bool = False, message: str = "m") -> bytes:
    return event("MessageDisplay", message_id=message, index=index, delta=text, final=final, turn_id="t")


class Agent:
    """Somebody whose hooks run in a place, with a voice that writes down what it says."""

    def __init__(self, place: Voicestream) -> None:
        self.place = place
        self.spoken = place.home / "spoken"
        folder = place.home / "voice"
        folder.mkdir()
        place.environment |= {
            "PYTHONPATH": writing_voice.plug_in(folder),
            "VOICESTREAM_TTS": writing_voice.NAME,
            "VOICESTREAM_OUTPUT": "null",
            "VOICESTREAM_KEEP_ALIVE": "30",
            writing_voice.FILE_VARIABLE: str(self.spoken),
        }

    def begin(self, data: bytes, *options: str) -> subprocess.Popen[bytes]:
        """Start a hook process that has its event."""
        process = subprocess.Popen(
            [*COMMAND, "hook", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.place.environment,
            cwd=self.place.cwd,
        )
        assert process.stdin is not None
        process.stdin.write(data)
        process.stdin.close()
        process.stdin = None
        return process

    def hook(self, data: bytes, *options: str) -> None:
        """Run a hook process to its end, which is always the same."""
        self.end(self.begin(data, *options))

    @staticmethod
    def end(process: subprocess.Popen[bytes]) -> None:
        """Wait for a hook process."""
        stdout, stderr = process.communicate(timeout=remaining())
        assert (process.returncode, stdout, stderr) == (0, b"", b"")

    def start(self) -> None:
        """The agent's session begins, and with it the supervisor."""
        self.hook(event("SessionStart"), "--start")
        wait_until(lambda: self.place.runtime.exists() and self.has_session(), "the session is open")

    def said(self) -> list[str]:
        """What the voice was told to say."""
        return self.spoken.read_text().splitlines() if self.spoken.exists() else []

    def wait_for(self, *texts: str) -> None:
        """Wait until exactly these texts were said."""
        wait_until(lambda: len(self.said()) >= len(texts), f"{texts} are said", seen=lambda: str(self.said()))
        assert self.said() == list(texts)

    def has_session(self) -> bool:
        """Whether the supervisor has a session for the hooks."""
        try:
            return bool(self.place.status()["supervisor"]["sessions"])
        except VoicestreamError:
            return False


@pytest.fixture
def agent(place: Voicestream) -> Agent:
    """An agent without a supervisor."""
    return Agent(place)


@contextmanager
def frozen(agent: Agent) -> Iterator[None]:
    """The supervisor, stopped for a while."""
    pid = agent.place.supervisor_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_turn_is_spoken_while_it_is_written_by_a_supervisor_that_the_first_hook_starts(agent: Agent) -> None:
    agent.hook(event("UserPromptSubmit", prompt="fix it"), "--start")
    agent.hook(piece(0, "I found the bug.\n\n"), "--start")
    agent.wait_for("I found the bug.")
    agent.hook(piece(1, "It is mended.", final=True), "--start")
    agent.hook(event("Stop", last_assistant_message="I found the bug.\n\nIt is mended."), "--start")
    agent.hook(event("SubagentStop", agent_id="a", last_assistant_message="Inner words."), "--start")
    agent.hook(event("PermissionRequest", tool_name="Bash", tool_input={"command": "rm -r /"}))
    agent.wait_for("I found the bug.", "It is mended.", "Claude asks to run a command.")
    agent.hook(event("SessionEnd"))
    wait_until(lambda: not agent.has_session(), "the session is closed")
    assert agent.place.call("down").returncode == 0
    agent.place.assert_nothing_left()
    (kept,) = json.loads(agent.place.call("history", "--json").stdout)["sessions"]
    assert [kept[key] for key in ("agent", "project", "sentences")] == ["claude", "the api", 2]


def test_thirty_processes_at_once_are_said_once_and_in_order(agent: Agent) -> None:
    texts = [f"This is sentence number {number}." for number in range(14)]
    agent.start()
    events = [piece(index, f"{text}\n\n", final=index == len(texts) - 1) for index, text in enumerate(texts)]
    events = [*events, event("Stop", last_assistant_message="\n\n".join(texts))] * 2
    random.Random(7).shuffle(events)
    # Frozen, so that a slow machine does not spread them over a longer time than a missing piece is waited for.
    with frozen(agent):
        processes = [agent.begin(one) for one in events]
        for process in processes:
            agent.end(process)
    agent.wait_for(*texts)
    agent.hook(event("SessionEnd"))
    wait_until(lambda: not agent.has_session(), "the session is closed")
    assert agent.said() == texts


def test_a_supervisor_that_is_killed_in_the_middle_doubles_nothing(agent: Agent) -> None:
    agent.hook(piece(0, "The first paragraph.\n\n"), "--start")
    agent.wait_for("The first paragraph.")
    agent.hook(piece(1, "The second paragraph.\n\n"))
    agent.wait_for("The first paragraph.", "The second paragraph.")
    agent.place.kill_supervisor()
    wait_until(lambda: not agent.place.processes(), "all is gone")
    agent.hook(piece(1, "The second paragraph.\n\n"), "--start")
    agent.hook(
        event("Stop", last_assistant_message="The first paragraph.\n\nThe second paragraph.\n\nThe end."), "--start"
    )
    agent.wait_for("The first paragraph.", "The second paragraph.", "The end.")
    agent.hook(event("Stop", last_assistant_message="The first paragraph.\n\nThe second paragraph.\n\nThe end."))
    agent.hook(event("SessionEnd"))
    wait_until(lambda: not agent.has_session(), "the session is closed")
    assert len(agent.said()) == 3


def test_texts_that_wait_for_the_supervisor_are_said_in_the_order_of_their_events(agent: Agent) -> None:
    texts = [f"This is text number {number}." for number in range(8)]
    for number, text in enumerate(texts):
        agent.hook(piece(0, text, final=True, message=f"m{number}"), "--start")
    agent.hook(event("SessionEnd"), "--start")
    agent.wait_for(*texts)


def test_without_a_supervisor_a_hook_does_nothing_unless_it_is_told_to_start_one(agent: Agent) -> None:
    agent.hook(piece(0, "Nobody hears this."))
    agent.hook(b"")
    assert not agent.place.runtime.exists()
    assert not agent.place.logs.exists()


def test_a_supervisor_that_is_frozen_killed_starting_or_not_there_costs_an_agent_little(agent: Agent) -> None:
    events = (piece(9, "x"), event("Stop", agent_id="a", last_assistant_message="Inner words. " * 300))

    def seconds(*command: str, data: bytes = b"") -> float:
        begun_at = time.perf_counter()
        done = subprocess.run(command, input=data, env=agent.place.environment, check=True, stdout=subprocess.PIPE)
        assert done.stdout == b""
        return time.perf_counter() - begun_at

    def costs_little(*options: str) -> bool:
        """Compare the least costs so far, because other tests run beside: a hook that waits never comes near."""
        hooks: list[float] = []
        pythons: list[float] = []
        for _ in takes(TAKE_SECONDS):
            if options:  # each round finds a supervisor that is starting
                agent.place.kill_supervisor()
            for one in events * 3:
                hooks.append(seconds(*COMMAND, "hook", *options, data=one))
                pythons.append(seconds(sys.executable, "-c", "pass"))
            if min(hooks) < 0.05 + 3 * min(pythons):
                return True
        return False

    assert costs_little()
    agent.start()
    with frozen(agent):
        assert costs_little()
    agent.place.kill_supervisor()
    assert costs_little()
    assert costs_little("--start")
    wait_until(agent.has_session, "another supervisor has opened the session")


def test_no_event_whatever_disturbs_the_agent_or_the_supervisor(agent: Agent) -> None:
    agent.start()
    for data in (b"no JSON", b"{}", b"[1]", event("Stop", session_id="a b"), b"\xff\n\n\xfe", b"x" * 2_000_000):
        agent.hook(data)
    agent.hook(piece(0, "It still speaks.", final=True))
    agent.wait_for("It still speaks.")
    assert agent.place.status()["supervisor"]["frames_dropped"] == 5
    wait_until(lambda: "an event of 2000000 bytes" in agent.place.log_text("hook"), "it is logged")


AGENT = """
import subprocess, sys
hook, event, line = sys.argv[1:]
subprocess.run(["/bin/sh", "-c", hook + "; true"], input=event.encode(), stdout=subprocess.PIPE, check=True)
print(line, flush=True)
"""
"""An agent without a terminal that runs a hook in a shell, and prints what it writes."""


@pytest.mark.skipif(sys.platform != "linux", reason="there is /proc on Linux only")
def test_an_agent_in_the_pipe_of_run_is_not_spoken_by_its_hooks_again(agent: Agent) -> None:
    run = agent.place.run("--from", "en")
    text = json.dumps({"type": "assistant", "message": {"content": [{"type": "text", "text": "It is said once."}]}})
    hooked = piece(0, "It is said once.", final=True).decode()
    command = [sys.executable, "-c", AGENT, shlex.join([*COMMAND, "hook", "--start"]), hooked, text]
    with subprocess.Popen(["tee"], stdin=subprocess.PIPE, stdout=run.process.stdin) as tee:
        subprocess.run(command, stdout=tee.stdin, env=agent.place.environment, check=True, timeout=remaining())
    assert run.finish() == 0
    assert agent.said() == ["It is said once."]


RELAY = """
import socket, sys
here, there = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(here)
listener.listen()
while True:
    peer, _ = listener.accept()
    with peer, socket.socket(socket.AF_UNIX) as onward:
        onward.connect(there)
        while data := peer.recv(65536):
            onward.sendall(data)
"""
"""The other end of ``ssh -R``."""


def test_gemini_on_another_machine_is_heard_through_a_forwarded_socket(agent: Agent) -> None:
    socket = agent.place.home / "forwarded"
    transcript = agent.place.home / "transcript.jsonl"
    messages = [{"id": "p", "type": "user", "content": [{"text": "fix it"}]}]
    fields = {"transcript_path": str(transcript), "timestamp": "2026-01-01T00:00:00.000Z"}

    def hook(name: str, **more: object) -> None:
        agent.hook(event(name, **fields, **more), "--agent", "gemini", "--connect", str(socket))

    hook("SessionStart")
    wait_until(lambda: "No such file" in agent.place.log_text("hook"), "it is logged that there is no socket")
    assert not agent.place.runtime.exists(), "no supervisor was started"
    assert agent.place.call("up").returncode == 0
    relay = subprocess.Popen([sys.executable, "-c", RELAY, str(socket), str(agent.place.runtime / "hook")])
    try:
        wait_until(socket.exists, "the socket is forwarded")
        for name, text in (("BeforeTool", "I look first."), ("BeforeTool", ""), ("AfterAgent", "It is mended.")):
            messages += [{"id": text, "type": "gemini", "content": text}]
            transcript.write_text("".join(json.dumps(one) + "\n" for one in messages))
            hook(name, prompt_response="I lo ok. It is mend ed.")
        agent.wait_for("I look first.", "It is mended.")
        hook("SessionEnd")
        wait_until(lambda: not agent.has_session(), "the session is closed")
        assert agent.said() == ["I look first.", "It is mended."]
    finally:
        relay.kill()
        relay.wait()
    hook("SessionStart")
    wait_until(lambda: "Connection refused" in agent.place.log_text("hook"), "it is logged that nobody is there")


def test_nothing_is_sent_into_a_run_directory_that_others_can_read(agent: Agent) -> None:
    agent.place.runtime.mkdir(mode=0o755)
    agent.place.runtime.chmod(0o755)
    agent.hook(piece(0, "A secret."), "--start")
    wait_until(lambda: "not private" in agent.place.log_text("hook"), "the reason is logged")
    assert "A secret" not in agent.place.log_text("hook")


def test_the_session_of_an_agent_follows_its_project_and_its_environment(agent: Agent) -> None:
    def begin(name: str, settings: str, **environment: str) -> None:
        folder = agent.place.home / name
        (folder / "src").mkdir(parents=True)
        (folder / ".voicestream.toml").write_text(settings)
        begun = {"session_id": name, "hook_event_name": "SessionStart", "cwd": str(folder / "src")}
        before, agent.place.environment = agent.place.environment, agent.place.environment | environment
        agent.hook(json.dumps(begun).encode(), "--start")
        agent.place.environment = before

    def languages() -> list[str]:
        done = agent.place.call("status", "--json")
        return [one["language"] for one in json.loads(done.stdout)["sessions"]] if done.returncode == 0 else []

    # The supervisor inherits a language from whoever starts it, which is not that of other agents.
    begin("one", 'from = "de"', VOICESTREAM_FROM="fr")
    wait_until(lambda: languages() == ["fr"], "the first session is open", seen=lambda: str(languages()))
    begin("two", 'from = "de"\noutput = "/etc/passwd"')
    wait_until(lambda: languages() == ["fr", "de"], "the second session is open", seen=lambda: str(languages()))
    assert "output is not allowed in .voicestream.toml" in agent.place.call("hook", "status").stdout
    begin("three", "enabled = false")
    log = agent.place.logs / "supervisor.log"
    wait_until(lambda: "feed=claude:three state=disabled" in log.read_text(), "it is known", seen=log.read_text)
    assert languages() == ["fr", "de"]
