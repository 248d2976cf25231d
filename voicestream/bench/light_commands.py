"""Durations of ``voicestream --help`` and of a hook process, beside that of an empty interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.bench import first_sound
from voicestream.bench.figures import Figure, percentile
from voicestream.bench.sandbox import COMMAND
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.bench.sandbox import Sandbox

HELP_GOAL_MILLISECONDS: Final = 150.0

HOOK_GOAL_MILLISECONDS: Final = 30.0
"""Beyond an empty interpreter: the agent waits for the process."""

FROZEN_GOAL_MILLISECONDS: Final = 50.0

BARE: Final = (sys.executable, "-c", "pass")

_SESSION: Final = {"session_id": "00000000-0000-4000-8000-000000000000", "prompt_id": "benchmark"}

EVENTS: Final = (
    json.dumps(
        {
            **_SESSION,
            "hook_event_name": "MessageDisplay",
            "message_id": "benchmark",
            "index": 1,
            "final": False,
            "delta": "The test passes now, and everything is green.\n\n",
        }
    ).encode(),
    json.dumps(
        {
            **_SESSION,
            "hook_event_name": "Stop",
            "agent_id": "benchmark",
            "last_assistant_message": "The test passes now, and everything is green.\n\n" * 50,
        }
    ).encode(),
)
"""Second piece of a message of which no first one comes, and the end of a sub-agent's turn: nothing is spoken."""


def measure_help(sandbox: Sandbox, runs: int) -> tuple[Figure, Figure]:
    """Measure ``--help`` and an empty interpreter alternately, so that both see the same load."""
    ours, bare = _alternately("--help", sandbox, runs)
    return (
        Figure(name="help", title="voicestream --help", unit="ms", samples=tuple(ours), goal=HELP_GOAL_MILLISECONDS),
        Figure(name="bare_python", title="python -c pass", unit="ms", samples=tuple(bare)),
    )


def measure_hook(sandbox: Sandbox, runs: int) -> tuple[Figure, ...]:
    """Measure a hook process and an empty interpreter alternately: supervisor running, frozen, and killed."""
    _milliseconds([*COMMAND, "up", *first_sound.built_in_voice()], sandbox)
    supervisor = sandbox.supervisor()
    if supervisor is None:
        raise VoicestreamError("the supervisor has ended")
    running = _hook_figure("hook", "voicestream hook, beyond python -c pass", HOOK_GOAL_MILLISECONDS, sandbox, runs)
    supervisor.suspend()
    try:
        frozen = _hook_figure("hook_frozen", "the same, supervisor frozen", FROZEN_GOAL_MILLISECONDS, sandbox, runs)
    finally:
        supervisor.resume()
    supervisor.kill()
    supervisor.wait()
    killed = _hook_figure("hook_killed", "the same, supervisor killed", FROZEN_GOAL_MILLISECONDS, sandbox, runs)
    # It takes what is still being delivered; a hook may have started one already, with the default voice.
    _milliseconds([*COMMAND, "up"], sandbox)
    return running, frozen, killed


def _hook_figure(name: str, title: str, goal: float, sandbox: Sandbox, runs: int) -> Figure:
    ours, bare = _alternately("hook", sandbox, runs, EVENTS)
    return Figure(
        name=name,
        title=title,
        unit="ms",
        samples=tuple(one - other for one, other in zip(ours, bare, strict=True)),
        goal=goal,
        parts={"voicestream hook": percentile(ours, 50), "python -c pass": percentile(bare, 50)},
    )


def _alternately(
    argument: str, sandbox: Sandbox, runs: int, stdin: Sequence[bytes] = (b"",)
) -> tuple[list[float], list[float]]:
    """Return milliseconds of our command and of an empty interpreter, run in turn; the first pair is left out."""
    pairs = [
        (_milliseconds([*_command(), argument], sandbox, stdin[run % len(stdin)]), _milliseconds(BARE, sandbox))
        for run in range(runs + 1)
    ][1:]
    return [ours for ours, _ in pairs], [bare for _, bare in pairs]


def _command() -> list[str]:
    script = Path(sys.executable).with_name("voicestream")
    return [str(script)] if script.exists() else list(COMMAND)


def _milliseconds(command: Sequence[str], sandbox: Sandbox, stdin: bytes = b"") -> float:
    begun_at = time.perf_counter()
    done = subprocess.run(
        command,
        env=sandbox.environment,
        cwd=sandbox.home,
        input=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - begun_at
    if done.returncode:
        printed = done.stderr.decode(errors="replace").strip()
        raise VoicestreamError(f"{' '.join(command)} ended with exit code {done.returncode}: {printed}")
    return seconds * 1000
