"""Shell command of a hook: how it is made, and how ours is recognized among others. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_AGENT: Final = "claude"
"""Agent of a hook without ``--agent``."""

_WORD: Final = r"(?:'[^']*'|\"[^\"]*\"|\S)+"

_OURS: Final = re.compile(rf"voicestream['\"]?\s+hook(?:\s+--start|\s+--(?:agent|connect)\s+{_WORD})*\s*$")


def arguments(program: Sequence[str], agent: str, *, starts: bool, connect: str = "") -> list[str]:
    """Return the arguments of a hook.

    Args:
        program: absolute path of the executable, with arguments that come before ``hook``.
        agent: name of the agent.
        starts: it starts the supervisor if none is running.
        connect: path of the hook socket of a supervisor on another machine; empty for the one on this machine.
    """
    options = [
        *(["--start"] if starts and not connect else []),
        *(["--agent", agent] if agent != DEFAULT_AGENT else []),
        *(["--connect", connect] if connect else []),
    ]
    return [*program, "hook", *options]


def is_ours(text: str) -> bool:
    """Return whether a shell command is a hook of any installation of voicestream."""
    return bool(_OURS.search(text))
