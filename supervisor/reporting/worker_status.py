"""Worker status: the answer to ``workers status``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream import __version__
from voicestream.protocol.messages import Latency, SupervisorStatus, WorkerStatus

if TYPE_CHECKING:
    from voicestream.protocol.messages import Role, WorkerState
    from voicestream.supervisor.ledger.slots import SlotTable
    from voicestream.supervisor.processes.worker_record import WorkerRecord
    from voicestream.supervisor.reporting.overview import Overview

_HAS_PROC: Final = Path("/proc/self/statm").exists()


def of_worker(record: WorkerRecord, in_flight: int, sessions: int, now: float) -> WorkerStatus:
    """Return the status of one worker."""
    pid = record.process.pid if record.process else None
    state: WorkerState = "busy" if record.state == "ready" and in_flight else record.state
    return WorkerStatus(
        role=record.role,
        pid=pid,
        incarnation=record.incarnation,
        state=state,
        engine=record.engine_name,
        device=record.ready.device if record.ready else "",
        uptime_seconds=round(now - record.started_at, 3) if record.process else 0.0,
        restarts=record.restarts,
        in_flight=in_flight,
        latency_ms=record.latency(),
        memory_bytes=memory_bytes(pid) if pid is not None else 0,
        last_exit=record.last_exit,
        failures=record.failures,
        detail=record.detail or record.note,
        sessions=sessions,
    )


def not_started(role: Role) -> WorkerStatus:
    """Return the status of a role without a worker."""
    return WorkerStatus(
        role=role,
        pid=None,
        incarnation=0,
        state="not_started",
        engine="",
        device="",
        uptime_seconds=0.0,
        restarts=0,
        in_flight=0,
        latency_ms=Latency(),
        memory_bytes=0,
        last_exit=None,
    )


def of_supervisor(
    *,
    uptime_seconds: float,
    sessions: int,
    keep_alive_seconds: float,
    run_directory: str,
    slots: SlotTable,
    frames_dropped: int,
    paused_by: str,
    overview: Overview,
) -> SupervisorStatus:
    """Return the status of the supervisor."""
    return SupervisorStatus(
        pid=os.getpid(),
        version=__version__,
        uptime_seconds=round(uptime_seconds, 3),
        sessions=sessions,
        keep_alive_seconds=keep_alive_seconds,
        run_directory=run_directory,
        free_slots=slots.free,
        total_slots=slots.total,
        frames_dropped=frames_dropped,
        memory_bytes=memory_bytes(os.getpid()),
        paused=bool(paused_by),
        paused_by=paused_by,
        behind_seconds=round(overview.behind_seconds, 3),
        waiting_sentences=overview.waiting_sentences,
        speaking_session=overview.speaking_session,
        playback=overview.playback,
    )


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 if it has ended."""
    if _HAS_PROC:
        try:
            pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    import psutil  # noqa: PLC0415 - at the top it would cost every start of a supervisor 20 ms

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
