"""Detection of an agent whose output ``voicestream run`` or ``acp`` reads: its hooks would speak every text again.

By ``/proc``, so on Linux only. Imported by hook processes, which an agent waits for: imports little.
"""

from __future__ import annotations

import os

MAX_SHELLS = 3
"""Shells between an agent and its hook process."""

MAX_STAGES = 4
"""Commands of a pipeline that are followed: ``agent | tee FILE | voicestream run``."""

PROC = "/proc"


def is_spoken() -> bool:
    """Return whether the output of the agent that has started this process is read by voicestream."""
    pipe = _output_of_agent()
    if not pipe.startswith("pipe:"):
        return False
    processes = [name for name in os.listdir(PROC) if name.isdecimal()]
    heard = {target for process in processes if _is_reading(process) for target in _targets(process)}
    for _ in range(MAX_STAGES if heard else 0):
        if pipe in heard:
            return True
        reader = next((process for process in processes if _target(f"{PROC}/{process}/fd/0") == pipe), "")
        pipe = _target(f"{PROC}/{reader}/fd/1") if reader else ""
    return False


def _output_of_agent() -> str:
    """Return what the agent writes its output to: the stdout of the first ancestor whose stdout is not ours."""
    ours = _target(f"{PROC}/self/fd/1")
    process = os.getppid()
    for _ in range(MAX_SHELLS):
        found = _target(f"{PROC}/{process}/fd/1")
        if found != ours:
            return found
        process = _parent_of(process)
    return ""


def _is_reading(process: str) -> bool:
    """Return whether a process is a ``voicestream run`` or ``voicestream acp``."""
    try:
        with open(f"{PROC}/{process}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        return False
    return (b"run" in words or b"acp" in words) and any(word.rsplit(b"/", 1)[-1] == b"voicestream" for word in words)


def _targets(process: str) -> list[str]:
    """Return what all descriptors of a process refer to."""
    try:
        return [_target(f"{PROC}/{process}/fd/{name}") for name in os.listdir(f"{PROC}/{process}/fd")]
    except OSError:
        return []


def _parent_of(process: int) -> int:
    try:
        with open(f"{PROC}/{process}/stat", "rb") as file:
            # The name of the program, in parentheses, may have spaces.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
