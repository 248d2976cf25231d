"""What commands print fits a terminal of 80 columns, and is whole where stdout is no terminal."""

from __future__ import annotations

import shlex
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, wait_until
from helpers.process.terminal import Terminal
from voicestream.cli.columns import cells
from voicestream.terminal_text import strip_terminal_codes

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

WIDTH = 80

SHOWN = (
    ("workers", "status"),
    ("models", "list"),
    ("voices", "list"),
    ("--help",),
    ("run", "--help"),
    ("voices", "--help"),
    ("setup", "--help"),
    ("config", "show"),
)

WATCH = ("workers", "status", "--watch")
"""Shows the same again every second, until Ctrl-C."""

CTRL_C = "\x03"


@pytest.fixture(scope="module")
def shown(_place_of_a_file: Voicestream) -> dict[tuple[str, ...], list[str]]:
    """Lines that each command writes to a terminal of 80 columns, beside a supervisor with a worker that has ended."""
    place = _place_of_a_file
    assert place.call("up").returncode == 0
    assert place.call("workers", "restart", "tts").returncode == 0
    # A shell says where one command ends; one terminal for all, because each start costs a fraction of a second.
    script = "; ".join(
        f"{shlex.join([*COMMAND, *arguments])}; echo ={number}=" for number, arguments in enumerate(SHOWN)
    )
    script += f"; {shlex.join([*COMMAND, *WATCH])}"
    environment = {name: text for name, text in place.environment.items() if name not in ("COLUMNS", "LINES")}
    with Terminal(script, environment | {"TERM": "xterm"}, place.cwd, columns=WIDTH) as terminal:
        last = f"={len(SHOWN) - 1}="
        wait_until(
            lambda: "slots free" in terminal.shown.partition(last)[2].rpartition("\n")[0],
            "all was shown",
            seen=lambda: terminal.shown,
        )
        terminal.type(CTRL_C)
        assert terminal.shell.wait(remaining()) in (130, -signal.SIGINT)
        rest = strip_terminal_codes(terminal.shown.replace("\r", ""))
    found: dict[tuple[str, ...], list[str]] = {}
    for number, arguments in enumerate(SHOWN):
        text, _, rest = rest.partition(f"={number}=\n")
        found[arguments] = text.splitlines()
    found[WATCH] = rest.replace("^C", "").splitlines()
    return found


def test_no_line_is_wider_than_the_terminal(shown: dict[tuple[str, ...], list[str]]) -> None:
    too_wide = [line for lines in shown.values() for line in lines if cells(line) > WIDTH]
    assert too_wide == []
    assert all(len(lines) > 3 for lines in shown.values())
    for status in (shown["workers", "status"], shown[WATCH]):
        assert any(line.startswith("tts: last exit: ") for line in status)
        assert any(line.startswith("not shown in 80 columns: ") for line in status)
    assert "Traceback" not in "".join(shown[WATCH])


def test_a_pipe_gets_all_columns(warm_place: Voicestream) -> None:
    assert warm_place.call("up").returncode == 0
    shown = warm_place.call("workers", "status").stdout
    for title in ("role", "pid", "inc", "state", "device", "in flight", "p50/p95 ms", "MiB"):
        assert title in shown.splitlines()[0]
    assert "not shown" not in shown
    assert "engine" in warm_place.call("models", "list").stdout.splitlines()[0]


def test_options_stand_in_groups_and_the_shortest_have_one_letter(shown: dict[tuple[str, ...], list[str]]) -> None:
    lines = shown["run", "--help"]
    titles = [line.removesuffix(":") for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Input", "Language", "Voice", "Output", "Machine", "Other"]
    assert any(line.startswith("  -o, --output ") for line in lines)
    assert any(line.startswith("  -q, --quiet ") for line in lines)
