r"""Inline formulas in LaTeX, as one line of plain signs: ``\frac{a}{b}`` is ``a/b``, ``\pm`` is ``±``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_SIGNS: Final = {
    "le": "<=",
    "leq": "<=",
    "ge": ">=",
    "geq": ">=",
    "ne": "!=",
    "neq": "!=",
    "times": "×",
    "cdot": "·",
    "div": "÷",
    "pm": "±",
    "mp": "∓",
    "approx": "≈",
    "sim": "~",
    "equiv": "≡",
    "to": "→",
    "rightarrow": "→",
    "leftarrow": "←",
    "Rightarrow": "⇒",
    "implies": "⇒",
    "in": "∈",
    "lt": "<",
    "gt": ">",
    "ldots": "...",
    "dots": "...",
    "cdots": "...",
    "infty": "infinity",
    "quad": " ",
    "qquad": " ",
    "%": "%",
}
_SILENT: Final = frozenset(
    """left right big Big bigg Bigg bigl bigr text mathrm mathbf mathit mathbb mathcal mathsf operatorname displaystyle
    textstyle limits boldsymbol bm textbf textit hat bar vec tilde overline underline""".split()
)
"""Commands of layout, whose arguments are said."""
_FRACTIONS: Final = frozenset({"frac", "dfrac", "tfrac", "cfrac"})
_TOKEN: Final = lazy_regex(r"\\([A-Za-z]+)\s*|\\(.)|([{}])|([^\\{}]+)", re.DOTALL)
_SIMPLE: Final = lazy_regex(r"[\w.]+\Z")
_SPACING: Final = frozenset(",;:!> ")
_DEEPEST: Final = 8
"""Braces within braces; a formula that is nested deeper is called by one word."""
_LONGEST: Final = 120
"""Characters of a formula that is said; a longer one is called by one word."""
_LETTERS: Final = lazy_regex(r"[^\W\d_]{3,}")
_MATHEMATICAL: Final = frozenset("\\^_{}=+<>()")


def is_formula(text: str) -> bool:
    """Return whether text between two dollar signs is a formula, and not the text between two amounts of money."""
    if len(text) == 1 or not _MATHEMATICAL.isdisjoint(text):
        return True
    return any(sign in text for sign in "-*/±×·≤≥≠") and _LETTERS.search(text) is None and not text[-1:].isspace()


def say_formula(formula: str, words: Phrases) -> str:
    """A formula without its layout; one word for it where that cannot be said."""
    if "\\" not in formula and "{" not in formula:
        return " ".join(formula.replace("_", " ").split())
    tokens = list(_TOKEN.finditer(formula))
    said, end = _sequence(tokens, 0, 0)
    if end < len(tokens) or "\\" in said or len(said) > _LONGEST:
        return words.formula
    return " ".join(said.replace("_", " ").split())


def _sequence(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[str, int]:
    """The tokens up to a closing brace, and the index of that brace."""
    said: list[str] = []
    while at < len(tokens) and tokens[at][3] != "}":
        part, at = _element(tokens, at, depth)
        if part.startswith("{"):
            script = part[1:-1]
            after_script = said and said[-1].rstrip()[-1:] in ("^", "_")
            part = script if not after_script or _SIMPLE.match(script) else f"({script})"
        said.append(part)
    return "".join(said), at


def _element(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[str, int]:  # noqa: PLR0911 - one question after another
    """One element: a group (in braces), a command with its arguments, or plain text."""
    command, escaped, brace, plain = tokens[at].groups()
    at += 1
    if plain is not None:
        return plain, at
    if brace is not None:
        if depth >= _DEEPEST:
            return "\\", len(tokens)
        inner, end = _sequence(tokens, at, depth + 1)
        return "{" + inner + "}", end + 1
    if escaped is not None:
        return (" " if escaped in _SPACING else escaped), at
    if command in _FRACTIONS:
        above, at = _argument(tokens, at, depth)
        below, at = _argument(tokens, at, depth)
        return f"{_grouped(above)}/{_grouped(below, is_below=True)}", at
    if command in ("sqrt", "sqrt3"):
        inner, at = _argument(tokens, at, depth)
        return f"sqrt({inner})", at
    if command in _SILENT:
        return "", at
    return f"{_SIGNS.get(command, command)} ", at


def _argument(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[str, int]:
    """The group that is an argument; a single sign of plain text counts as one."""
    if at >= len(tokens):
        return "\\", at
    said, at = _element(tokens, at, depth)
    return (said[1:-1] if said.startswith("{") else said).strip(), at


def _grouped(text: str, *, is_below: bool = False) -> str:
    """A part of a fraction, in brackets where it has more than one term."""
    shown = text.removeprefix("-") if not is_below else text
    if _SIMPLE.match(shown) or (text.startswith("(") and text.endswith(")") and text.count("(") == 1):
        return text
    return f"({text})"
