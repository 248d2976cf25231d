"""What all sessions are told about the workers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.messages import SessionEvent

if TYPE_CHECKING:
    from voicestream.messages import Loading, Role
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
