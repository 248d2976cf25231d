"""Text tables that fit a terminal: the least important columns are left out, long texts are wrapped below.

Widths are in terminal cells: a CJK character takes two.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from voicestream.terminal_text import one_line, strip_terminal_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

UNLIMITED: Final = 1 << 16
"""Width of an output that is not a terminal: its reader wraps lines itself."""

GAP: Final = 2
"""Cells between two columns."""

INDENT: Final = 2
"""Indentation of wrapped lines after the first."""


@dataclass(frozen=True)
class Column:
    """One column of a table; if the table is too wide, the column with the highest ``rank`` is left out first.

    Rank 0 is never left out.
    """

    title: str
    rank: int = 0


def terminal_width() -> int:
    """Return the width of stdout in cells."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED


def cells(text: str) -> int:
    """Return the width of a text in cells."""
    from rich.cells import cell_len

    return len(text) if text.isascii() else cell_len(text)


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Format a table: titles, a rule, the rows, and a last line that names the columns left out.

    Terminal codes in its cells are removed.
    """
    rows = [[one_line(text) for text in row] for row in rows]
    widths = [max(cells(text) for text in texts) for texts in zip([c.title for c in columns], *rows, strict=True)]
    kept = list(range(len(columns)))
    left_out: list[int] = []
    while sum(widths[i] for i in kept) + GAP * (len(kept) - 1) > width:
        last = max(kept, key=lambda i: columns[i].rank)
        if columns[last].rank == 0:
            break
        kept.remove(last)
        left_out.append(last)
    lines = [_row([columns[i].title for i in kept], [widths[i] for i in kept])]
    lines.append(_row(["-" * widths[i] for i in kept], [widths[i] for i in kept]))
    lines += [_row([row[i] for i in kept], [widths[i] for i in kept]) for row in rows]
    if left_out:
        names = ", ".join(columns[i].title for i in sorted(left_out))
        lines += wrapped(f"not shown in {width} columns: {names}", width)
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """Wrap a text into lines of at most ``width`` cells; a longer word stays whole, to be copied."""
    lines: list[str] = []
    for paragraph in strip_terminal_codes(text).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            grown = f"{line} {word}" if line.strip() else f"{line}{word}"
            if cells(grown) <= width or not line.strip():
                line = grown
            else:
                lines.append(line)
                line = " " * INDENT + word
        lines.append(line)
    return lines


def show(lines: Sequence[str]) -> None:
    """Print lines to stdout."""
    for line in lines:
        click.echo(line)


def _row(texts: Sequence[str], widths: Sequence[int]) -> str:
    padded = [text + " " * (size - cells(text)) for text, size in zip(texts, widths, strict=True)]
    return (" " * GAP).join(padded).rstrip()
