"""Elements of the block structure of a message, as they were written."""

from __future__ import annotations

import msgspec


class Sentence(msgspec.Struct, frozen=True, gc=False):
    """One sentence."""

    text: str
    language: str
    opens: bool = False
    """First of its paragraph, item or heading."""
    paragraph: bool = False
    """First after a blank line, a heading or the beginning of the message."""
    number: str = ""
    """Of a list item that begins here."""
    box: str = ""
    """Its check box: a space or an x."""
    closes: bool = False
    """It ended with its line."""


class Row(msgspec.Struct, frozen=True):
    """One row of a table."""

    header: list[str]
    cells: list[str]
    paragraph: bool = False


class CodeBlock(msgspec.Struct, frozen=True):
    """A fenced code block has ended."""

    lines: int
    name: str
    """As the fence names its language; may be empty."""


class Lost(msgspec.Struct, frozen=True):
    """Words of the agent, perhaps, that were left out."""

    reason: str


Element = Sentence | Row | CodeBlock | Lost
