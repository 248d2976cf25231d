"""Examples of configuration in the guide are valid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from helpers.project.shadow_tree import REPOSITORY
from voicestream.config import config_file

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((REPOSITORY / "docs" / "guide").glob("*.md"))


def examples(page: Path) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)], ids=lambda page: page.stem)
def test_every_example_of_a_configuration_file_is_accepted(page: Path) -> None:
    for example in examples(page):
        config_file.parse(example, page.name)


def test_examples_are_found() -> None:
    assert sum(len(examples(page)) for page in PAGES) >= 5
