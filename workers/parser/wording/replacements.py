"""The user's own words: ``[speech.replace]`` says how a word or a phrase is to be said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def replacer(rules: Mapping[str, str]) -> Callable[[str], str] | None:
    """A function that applies the rules to a sentence; None when there are none.

    A rule matches whole words; one written in lower case matches every case. The longest rule wins, and what
    was put in is not replaced again.
    """
    rules = {name: said for name, said in rules.items() if name.strip()}
    if not rules:
        return None
    ordered = sorted(rules, key=len, reverse=True)
    pattern = re.compile("|".join(f"({_pattern(name)})" for name in ordered))

    def apply(text: str) -> str:
        return pattern.sub(lambda found: rules[ordered[(found.lastindex or 1) - 1]], text)

    return apply


def _pattern(name: str) -> str:
    before = r"(?<![A-Za-z0-9_])" if name[0].isascii() and name[0].isalnum() else ""
    after = r"(?![A-Za-z0-9_])" if name[-1].isascii() and name[-1].isalnum() else ""
    case = "(?i:" if name == name.lower() else "(?:"
    return f"{before}{case}{re.escape(name)}){after}"
