"""What commands print fits a terminal of 80 columns, and is whole where stdout is no terminal."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from helpers.running import COMMAND, wait_until
from helpers.terminal import Terminal
from voicestream.cli.columns import cells

if TYPE_CHECKING:
    from helpers.running import Voicestream

WIDTH = 80

SHOWN = (
    ("workers", "status"),
    ("models", "list"),
    ("voices", "list"),
    ("--help",),
    ("run", "--help"),
    ("voices", "--help"),
    ("setup", "--help"),
)


@pytest.fixture
def shown(place: Voicestream) -> dict[tuple[str, ...], list[str]]:
    """Lines that each command writes to a terminal of 80 columns, beside a supervisor with a worker that has ended."""
    assert place.call("up").returncode == 0
    assert place.call("workers", "restart", "tts").returncode == 0
    # A shell says where one command ends; one terminal for all, because each start costs a fraction of a second.
    script = "; ".join(
        f"{shlex.join([*COMMAND, *arguments])}; echo ={number}=" for number, arguments in enumerate(SHOWN)
    )
    environment = {name: text for name, text in place.environment.items() if name not in ("COLUMNS", "LINES")}
    with Terminal(script, environment | {"TERM": "xterm"}, place.cwd, columns=WIDTH) as terminal:
        wait_until(lambda: f"={len(SHOWN) - 1}=" in terminal.shown, "all was shown", seen=lambda: terminal.shown)
        rest = terminal.shown.replace("\r", "")
    found: dict[tuple[str, ...], list[str]] = {}
    for number, arguments in enumerate(SHOWN):
        text, _, rest = rest.partition(f"={number}=\n")
        found[arguments] = text.splitlines()
    return found


def test_no_line_is_wider_than_the_terminal(shown: dict[tuple[str, ...], list[str]]) -> None:
    too_wide = [line for lines in shown.values() for line in lines if cells(line) > WIDTH]
    assert too_wide == []
    assert all(len(lines) > 3 for lines in shown.values())
    status = shown["workers", "status"]
    assert any(line.startswith("tts: last exit: ") for line in status)
    assert any(line.startswith("not shown in 80 columns: ") for line in status)


def test_a_pipe_gets_all_columns(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    shown = place.call("workers", "status").stdout
    for title in ("role", "pid", "inc", "state", "device", "in flight", "p50/p95 ms", "MiB"):
        assert title in shown.splitlines()[0]
    assert "not shown" not in shown
    assert "engine" in place.call("models", "list").stdout.splitlines()[0]


def test_options_stand_in_groups_and_the_shortest_have_one_letter(shown: dict[tuple[str, ...], list[str]]) -> None:
    lines = shown["run", "--help"]
    titles = [line.removesuffix(":") for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Input", "Language", "Voice", "Output", "Machine", "Other"]
    assert any(line.startswith("  -o, --output ") for line in lines)
    assert any(line.startswith("  -q, --quiet ") for line in lines)
