"""The kind of one line, and its place in a message."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple


class Kind(Enum):
    """Kinds of lines."""

    TEXT = auto()
    SIGN = auto()
    """Text that begins with a sign (✅, ``a)``) and is an item of its own."""
    BLANK = auto()
    RULE = auto()
    HEADING = auto()
    FENCE = auto()
    ROW = auto()
    """A row of a table."""
    JSON = auto()
    """Complete JSON in one line."""
    JSON_OPEN = auto()
    """Perhaps the first line of JSON; the next line tells."""
    FORMULA = auto()
    CONFLICT = auto()
    """``<<<<<<< SEARCH``."""
    PATCH = auto()
    """``*** Begin Patch``."""
    DIFF = auto()
    PRIVATE_KEY = auto()
    SILENT = auto()
    """A comment, or an element that is not shown: to be skipped up to ``Line.until``."""
    FOOTNOTE = auto()
    REFERENCE = auto()
    """``[name]: address``."""
    TAG = auto()
    """A tag of the model's own alone on its line: markup."""
    DEFINITION = auto()
    """``: text``, below the term that it defines."""
    CALLOUT = auto()
    """``:::warning``."""
    MACHINE = auto()
    """A line of a stack trace, a log, a tree, a compiler's figure."""
    INDENTED_CODE = auto()
    FRONT_MATTER = auto()
    """The ruler that opens it."""


class Line(NamedTuple):
    """The beginning of a line."""

    kind: Kind
    start: int
    """Index of the content, behind the marks that were taken off."""
    item: bool = False
    """A list item begins."""
    number: str = ""
    box: str = ""
    """``x`` or a space: state of the item's check box."""
    until: str = ""
    """The end of a silent stretch."""
    mark: str = ""
    """Letter or Roman numeral of an item."""


class Place(NamedTuple):
    """The place of a line in its message."""

    in_paragraph: bool = False
    """It would continue a paragraph if it were text."""
    in_list: bool = False
    """A list item is open or was the block before."""
    after_blank: bool = False
    """A blank line or a construct is before it."""
    begins: bool = False
    """It is the first of its message."""
    mark: str = ""
    """Letter or Roman numeral of the item before."""


PLAIN: Final = Line(Kind.TEXT, 0)
"""A line of text without any mark."""
