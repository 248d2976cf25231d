"""The agent never waits for us, and nothing of its project is ever imported by us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line

if TYPE_CHECKING:
    from helpers.process.running import Run, Voicestream

MIB = 1 << 20


def tool_result(size: int) -> bytes:
    """A line as tools print them: long, and silent."""
    content = [{"type": "tool_result", "tool_use_id": "t", "content": "x" * size}]
    message = {"type": "user", "message": {"role": "user", "content": content}, "session_id": "s"}
    return json.dumps(message).encode() + b"\n"


def seconds_of_writing(run: Run, size: int, *, says: str = "") -> float:
    """How long an agent waits in all for its pipe to take so many bytes, with some sentences among them."""
    data = tool_result(32_000)
    waited = 0.0
    for number in range(size // len(data)):
        data_now = line(f"{says} {number}.") + data if says and number % 200 == 0 else data
        began = time.monotonic()
        run.write(data_now)
        waited += time.monotonic() - began
    return waited


def test_64_mib_are_accepted_without_waiting_while_tts_is_frozen(place: Voicestream) -> None:
    run = place.run()
    run.write(line("Before."))
    run.wait_for("playback_finished")
    tts = place.pid_of("tts")
    undisturbed = seconds_of_writing(run, 16 * MIB)
    os.kill(tts, signal.SIGSTOP)
    try:
        frozen = seconds_of_writing(run, 64 * MIB, says="While frozen")
        assert len(run.of("playback_finished")) == 1, "it was not frozen"
    finally:
        os.kill(tts, signal.SIGCONT)
    # The control meets the same machine. Who waited for a voice would wait for good.
    assert frozen < 10 * 4 * undisturbed, (frozen, undisturbed)
    assert run.finish() == 0, run.stderr
    assert run.events[-1]["counts"]["played"] == run.events[-1]["counts"]["found"] > 10


def test_a_reader_of_tee_that_stops_does_not_stop_the_agent_and_gets_all_in_the_end(place: Voicestream) -> None:
    data = tool_result(32_000) * 100
    run = subprocess.Popen(
        [*COMMAND, "run", "--tee", "--output", "null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=place.environment,
        cwd=place.cwd,
        bufsize=0,
    )
    assert run.stdin is not None
    # Far more than the pipes hold, and nobody reads what is passed on: this would wait for ever if we did.
    run.stdin.write(data)
    passed_on, errors = run.communicate(timeout=remaining())
    assert run.returncode == 0, errors
    assert passed_on == data


HOSTILE = """
import os, pathlib
pathlib.Path(os.environ["VOICESTREAM_CANARY"]).write_text(__name__)
raise SystemExit("hostile")
"""


def test_nothing_of_the_directory_it_runs_in_is_imported(place: Voicestream) -> None:
    canary = place.home / "canary"
    place.environment["VOICESTREAM_CANARY"] = str(canary)
    for name in ("json", "zmq", "click", "msgpack", "numpy", "sitecustomize", "usercustomize"):
        (place.cwd / f"{name}.py").write_text(HOSTILE)
    for name in ("voicestream", "workers", "supervisor"):
        (place.cwd / name).mkdir()
        (place.cwd / name / "__init__.py").write_text(HOSTILE)
        (place.cwd / name / "__main__.py").write_text(HOSTILE)
    run = place.run("--keep-alive", "0", output="out.wav")
    run.write(line("Hello world."))
    assert run.finish() == 0, run.stderr
    assert not canary.exists(), canary.read_text()
