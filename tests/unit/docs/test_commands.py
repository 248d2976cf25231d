"""Commands in the documentation exist: those of voicestream with their options, and the targets of make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from helpers.project.shadow_tree import REPOSITORY
from helpers.site import commands, markdown, options_page
from voicestream.cli.main import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

PAGES: Final = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]

PERFORMANCE: Final = REPOSITORY / "docs" / "internals" / "performance.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    assert list(commands.errors(page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("`voicestream sing`", "voicestream sing: sing is no command"),
        ("`agent | voicestream run --sing x`", "voicestream run --sing x: --sing does not exist"),
        ("`voicestream hook install|sing`", "voicestream hook install|sing: install|sing is no command"),
        (
            "    FOO=1 voicestream run --no-sing    a song",
            "voicestream run --no-sing    a song: --no-sing does not exist",
        ),
        ("`--sing`", "--sing: no command has this option"),
        ("`make music`", "make music: no such target"),
    ],
)
def test_what_does_not_exist_is_found(code: str, error: str) -> None:
    assert list(commands.errors(f"text\n\n{code}\n")) == [f"3: {error}"]


@pytest.mark.parametrize(
    "code",
    [
        "`voicestream`",
        "`voicestream [run] …`",
        "`voicestream pause | resume | skip`",
        "`voicestream hook install|uninstall|status claude`",
        "`voicestream run --to pt -o FILE.wav --no-captions`",
        "`voicestream 0.1.0`",
        "`pip install voicestream --sing`",
        "`make`",
        "text voicestream sings",
    ],
)
def test_what_exists_is_not_reported(code: str) -> None:
    assert list(commands.errors(f"text\n\n{code}\n")) == []


def test_the_page_of_commands_has_each_command() -> None:
    page = (REPOSITORY / "docs" / "guide" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if not re.search(rf"`voicestream {name}\b|\| voicestream {name}\b", page)] == []


def test_every_table_of_figures_has_a_command_and_hardware() -> None:
    page = PERFORMANCE.read_text(encoding="utf-8")
    hardware = set(re.findall(r"^\| \*\*(\w)\*\* \|", page, re.MULTILINE))
    assert hardware
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("\n")
        if title in ("Commands", "Hardware"):
            continue
        above = " ".join(text.partition("\n|")[0].split())
        if "same command and hardware" in above.lower():
            continue
        assert re.search(r"Command `[^`]+`", above), f"{title}: no command"
        assert re.search(rf"hardware [{''.join(hardware)}]\b", above), f"{title}: no hardware"


def test_scripts_of_figures_exist() -> None:
    page = PERFORMANCE.read_text(encoding="utf-8")
    scripts = {name for _, code in markdown.code(page) for name in re.findall(r"tests/benchmarks/\w+\.py", code)}
    assert scripts
    assert [name for name in sorted(scripts) if not (REPOSITORY / name).exists()] == []


def test_the_tables_of_options_are_those_of_the_program() -> None:
    assert options_page.PAGE.read_text(encoding="utf-8") == options_page.page(), "make options"
