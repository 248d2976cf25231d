"""The documentation site: links between files of the repository become links between its pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helpers.site.__main__ import linked, loading, pages, stage

if TYPE_CHECKING:
    from pathlib import Path

RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:)([^)#\s]+)")


def test_a_link_leads_from_place_to_place_and_code_stays() -> None:
    text = "[a](docs/guide/voices.md#speed) `[b](docs/x.md)` [c](CONTRIBUTING.md) [d](https://example.org/x.md)"
    assert linked(text, "README.md") == (
        "[a](guide/voices.md#speed) `[b](docs/x.md)` [c](project/contributing.md) [d](https://example.org/x.md)"
    )
    assert linked("[a](../../README.md) [b](#here)", "docs/guide/x.md") == "[a](../index.md) [b](#here)"
    assert linked(r"| `a\|b` | c |", "README.md") == "| `a|b` | c |"


def test_every_link_of_the_site_leads_to_a_file_and_every_page_is_in_the_navigation(tmp_path: Path) -> None:
    found = stage(tmp_path / "source")
    for page in found:
        text = (tmp_path / "source" / page).read_text(encoding="utf-8")
        without_code = re.sub(r"^ *```.*?^ *```$|`[^`\n]+`", "", text, flags=re.MULTILINE | re.DOTALL)
        for target in RELATIVE_LINK.findall(without_code):
            assert (tmp_path / "source" / page).parent.joinpath(target).exists(), f"{page}: {target}"
    navigation = str(pages(found))
    assert [page for page in found if f"'{page}'" not in navigation] == []


def test_what_a_page_would_load_from_another_host_is_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<a href="https://example.org">x</a><script src="a.js"></script>')
    assert loading(tmp_path) == []
    (tmp_path / "bad.html").write_text('<link rel="stylesheet" href="https://fonts.example.org/x.css">')
    assert loading(tmp_path) == ['bad.html: <link rel="stylesheet" href="https://']
