"""The commands of docs/guide/week.md, run in order as one person types them in a week."""

from __future__ import annotations

import re
import subprocess
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.fixtures.deadline import remaining

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "week.md"

ANY = "…"
"""Stands for any text in a line; alone, for any number of lines."""


def steps() -> list[tuple[str, list[str]]]:
    """Commands of the page, each with the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for is_command, lines in groupby(block.splitlines(), key=lambda line: line.startswith("$ ")):
            if is_command:
                found += [(line[2:], []) for line in lines]
            else:
                found[-1][1].extend(lines)
    return found


def pattern(lines: list[str]) -> re.Pattern[str]:
    """What an output has to be, up to the spaces between columns."""
    parts = [
        "(?:.*\n)*?" if line == ANY else r"\s+".join(map(re.escape, line.split())).replace(re.escape(ANY), ".*") + "\n"
        for line in lines
    ]
    return re.compile("".join(parts))


def test_every_command_of_the_week_prints_what_the_page_shows(place: Voicestream) -> None:
    (place.home / "claude").mkdir()
    settings = place.home / "claude" / "settings.json"
    settings.write_text('{"model": "opus"}\n', encoding="utf-8")
    environment = place.shell_environment() | {
        "CLAUDE_CONFIG_DIR": str(place.home / "claude"),
        "VOICESTREAM_OUTPUT": "null",
    }
    environment.pop("VOICESTREAM_HISTORY", None)
    found = steps()
    assert len(found) > 25
    for typed, expected in found:
        done = subprocess.run(
            ["bash", "-c", typed],
            cwd=place.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=remaining(),
            check=False,
        )
        assert done.returncode == 0, f"{typed}\n{done.stdout}"
        assert pattern(expected).fullmatch(done.stdout), f"{typed}\n{done.stdout}"
    assert settings.read_text(encoding="utf-8") == '{"model": "opus"}\n'
