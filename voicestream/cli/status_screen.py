"""Status screen: the supervisor's status as lines for people, and as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from voicestream.cli.columns import INDENT, Column, cells, table, wrapped
from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from voicestream.protocol.messages import EngineRole, Role, SessionFailure, SessionStatus, Status, WorkerStatus

MAX_SESSIONS: Final = 6
"""Sessions shown with a line each."""

MAX_TEXT_LINES: Final = 2
"""Lines of the sentence that is being played."""

_COLUMNS: Final = (
    Column("session"),
    Column("client", 2),
    Column("open", 3),
    Column("waiting"),
    Column("behind"),
    Column("output", 1),
)


def lines(status: Status, width: int, height: int | None) -> list[str]:
    """Format ``voicestream status``: at most ``width`` cells a line, and at most ``height`` lines if limited."""
    found = [*_now(status, width), *_playback(status), *_sessions(status.sessions, width), *_engines(status, width)]
    found += _problems(status, width)
    found = [_cut(line, width) for line in found]
    if height is not None and len(found) > height:
        found = [*found[: height - 1], "… more: voicestream workers status"]
    return found


def as_json(status: Status) -> dict[str, object]:
    """Format the status as JSON with every field; docs/internals/protocol.md describes it."""
    return {
        "paused": status.supervisor.paused,
        "paused_by": status.supervisor.paused_by,
        "playback": msgspec.structs.asdict(status.supervisor.playback),
        "sessions": [msgspec.structs.asdict(session) for session in status.sessions],
        "voice": _engine_fields(status, "tts"),
        "translator": _engine_fields(status, "translation"),
        "problems": [{"role": role, "text": text, "hint": hint} for role, text, hint in _worker_problems(status)],
        "failures": [
            {**msgspec.structs.asdict(failure), "counts": msgspec.structs.asdict(failure.counts)}
            for failure in status.failures
        ],
    }


def _now(status: Status, width: int) -> list[str]:
    """Format the sentence that is being played, or a line that nothing is."""
    session = next((session for session in status.sessions if session.text), None)
    waiting = sum(session.waiting_sentences for session in status.sessions)
    paused_by = one_line(status.supervisor.paused_by)
    if status.supervisor.paused:
        return [f"⏸ paused by {paused_by}; {_count(waiting, 'sentence')} waiting", "Try: voicestream resume"]
    if session is None:
        return [f"nothing is being played; {_count(waiting, 'sentence')} waiting" if waiting else "nothing to speak"]
    text = _indented(session.text, width)
    if len(text) > MAX_TEXT_LINES:
        text = [*text[: MAX_TEXT_LINES - 1], f"{text[MAX_TEXT_LINES - 1]} …"]
    return [f"speaking (session {_name(session)}, since {_duration(session.text_seconds)}):", *text]


def _playback(status: Status) -> list[str]:
    """Format the settings of the loudspeakers that are not the defaults, each with the command that ends it."""
    settings = status.supervisor.playback
    found: list[str] = []
    if settings.muted:
        found.append("muted: voicestream unmute")
    if settings.volume != 1.0:
        found.append(f"volume {settings.volume:.0%}: voicestream volume 100%")
    if settings.speed != 1.0:
        found.append(f"speed {settings.speed:g}: voicestream speed 1")
    return found


def _sessions(sessions: list[SessionStatus], width: int) -> list[str]:
    if not sessions:
        return []
    rows = [
        (
            _name(session),
            _client(session),
            _duration(session.open_seconds),
            f"{_count(session.waiting_sentences, 'sentence')}, {_count(session.waiting_messages, 'message')}"
            if session.waiting_sentences
            else "-",
            _duration(session.behind_seconds) if session.waiting_sentences else "-",
            session.output,
        )
        for session in sessions[:MAX_SESSIONS]
    ]
    more = [f"… and {_count(len(sessions) - MAX_SESSIONS, 'session')} more"] if len(sessions) > MAX_SESSIONS else []
    return ["", *table(_COLUMNS, rows, width), *more]


def _name(session: SessionStatus) -> str:
    """Return a session's id and name."""
    return one_line(f"{session.session} {session.project}".strip())


def _client(session: SessionStatus) -> str:
    if session.held:
        return "suspended"
    return "detached" if session.detached else f"pid {session.client_pid}"


def _engines(status: Status, width: int) -> list[str]:
    found = [""]
    titles: dict[EngineRole, str] = {"tts": "voice", "translation": "translator"}
    for role, title in titles.items():
        for worker in status.workers:
            if worker.role != role:
                continue
            text: str = worker.state.replace("_", " ")
            if worker.state in ("ready", "busy"):
                text = worker.engine if worker.engine == UNTRANSLATED else f"{worker.engine} on {worker.device}"
            found += wrapped(f"{title + ':':<12}{text}", width)
        if note := status.notes.get(role):
            found += _indented(note, width)
    return found


def _problems(status: Status, width: int) -> list[str]:
    found: list[str] = []
    for role, text, hint in _worker_problems(status):
        found += wrapped(f"{role}: {text}", width)
        found += [f"Try: {hint}"] if hint else []
    for failure in status.failures:
        found += wrapped(_failure(failure), width)
    return ["", *found] if found else []


def _worker_problems(status: Status) -> list[tuple[Role, str, str]]:
    """Return role, problem, and the command that may help."""
    found: list[tuple[Role, str, str]] = []
    for worker in status.workers:
        if worker.state == "failed":
            hint = f"voicestream workers restart {worker.role}"
            found.append((worker.role, f"failed: {one_line(worker.detail)}", hint))
        elif worker.state == "backoff":
            found.append((worker.role, f"restarting after {one_line(worker.last_exit or 'its end')}", ""))
    return found


def _failure(failure: SessionFailure) -> str:
    counts = failure.counts
    unspoken = counts.found - counts.played
    parts = [f"{unspoken} of {_count(counts.found, 'sentence')} not spoken"] if unspoken else []
    parts += [f"{counts.untranslated} not translated"] if counts.untranslated else []
    parts += [f"{failure.unread_bytes} bytes of input not read"] if failure.unread_bytes else []
    reason = f": {one_line(failure.reason)}" if failure.reason else ""
    what = ", ".join(parts) or "failed"
    return f"last session ({failure.session}, {_duration(failure.ended_seconds)} ago): {what}{reason}"


def _engine_fields(status: Status, role: EngineRole) -> dict[str, object]:
    worker = _worker(status, role)
    return {
        "engine": worker.engine,
        "device": worker.device,
        "state": worker.state,
        "note": status.notes.get(role, ""),
    }


def _worker(status: Status, role: Role) -> WorkerStatus:
    """Return the worker of a role that most sessions need."""
    return max((worker for worker in status.workers if worker.role == role), key=lambda worker: worker.sessions)


def _indented(text: str, width: int) -> list[str]:
    return [f"{' ' * INDENT}{line.strip()}" for line in wrapped(one_line(text), width - INDENT)]


def _cut(line: str, width: int) -> str:
    """Truncate a line to ``width`` cells: a text without spaces is not wrapped."""
    if cells(line) <= width:
        return line
    from rich.cells import set_cell_size

    return f"{set_cell_size(line, width - 1).rstrip()}…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
