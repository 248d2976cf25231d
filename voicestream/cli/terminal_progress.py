"""Terminal progress of downloads and conversions: lines, and on a terminal a progress bar."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from voicestream.cli.columns import wrapped
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress, TaskID


class TerminalProgress:
    """Progress reporter on stderr; a context manager, because the bar is removed at the end."""

    def __init__(self) -> None:
        self._bar: Progress | None = _bar() if sys.stderr.isatty() else None
        self._task: TaskID | None = None
        self._what = ""

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._clear()
            self._bar.stop()
        if isinstance(error, KeyboardInterrupt):
            click.echo("voicestream: stopped. The same command resumes from here.", err=True)

    def note(self, text: str) -> None:
        """Print a text, wrapped on a terminal."""
        text = strip_terminal_codes(text)
        if self._bar is None:
            click.echo(f"voicestream: {text}", err=True)
        else:
            self._clear()
            for line in wrapped(f"voicestream: {text}", self._bar.console.width):
                self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def progress(self, what: str, done: int, total: int) -> None:
        """Update the bar; without a terminal nothing is shown."""
        if self._bar is None:
            return
        if self._task is None or what != self._what:
            self._clear()
            self._task = self._bar.add_task(what, total=total, completed=done)
            self._what = what
        self._bar.update(self._task, completed=done, total=total)

    def _clear(self) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
