"""The messages that the troubleshooting page explains are those that the program prints."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from helpers.project.shadow_tree import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = REPOSITORY / "docs" / "guide" / "troubleshooting.md"

VARIES: Final = "…"

LETTERS: Final = 12
"""A template with fewer letters of its own could be anything."""


def explained(page: str) -> list[str]:
    """Messages in the first columns of the page's tables of messages."""
    tables = re.findall(r"^\| message \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [found[1] for rows in tables for row in rows.splitlines() if (found := re.match(r"\| `([^`]+)`", row))]


def templates(source: str) -> Iterator[str]:
    """Texts of a module in which values are replaced by an ellipsis; of several lines the first."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else VARIES for part in node.values]
            yield "".join(parts).partition("\n")[0].strip()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition("\n")[0].strip()


def prints(template: str, message: str) -> bool:
    """Return whether a text of the program is the message, values aside; one that ends in `` …`` is its beginning."""
    if sum(letter.isalpha() for letter in template) < LETTERS:
        return False
    if message.endswith(f" {VARIES}") and template.startswith(message.removesuffix(VARIES)):
        return True
    return re.fullmatch(".+".join(map(re.escape, template.split(VARIES))), message) is not None


def test_the_commonest_messages_are_explained_as_the_program_prints_them() -> None:
    messages = explained(PAGE.read_text(encoding="utf-8"))
    assert len(messages) >= 20
    words = {message: max(message.split(VARIES), key=len).split()[-2:] for message in messages}
    missing = set(messages)
    for package in ("voicestream", "supervisor", "workers"):
        for file in sorted((REPOSITORY / package).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            if wanted := [message for message in missing if " ".join(words[message]) in source]:
                found = list(templates(source))
                missing -= {message for message in wanted if any(prints(one, message) for one in found)}
    assert sorted(missing) == []


def test_a_message_that_the_program_does_not_print_is_found() -> None:
    found = set(templates('raise Error(f"there are no {what} in {where}\\nTry: x")'))
    assert "there are no … in …" in found
    for message, is_printed in [
        ("there are no … in …", True),
        ("there are no XTTS weights in …", True),
        ("there are no …", True),
        ("there are some …", False),
        ("there were no … in …", False),
    ]:
        assert any(prints(template, message) for template in found) is is_printed, message
