"""`voicestream acp` between a editor and an agent: bytes, ends of pipes, signals and exit codes are the agent's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import psutil

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, wait_until

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from helpers.process.running import Event, Voicestream

NOISE = b"\xff\x00 broken {\n" + b'{"jsonrpc":"2.0",\n' + b"x" * 200_000 + b"\n\r\n"


def said(text: str) -> bytes:
    update = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}
    line = {"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "one", "update": update}}
    return json.dumps(line).encode() + b"\n" + b'{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}\n'


class Editor:
    """A process that has started `voicestream acp` in place of an agent."""

    def __init__(self, place: Voicestream, *command: str, options: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "acp", "--output", "null", *options, "--", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=place.environment,
            cwd=place.cwd,
            bufsize=0,
        )

    def exchange(self, data: bytes) -> None:
        """Write to an agent that repeats everything; it must come back unchanged."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        back = bytearray()
        view = memoryview(data)
        while len(back) < len(data):
            if view:
                view = view[self.process.stdin.write(view[:65536]) or 0 :]
            back += self.process.stdout.read(1 << 16)
        assert back == data

    def end(self) -> tuple[int, bytes, str]:
        """Close the agent's stdin; exit code, the rest of stdout, and stderr."""
        out, errors = self.process.communicate(timeout=remaining())
        return self.process.returncode, out, errors.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        self.process.kill()
        self.process.wait()


def events_of(path: Path) -> list[Event]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def played(path: Path) -> list[str]:
    events = events_of(path)
    texts = {event["sentence"]: event["text"] for event in events if event["event"] == "sentence_found"}
    return [texts[event["sentence"]] for event in events if event["event"] == "playback_finished"]


def test_both_directions_are_unchanged_and_the_agents_texts_are_spoken_once(place: Voicestream) -> None:
    events = place.home / "events.jsonl"
    editor = Editor(place, "cat", options=("--events", str(events)))
    editor.exchange(said("The first text.") + NOISE)
    wait_until(lambda: played(events) == ["The first text."], "it was spoken", seen=lambda: str(events_of(events)))
    load = b'{"jsonrpc":"2.0","id":9,"method":"session/load","params":{"sessionId":"one"}}\n'
    editor.exchange(load + said("The first text."))
    editor.exchange(b'{"jsonrpc":"2.0","id":9,"result":null}\n' + said("The second text."))
    wait_until(lambda: len(played(events)) > 1, "the next one was spoken")
    supervisor = psutil.Process(place.supervisor_pid())
    supervisor.suspend()
    for _ in range(50):
        editor.exchange(said("Nobody hears it."))
    supervisor.resume()
    place.kill_supervisor()
    editor.exchange(said("Nor this.") + NOISE)
    code, rest, errors = editor.end()
    assert (code, rest) == (0, b"")
    assert played(events)[:2] == ["The first text.", "The second text."]
    assert "the supervisor has ended" in errors


def test_the_exit_code_is_the_agents(place: Voicestream) -> None:
    for command, code, words in (
        (("sh", "-c", "exit 7"), 7, ""),
        (("sh", "-c", "kill -KILL $$"), -signal.SIGKILL, ""),
        (("no-such-agent",), 127, "there is no such program"),
        (("/etc/passwd",), 126, "it is no program"),
    ):
        found, _, errors = Editor(place, *command).end()
        assert found == code
        assert words in errors


def test_signals_reach_the_agent_and_it_sees_the_end_of_either_pipe(place: Voicestream) -> None:
    with Editor(place, "sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done") as editor:
        assert editor.process.stdout is not None
        assert editor.process.stdout.read(6) == b"ready\n"
        editor.process.send_signal(signal.SIGTERM)
        assert editor.process.wait(remaining()) == 5
    # The editor stops reading: the agent is ended by SIGPIPE, as without us.
    with Editor(place, "sh", "-c", "read line; exec yes") as editor:
        assert editor.process.stdout is not None
        assert editor.process.stdin is not None
        editor.process.stdout.close()
        editor.process.stdin.write(b"go\n")
        assert editor.process.wait(remaining()) == -signal.SIGPIPE
    # The agent closes its stdin: the editor is told.
    with Editor(place, "sh", "-c", "exec <&-; sleep 60") as editor:
        stdin = editor.process.stdin
        assert stdin is not None

        def is_told() -> bool:
            try:
                return not stdin.write(b"x")
            except BrokenPipeError:
                return True

        wait_until(is_told, "the editor's pipe is broken")


def test_a_frozen_speech_process_stops_nobody_and_lost_lines_are_counted(place: Voicestream) -> None:
    events = place.home / "events.jsonl"
    editor = Editor(place, "cat", options=("--events", str(events)))
    editor.exchange(said("Before."))
    wait_until(lambda: bool(played(events)), "it was spoken")
    speech = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(events) in (process.info["cmdline"] or []) and "run" in process.info["cmdline"]
    ]
    assert len(speech) == 1
    speech[0].suspend()
    editor.exchange(said("x" * 4_000_000) * 5)
    code, _, errors = editor.end()
    assert code == 0
    assert "lines of the agent were not spoken: speech was too slow" in errors
    os.kill(speech[0].pid, signal.SIGKILL)
