"""Code blocks of docs/internals/engines.md, for tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[3] / "docs" / "internals" / "engines.md"


def shown(language: str, mark: str) -> str:
    """The one block of that language that has these words in it."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if mark in block]
    return found
