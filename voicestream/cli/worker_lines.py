"""Lines of a role's log that its workers with one engine wrote. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_engine(lines: Iterable[str], role: str, engine: str) -> list[str]:
    """The lines of the incarnations that became ready with an engine; lines without a name belong to the line before.

    Args:
        lines: the log of the role.
        role: of the workers.
        engine: its name.
    """
    everything = list(lines)
    name = re.compile(rf"[\d: .-]{{23}} [A-Z]+ +({re.escape(role)}\.\d+) ")
    ready = re.compile(rf"state=ready engine={re.escape(engine)} ")
    named = [(match[1] if (match := name.match(line)) else "", line) for line in everything]
    incarnations = {who for who, line in named if ready.search(line)}
    found: list[str] = []
    is_taken = False
    for who, line in named:
        is_taken = who in incarnations if who else is_taken
        if is_taken:
            found.append(line)
    return found
