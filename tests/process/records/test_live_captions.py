"""Live captions of ``run`` in a real terminal."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pyte

from helpers.process.running import COMMAND, line, wait_until
from helpers.process.terminal import Terminal

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

COLUMNS = 48


def screen(terminal: Terminal) -> list[str]:
    """The lines that a person sees."""
    emulated = pyte.Screen(COLUMNS, 24)
    pyte.Stream(emulated).feed(terminal.shown)
    return [text.rstrip() for text in emulated.display if text.strip()]


def test_the_row_says_that_it_is_paused_and_goes_when_the_session_ends(place: Voicestream) -> None:
    place.environment |= {"TERM": "xterm", "VOICESTREAM_KEEP_ALIVE": "20"}
    place.environment.pop("NO_COLOR", None)
    place.call("up")
    holder = place.run()
    holder.wait_for("session_opened")
    assert place.call("pause").returncode == 0
    agent = place.home / "agent.jsonl"
    agent.write_bytes(line("One. Two \x1b[2Jand three."))
    run = shlex.join([*COMMAND, "run", "-o", "null"])
    with Terminal(f"{run} < {agent}; echo done $?", place.environment, place.cwd, COLUMNS) as terminal:
        row = "⏸ paused · 2 waiting"
        wait_until(
            lambda: any(text.startswith(row) for text in screen(terminal)),
            "the row is shown",
            seen=lambda: repr(terminal.shown),
        )
        terminal.type(" ")
        captions = ["▶ resumed", "🔊 One.", "🔊 Two and three.", "done 0"]
        wait_until(
            lambda: screen(terminal)[-len(captions) :] == captions,
            "the key has resumed playback, captions are left, and no row",
            seen=lambda: str(screen(terminal)),
        )
        assert screen(terminal)[0] == "⏸ paused: voicestream resume"
    assert holder.finish() == 0
