"""Documentation: links lead somewhere, and the files named in it exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from helpers.project.shadow_tree import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")

FILE = re.compile(r"`((?:voicestream|supervisor|workers|tests|docs)/[\w./-]*\w)/?`")
"""A path in the repository, as text names it."""

CODE = re.compile(r"^( *)```.*?^\1```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken: list[str] = []
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = set(FILE.findall(page.read_text(encoding="utf-8")))
    assert not [path for path in sorted(named) if not (REPOSITORY / path).exists()]


def test_the_twelve_questions_of_a_newcomer_are_answered_with_files_that_exist() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Code map")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+\?) \| (.+) \|$", section, re.MULTILINE)
    assert len(rows) == 12
    assert all(FILE.search(answer) for _, answer in rows)
