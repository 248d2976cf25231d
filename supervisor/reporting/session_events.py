"""Session events about workers and pauses. Sans-I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.protocol.messages import EventName, SessionClosed, SessionEvent

if TYPE_CHECKING:
    from voicestream.protocol.messages import Loading, Role
    from voicestream.supervisor.ledger.commands import Closed
    from voicestream.supervisor.processes.worker_record import WorkerRecord


class Notes:
    """Notes on better engines that are unavailable, each shown once, in the first session that can show it."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def of(self, record: WorkerRecord, *, told: bool) -> str:
        """Return the note of a worker if it was not shown yet; ``told``: a session shows it now."""
        note = record.note
        if note in self._told or not told:
            return ""
        self._told.add(note)
        return note


def loading(session: str, record: WorkerRecord, message: Loading, now: float) -> SessionEvent:
    """Return the event for a worker's loading progress."""
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
    """Return the event for a refused frame of a worker."""
    text = f"a frame of the {role} worker was refused: {reason:.200}"
    return SessionEvent(event=EventName.NOTICE, session=session, time=now, role=role, text=text)


def worker(session: str, record: WorkerRecord, reason: str, now: float, *, text: str = "") -> SessionEvent:
    """Return the event for a worker that was started, became ready, ended or failed for good.

    Args:
        session: receives the event.
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
    """Return the event for a pause of all sessions, or its end; ``by`` is the cause."""
    return SessionEvent(
        event=EventName.PAUSED if paused else EventName.RESUMED,
        session=session,
        time=now,
        reason=by if paused else None,
    )


def closed(end: Closed, *, supervisor_ends: bool) -> SessionClosed:
    """Return the message for the end of a session."""
    return SessionClosed(
        session=end.session,
        counts=end.counts,
        exit_code=end.exit_code,
        reason=end.reason,
        supervisor_ends=supervisor_ends,
    )
