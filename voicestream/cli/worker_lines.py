"""Log lines of the workers of one engine, filtered from the log of their role. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def of_engine(lines: Iterable[str], role: str, engine: str) -> list[str]:
    """Return the lines of incarnations that became ready with an engine; a line without a name belongs to the last.

    Args:
        lines: the log of the role.
        role: role of the workers.
        engine: name of the engine.
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
