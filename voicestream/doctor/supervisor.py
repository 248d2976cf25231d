"""Findings about the running supervisor and its workers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream import __version__
from voicestream.client import rpc
from voicestream.doctor.finding import Finding
from voicestream.errors import NoSupervisorError
from voicestream.protocol.messages import Status, StatusRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.protocol.messages import SupervisorStatus

ANSWER_SECONDS: Final = 5.0
"""Timeout of the status, which takes some milliseconds."""


def supervisor() -> Iterator[Finding]:
    """Report version, interpreter and workers of the running supervisor."""
    try:
        answer = rpc.call(StatusRequest(), Status, timeout_seconds=ANSWER_SECONDS)
    except NoSupervisorError:
        yield Finding("supervisor", "ok", "none is running; the next voicestream run starts one")
        return
    yield _of_supervisor(answer.supervisor)
    if answer.supervisor.paused:
        yield Finding("supervisor", "note", f"paused by {answer.supervisor.paused_by}", "voicestream resume")
    for worker in answer.workers:
        name = f"worker {worker.role}:{worker.engine}".removesuffix(":")
        hint = f"voicestream workers logs {worker.role}"
        if worker.state == "failed":
            reason, _, cure = (worker.detail or worker.last_exit or "").partition("\n")
            yield Finding(name, "problem", f"failed: {reason}", cure.removeprefix("Try: ") or hint)
        elif worker.failures:
            yield Finding(name, "note", f"failures: {worker.failures}; last exit: {worker.last_exit}", hint)


def _of_supervisor(found: SupervisorStatus) -> Finding:
    interpreter = _interpreter(found.pid)
    text = f"pid {found.pid}, version {found.version}, {interpreter or 'interpreter unknown'}"
    if found.version != __version__:
        return Finding("supervisor", "note", f"{text}; this is version {__version__}", "voicestream down")
    if interpreter and interpreter != sys.executable:
        return Finding("supervisor", "note", f"{text}; this command uses {sys.executable}", "voicestream down")
    return Finding("supervisor", "ok", text)


def _interpreter(pid: int) -> str:
    """Return the path of the Python that a process runs; empty where the system does not tell (macOS)."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""
