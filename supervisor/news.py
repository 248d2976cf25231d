"""What all sessions are told about the workers, and about pauses. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.messages import SessionClosed, SessionEvent

if TYPE_CHECKING:
    from voicestream.messages import Loading, Role
    from voicestream.supervisor.ledger.commands import Closed
    from voicestream.supervisor.post import Post


def loading(session: str, post: Post, message: Loading, now: float) -> SessionEvent:
    """How far a worker is with its engine."""
    return SessionEvent(
        event="loading",
        session=session,
        time=now,
        role=post.role,
        incarnation=post.incarnation,
        text=message.stage,
        progress=message.progress,
    )


def refused(session: str, role: Role, reason: str, now: float) -> SessionEvent:
    """A frame of a worker was refused."""
    text = f"a frame of the {role} worker was refused: {reason:.200}"
    return SessionEvent(event="notice", session=session, time=now, role=role, text=text)


def worker(session: str, post: Post, reason: str, now: float) -> SessionEvent:
    """A worker was started, became ready, ended or is given up; ``reason``: why, if there is one to tell."""
    return SessionEvent(
        event="worker",
        session=session,
        time=now,
        role=post.role,
        incarnation=post.incarnation,
        state=post.state,
        engine=post.engine_name or None,
        reason=reason or None,
    )


def paused(session: str, by: str, now: float, *, paused: bool) -> SessionEvent:
    """Everything is held from now on, or goes on; ``by``: what did it."""
    return SessionEvent(
        event="paused" if paused else "resumed", session=session, time=now, reason=by if paused else None
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
