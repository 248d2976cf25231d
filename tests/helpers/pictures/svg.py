"""SVG of terminal output: a window with text on a grid of cells. The same output gives the same bytes."""

from __future__ import annotations

import re
from html import escape
from typing import Final, NamedTuple

from voicestream.cli.columns import cells

COLUMNS: Final = 80

_CELL: Final = 8.4
"""Width of a cell at the font size."""

_FONT_SIZE: Final = 14
_LINE: Final = 20
_MARGIN: Final = 16
_BAR: Final = 34
"""Height of the title bar."""

_FONTS: Final = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"

_SGR: Final = re.compile(r"\x1b\[([\d;]*)m")
"""Select graphic rendition (ECMA-48)."""

_ERASED: Final = "\r\x1b[2K"
"""Carriage return and erase line: what stands before it in a line is not seen."""

_CLASSES: Final = {1: "bold", 2: "dim", 31: "red"}
"""The renditions that voicestream uses."""


class Run(NamedTuple):
    """Text of one rendition, at a column of a line."""

    column: int
    text: str
    style: str


def shown(output: str) -> list[str]:
    """Return the lines that stand on the screen after this output, with their renditions."""
    lines = output.replace("\r\n", "\n").split("\n")
    lines = [line.rpartition(_ERASED)[2].rstrip("\r") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def plain(lines: list[str]) -> list[str]:
    """Return lines without their renditions."""
    return [_SGR.sub("", line) for line in lines]


def runs(line: str) -> list[Run]:
    """Split a line where its rendition changes, and behind each wide character: only those leave the grid."""
    found: list[Run] = []
    style, column = "", 0
    for number, part in enumerate(_SGR.split(line)):
        if number % 2:
            codes = [int(code or 0) for code in part.split(";")]
            style = " ".join(_CLASSES[code] for code in codes if code in _CLASSES)
            continue
        for text in re.findall(r"[\x20-\x7e\xa0-\u024f\u2010-\u203a]+|.", part):
            if text.strip():
                found.append(Run(column, text, style))
            column += cells(text)
    return found


def picture(output: list[str], title: str, description: str) -> str:
    """Return the SVG of a terminal.

    Args:
        output: lines as ``shown`` returns them.
        title: of the window.
        description: for people who cannot see it.

    Raises:
        ValueError: a line is wider than ``COLUMNS``.
    """
    if too_wide := [line for line in plain(output) if cells(line) > COLUMNS]:
        raise ValueError(f"wider than {COLUMNS} cells: {too_wide[0]}")
    width = COLUMNS * _CELL + 2 * _MARGIN
    height = _BAR + len(output) * _LINE + _MARGIN
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        "<style>",
        f"text {{ font: {_FONT_SIZE}px {_FONTS}; fill: #d7dce3; white-space: pre; }}",
        ".dim { fill: #98a2b0; } .red { fill: #ff8a80; } .bold { font-weight: bold; }",
        "</style>",
        f'<rect width="{width:g}" height="{height:g}" rx="9" fill="#1b1f27"/>',
    ]
    parts += [
        f'<circle cx="{20 + 18 * number}" cy="17" r="5.5" fill="{colour}"/>'
        for number, colour in enumerate(("#ff6159", "#ffbd2e", "#28c941"))
    ]
    parts.append(f'<text x="{width / 2:g}" y="22" text-anchor="middle" class="dim">{escape(title)}</text>')
    for row, line in enumerate(output):
        y = _BAR + row * _LINE + _FONT_SIZE
        for run in runs(line):
            length = cells(run.text) * _CELL
            style = f' class="{run.style}"' if run.style else ""
            x = _MARGIN + run.column * _CELL
            parts.append(
                f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"{style} '
                f'xml:space="preserve">{escape(run.text, quote=False)}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])
