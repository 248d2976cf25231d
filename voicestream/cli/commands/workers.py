"""``voicestream workers``: status, restart and logs of workers."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final, cast

import click
import msgspec

from voicestream import log
from voicestream.cli import worker_lines
from voicestream.cli.click_classes import Group
from voicestream.cli.columns import Column, show, table, terminal_width, wrapped
from voicestream.cli.shell import values
from voicestream.client.rpc import call, call_each
from voicestream.errors import NoLogError, UsageError
from voicestream.protocol.messages import RestartWorker, Status, StatusRequest, WorkerRestarted
from voicestream.terminal_text import one_line, strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from click.shell_completion import CompletionItem

    from voicestream.protocol.messages import Role, WorkerStatus

ROLES: Final = ("parser", "translation", "tts", "player")

RESTART_SECONDS: Final = 300.0
"""Timeout: a job may have to be finished, and a model to be loaded."""

WATCH_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 0.2
LINES_SHOWN: Final = 50
MIB: Final = 1 << 20

COLUMNS: Final = (
    Column("role"),
    Column("pid", 3),
    Column("inc", 7),
    Column("state"),
    Column("engine"),
    Column("device", 6),
    Column("up", 1),
    Column("restarts", 2),
    Column("in flight", 5),
    Column("p50/p95 ms", 4),
    Column("MiB", 1),
)


class WorkerName(click.ParamType[tuple[str, str]]):
    """``ROLE`` or ``ROLE:ENGINE``."""

    name = "worker"

    def __init__(self, roles: Sequence[str]) -> None:
        self._roles = roles

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:  # noqa: ANN401 - click's
        """Split into role and engine, which may be empty."""
        role, _, engine = str(value).partition(":")
        return click.Choice(self._roles).convert(role, param, ctx), engine

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the roles, and those with an engine."""
        return values.workers(self._roles)(ctx, param, incomplete)


@click.group(cls=Group)
def workers() -> None:
    """Manage the workers."""


@workers.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--watch", is_flag=True, help="Refresh every second until Ctrl-C.")
def status(*, as_json: bool, watch: bool) -> None:
    """Show role, pid, incarnation, state, engine, uptime, restarts, jobs in flight, latency, memory, last exit."""
    while True:
        answer = call(StatusRequest(), Status)
        if as_json:
            click.echo(as_printed(answer))
        else:
            _print_table(answer, clear=watch)
        if not watch:
            return
        time.sleep(WATCH_SECONDS)


def as_printed(answer: Status) -> bytes:
    """Return the JSON of ``--json``."""
    return msgspec.json.encode({"supervisor": answer.supervisor, "workers": _plain(answer)})


@workers.command("restart")
@click.argument("worker", metavar="ROLE[:ENGINE]", type=WorkerName(ROLES))
@click.option("--now", is_flag=True, help="Kill it instead of letting it finish the job in hand.")
def restart(worker: tuple[str, str], *, now: bool) -> None:
    """Restart the workers of a role, or those of one engine (tts:espeak); no sentence is lost."""
    role, engine = worker
    request = RestartWorker(role=cast("Role", role), engine=engine, now=now)
    for answer in call_each(request, WorkerRestarted, timeout_seconds=RESTART_SECONDS):
        name = f"{answer.role}:{answer.engine}" if engine else answer.role
        click.echo(
            f"voicestream: {name} is ready again after {answer.seconds:.2f} s: pid {answer.pid}, "
            f"incarnation {answer.incarnation}; before: {one_line(answer.path)}",
            err=True,
        )


@workers.command("logs")
@click.argument("worker", metavar="ROLE[:ENGINE]", type=WorkerName((*ROLES, "supervisor")))
@click.option("-f", "--follow", is_flag=True, help="Follow the log until Ctrl-C.")
def logs(worker: tuple[str, str], *, follow: bool) -> None:
    """Print the last lines of the log of a role, or those of the workers of one engine (tts:espeak)."""
    role, engine = worker
    with _open(role) as file:
        chosen = worker_lines.of_engine(file, role, engine) if engine else file
        sys.stdout.writelines(strip_terminal_codes(line) for line in deque(chosen, maxlen=LINES_SHOWN))
        if follow:
            _follow(file)


def _open(role: str) -> TextIO:
    """Open the log of a role.

    Raises:
        UsageError: there is none yet.
        NoLogError: logs cannot be written, or it cannot be read.
    """
    path = log.path_of(role)
    try:
        return os.fdopen(log.open_to_read(path), encoding="utf-8", errors="replace")
    except OSError as error:
        log.prepare()  # an unusable log directory is the reason
        if isinstance(error, FileNotFoundError):
            raise UsageError(f"there is no log of {role} yet: {path}") from error
        raise NoLogError(f"the log {path} cannot be read: {error.strerror}", hint=f"Try: ls -l {path}") from error


def _follow(file: TextIO) -> None:
    while True:
        text = file.read()
        if text:
            sys.stdout.write(strip_terminal_codes(text))
            sys.stdout.flush()
        elif os.fstat(file.fileno()).st_nlink == 0:
            return  # rotated a second time; start the command again to see the new file
        else:
            time.sleep(FOLLOW_SECONDS)


def _plain(answer: Status) -> list[dict[str, object]]:
    """Return the workers with every documented field, whatever its value."""
    rows: list[dict[str, object]] = []
    for worker in answer.workers:
        row = msgspec.structs.asdict(worker)
        row["latency_ms"] = msgspec.structs.asdict(worker.latency_ms)
        rows.append(row)
    return rows


def _print_table(answer: Status, *, clear: bool) -> None:
    if clear:
        click.clear()
    show(_lines(answer, terminal_width()))


def _lines(answer: Status, width: int) -> list[str]:
    """Format the table, texts too long for a cell below it, and the supervisor's line."""
    lines = table(COLUMNS, [_cells(worker) for worker in answer.workers], width)
    several = {role for role, count in Counter(worker.role for worker in answer.workers).items() if count > 1}
    for worker in answer.workers:
        name = f"{worker.role}:{worker.engine}" if worker.role in several else worker.role
        if worker.detail:
            lines += wrapped(f"{name}: {worker.detail}", width)
        if worker.last_exit:
            lines += wrapped(f"{name}: last exit: {worker.last_exit}", width)
    supervisor = answer.supervisor
    text = (
        f"supervisor {supervisor.pid}, up {_duration(supervisor.uptime_seconds)}, sessions {supervisor.sessions}, "
        f"memory {supervisor.memory_bytes / MIB:.0f} MiB, "
        f"slots free {supervisor.free_slots} of {supervisor.total_slots}"
    )
    paused = f"⏸ paused by {supervisor.paused_by}: voicestream resume"
    return lines + (wrapped(paused, width) if supervisor.paused else []) + wrapped(text, width)


def _cells(worker: WorkerStatus) -> tuple[str, ...]:
    latency = worker.latency_ms
    return (
        worker.role,
        str(worker.pid or "-"),
        str(worker.incarnation),
        worker.state.replace("_", " "),
        worker.engine or "-",
        worker.device or "-",
        _duration(worker.uptime_seconds),
        str(worker.restarts),
        str(worker.in_flight),
        "-" if latency.p50 is None or latency.p95 is None else f"{latency.p50:.1f}/{latency.p95:.1f}",
        f"{worker.memory_bytes / MIB:.0f}",
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
