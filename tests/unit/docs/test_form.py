"""Form of the documentation: length of lines and paragraphs, lists of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from helpers.project.shadow_tree import REPOSITORY
from helpers.site import markdown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGES: Final = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]

RULES: Final[dict[str, Callable[[str], object]]] = {
    "lines": markdown.long_lines,
    "paragraphs": markdown.long_paragraphs,
    "contents": markdown.lacks_contents,
}


CHANGELOG: Final = REPOSITORY / "CHANGELOG.md"


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("rule", RULES)
def test_every_page_keeps_the_rules_of_form(rule: str) -> None:
    found = {name(page): RULES[rule](page.read_text(encoding="utf-8")) for page in PAGES}
    assert {page: where for page, where in found.items() if where} == {}


def test_lines_of_the_changelog_are_wrapped() -> None:
    assert markdown.long_lines(CHANGELOG.read_text(encoding="utf-8")) == []


def test_prose_is_measured_and_code_tables_and_headings_are_not() -> None:
    words = "word " * 30
    page = f"# {words}\n\n{words}and\n\n    {words}\n\n```\n{words}\n```\n\n| {words} |\n\n{words}end.\n"
    assert markdown.long_lines(page) == [3]
    assert markdown.long_lines("x" * 200) == []


def test_a_list_item_is_a_paragraph_and_an_indented_line_below_it_belongs_to_it() -> None:
    item = "- " + "word " * 60
    assert markdown.long_paragraphs(f"{item}\n{item}\n") == []
    assert markdown.long_paragraphs(f"text\n\n{item}\n  {'word ' * 40}\n{item}\n") == [3]
    assert markdown.long_paragraphs(f"{'word ' * 91}\n") == [1]


def test_many_sections_need_contents() -> None:
    page = "# Title\n\nIntroduction.\n\n" + "## One\n\nText.\n\n" * 6
    assert markdown.lacks_contents(page)
    assert not markdown.lacks_contents(page.replace("Introduction.", "Contents: [One](#one)"))
    assert not markdown.lacks_contents("# Title\n\n" + "## One\n\n" * 5)
