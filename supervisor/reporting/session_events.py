"""Events about the workers and about pauses, for all sessions. Sans-I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.protocol.messages import EventName, SessionClosed, SessionEvent

if TYPE_CHECKING:
    from voicestream.protocol.messages import Loading, Role
    from voicestream.supervisor.ledger.commands import Closed
    from voicestream.supervisor.processes.worker_record import WorkerRecord


class Notes:
    """Notes on what better engines lack: each is told once, in the first session that it concerns and that shows it."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def of(self, record: WorkerRecord, *, told: bool) -> str:
        """The note of a worker, if it was not told yet; ``told``: a session shows it, so it counts as told."""
        note = record.note
        if note in self._told or not told:
            return ""
        self._told.add(note)
        return note


def loading(session: str, record: WorkerRecord, message: Loading, now: float) -> SessionEvent:
    """How far a worker is with its engine."""
    return SessionEvent(
        event=EventName.LOADING,
        session=session,
        time=now,
        role=record.role,
        incarnation=record.incarnation,
        text=message.stage,
        progress=message.progress,
    )


def refused(session: str, role: Role, reason: str, now: float) -> SessionEvent:
    """A frame of a worker was refused."""
    text = f"a frame of the {role} worker was refused: {reason:.200}"
    return SessionEvent(event=EventName.NOTICE, session=session, time=now, role=role, text=text)


def worker(session: str, record: WorkerRecord, reason: str, now: float, *, text: str = "") -> SessionEvent:
    """A worker was started, became ready, ended or is given up.

    Args:
        session: that is told.
        record: of the worker.
        reason: why, if there is one to tell.
        now: seconds on the monotonic clock.
        text: what a person should know of it, if anything.
    """
    return SessionEvent(
        event=EventName.WORKER,
        session=session,
        time=now,
        role=record.role,
        incarnation=record.incarnation,
        state=record.state,
        engine=record.engine_name or None,
        reason=reason or None,
        text=text or None,
    )


def paused(session: str, by: str, now: float, *, paused: bool) -> SessionEvent:
    """Everything is held from now on, or goes on; ``by``: what did it."""
    return SessionEvent(
        event=EventName.PAUSED if paused else EventName.RESUMED,
        session=session,
        time=now,
        reason=by if paused else None,
    )


def closed(end: Closed, *, supervisor_ends: bool) -> SessionClosed:
    """The end of a session."""
    return SessionClosed(
        session=end.session,
        counts=end.counts,
        exit_code=end.exit_code,
        reason=end.reason,
        supervisor_ends=supervisor_ends,
    )
