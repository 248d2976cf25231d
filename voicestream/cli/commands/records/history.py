"""``voicestream history``: the last sessions, their sentences, and their removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
import msgspec

from voicestream.cli.click_classes import Group
from voicestream.cli.columns import Column, show, table, terminal_width, wrapped
from voicestream.cli.commands.records.session_argument import SESSION
from voicestream.config import config_file
from voicestream.config.options import BY_NAME
from voicestream.history import store
from voicestream.terminal_text import one_line, strip_terminal_codes

if TYPE_CHECKING:
    from voicestream.history.record import Record

SHOWN: Final = 20
"""Number of sessions that are shown by default."""

_WORDS: Final = 48
"""Shown characters of the first sentence."""

_COLUMNS: Final = (
    Column("session"),
    Column("time", 1),
    Column("agent", 4),
    Column("project", 3),
    Column("sentences", 5),
    Column("state", 2),
    Column("first words"),
)


@click.group(cls=Group, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("-n", "limit", type=click.IntRange(1), default=SHOWN, show_default=True, help="Number of sessions.")
@click.pass_context
def history(context: click.Context, /, *, as_json: bool, limit: int) -> None:
    """Show the last sessions that were spoken.

    They are kept for some days in files that only you can read: `history-days` in config.toml.
    `history = false` there, or --no-history, keeps a session out.
    """
    if context.invoked_subcommand is not None:
        return
    is_kept = _prune()
    found = store.sessions(limit)
    if as_json:
        rows = [_as_data(record) for record in found]
        click.echo(msgspec.json.encode({"directory": str(store.directory()), "kept": is_kept, "sessions": rows}))
        return
    if found:
        show(table(_COLUMNS, [_row(record) for record in found], terminal_width()))
    else:
        click.echo("voicestream: no session is recorded", err=True)
    if not is_kept:
        click.echo("voicestream: sessions are not recorded (history = false); history clear removes these", err=True)


@history.command("show")
@SESSION
def show_session(session: str) -> None:
    """Print the sentences of a session, with their translations."""
    record = store.session(session)
    width = terminal_width()
    for sentence in record.sentences.values():
        lines = dict.fromkeys(one_line(text) for text in (sentence.text, sentence.translation) if text.strip())
        for line in lines:
            show(wrapped(line, width))
        if sentence.closes or len(lines) > 1:
            click.echo()
    if record.is_cut:
        click.echo("voicestream: sentences are missing: the record had no room", err=True)


@history.command()
def clear() -> None:
    """Delete all recorded sessions."""
    count = store.clear()
    click.echo(f"voicestream: {count} recorded session{'' if count == 1 else 's'} deleted", err=True)


def _prune() -> bool:
    """Remove sessions that are too old; returns whether sessions are recorded, by the user's file."""
    options = config_file.load(config_file.path()).options
    days = options.get("history-days", BY_NAME["history-days"].default)
    store.prune(float(days) if isinstance(days, int | float) else 0.0)
    return options.get("history") is not False


def _row(record: Record) -> tuple[str, ...]:
    words = one_line(record.first_words)
    return (
        record.id,
        record.started.strftime("%Y-%m-%d %H:%M"),
        record.agent,
        record.project,
        str(record.found),
        record.state,
        words if len(words) <= _WORDS else f"{words[:_WORDS]}…",
    )


def _as_data(record: Record) -> dict[str, object]:
    return {
        "session": record.id,
        "started": record.started.isoformat(),
        "agent": strip_terminal_codes(record.agent),
        "project": strip_terminal_codes(record.project),
        "language": record.language,
        "sentences": record.found,
        "state": record.state,
        "first_words": strip_terminal_codes(record.first_words),
        "path": str(record.path),
    }
