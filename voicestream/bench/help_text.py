"""Duration of ``voicestream --help``, beside that of an empty interpreter."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.bench.figures import Figure
from voicestream.bench.sandbox import COMMAND
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.bench.sandbox import Sandbox

GOAL_MILLISECONDS: Final = 150.0


def measure(sandbox: Sandbox, runs: int) -> tuple[Figure, Figure]:
    """Measure both alternately, so that both see the same load."""
    script = Path(sys.executable).with_name("voicestream")
    command = [str(script)] if script.exists() else list(COMMAND)
    ours: list[float] = []
    bare: list[float] = []
    for number in range(runs + 1):
        seconds = _seconds([*command, "--help"], sandbox), _seconds([sys.executable, "-c", "pass"], sandbox)
        if number:
            ours.append(seconds[0] * 1000)
            bare.append(seconds[1] * 1000)
    return (
        Figure(name="help", title="voicestream --help", unit="ms", samples=tuple(ours), goal=GOAL_MILLISECONDS),
        Figure(name="bare_python", title="python -c pass", unit="ms", samples=tuple(bare)),
    )


def _seconds(command: Sequence[str], sandbox: Sandbox) -> float:
    begun_at = time.perf_counter()
    done = subprocess.run(
        command,
        env=sandbox.environment,
        cwd=sandbox.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    seconds = time.perf_counter() - begun_at
    if done.returncode:
        raise VoicestreamError(f"{' '.join(command)} ended with exit code {done.returncode}")
    return seconds
