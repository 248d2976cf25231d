"""Captions on a terminal emulator: an agent's text changes nothing but its own cells, and others' lines stay."""

from __future__ import annotations

import io
import re
import sys

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.client.display import captions as module
from voicestream.client.display.captions import Captions
from voicestream.protocol.messages import EventName, SessionEvent, SessionOpened
from voicestream.terminal_text import one_line

COLUMNS, LINES = 60, 80

OURS = re.compile(r"\r\x1b\[2K|\x1b\[\?7[lh]|\x1b\[(?:0|2|31)m")
"""All codes that captions may write."""

PIECES = st.sampled_from(
    [
        *(
            "\x1b]0;OWNED\x07",
            "\x1b]52;c;b3duZWQ=\x1b\\",
            "\x1b[2J",
            "\x1b[1;1H",
            "\x1b[?1049h",
            "\x1b[31m",
            "\x1b[?25l",
        ),
        *("\x1bc", "\x1b(0", "\x0e", "\x9b2J", "\x9dtitle\x9c", "\x90q\x9c", "\x1b[5;9r", "\x1b[4h", "\x1bH", "\x1b7"),
        *(
            "\r",
            "\n",
            "\b\b\b",
            "\t",
            "\x7f",
            "\x00",
            "\x07",
            "\v",
            "\x85",
            "\u2028",
            "\u202e",
            "\u2067",
            "\u200f",
            "\x1b",
        ),
        *("word ", "a sentence that is longer. ", "長い文。", "👩‍👩‍👧", "é́", "\udcff", "[2J", "voicestream: error"),
    ]
)
HOSTILE = st.lists(PIECES, min_size=1, max_size=12).map("".join)


class Terminal(io.StringIO):
    """Stderr that is shown on an emulated terminal, as its driver passes it on."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.stream.feed(text.replace("\n", "\r\n"))
        return super().write(text)

    def shown(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def state(self) -> tuple[object, ...]:
        """What codes could change beside the cells."""
        screen = self.screen
        cursor = screen.cursor
        return (
            screen.title,
            screen.icon_name,
            sorted(screen.mode),
            screen.margins,
            screen.charset,
            screen.g0_charset,
            screen.g1_charset,
            sorted(screen.tabstops),
            screen.savepoints,
            cursor.hidden,
            cursor.attrs,
        )


@pytest.fixture(autouse=True)
def terminal_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(module, "_columns", lambda: COLUMNS)


def event(name: EventName, sentence: int | None = None, text: str | None = None, **more: str) -> SessionEvent:
    return SessionEvent(event=name, session="s1", time=1.0, sentence=sentence, text=text, reason=more.get("reason"))


def session(captions: Captions, original: str, spoken: str) -> None:
    """Everything of an agent's that a session shows."""
    captions.opened(SessionOpened(session="s1", pid=1, translator="x", tts="y"), translates=True)
    captions.happened(event(EventName.SENTENCE_FOUND, 0, original))
    captions.happened(event(EventName.SENTENCE_FOUND, 1, original))
    captions.happened(event(EventName.TRANSLATED, 0, spoken))
    captions.refresh(5.0)
    captions.happened(event(EventName.PLAYBACK_STARTED, 0))
    captions.refresh(9.0)
    captions.happened(event(EventName.PLAYBACK_FINISHED, 0))
    captions.happened(event(EventName.FAILED, 1, reason=spoken))
    captions.hide()


@settings(max_examples=50)
@given(original=HOSTILE, spoken=HOSTILE)
def test_an_agents_text_changes_nothing_but_its_own_cells(original: str, spoken: str) -> None:
    terminal, expected = Terminal(), Terminal()
    before = terminal.state()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        terminal.write("$ what was there\n")
        session(Captions(captions=True, quiet=False), original, spoken)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", OURS.sub("", terminal.getvalue()))
    assert terminal.state() == before
    # As if plain text had been written.
    expected.write("$ what was there\n")
    expected.write(f"🔊 {one_line(spoken)}\n")
    if original != spoken:
        expected.write(f"   {one_line(original)}\n")
    shown = terminal.shown()
    assert shown[: len(expected.shown())] == expected.shown()
    assert all("▶" not in line and "waiting" not in line for line in shown)


def test_the_row_shows_the_present_state_and_lines_of_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    captions = Captions(captions=True, quiet=False)
    captions.opened(SessionOpened(session="s1", pid=1, translator="none", tts="y"), translates=False)
    for sentence in range(3):
        captions.happened(event(EventName.SENTENCE_FOUND, sentence, f"Sentence {sentence}."))
    assert terminal.shown() == ["… · 3 waiting"]
    captions.happened(event(EventName.PLAYBACK_STARTED, 0))
    assert captions.refresh(31.0) == 1.0
    assert terminal.shown() == ["🔊 Sentence 0.", "▶ Sentence 0. · 2 waiting · 30 s behind"]
    terminal.write("a warning\n")
    captions.refresh(32.0)
    captions.happened(event(EventName.PLAYBACK_FINISHED, 0))
    captions.happened(event(EventName.PLAYBACK_STARTED, 1))
    captions.note("a note")
    captions.refresh(33.0)
    shown = terminal.shown()
    assert shown[0] == "🔊 Sentence 0."
    assert shown[1].endswith("a warning")
    assert shown[2:] == ["🔊 Sentence 1.", "voicestream: a note", "▶ Sentence 1. · 1 waiting · 32 s behind"]
    monkeypatch.setattr(module, "_columns", lambda: 24)
    captions.refresh(34.0)
    assert terminal.shown()[-1] == "▶ · 1 waiting · 33 s b…"
    captions.hide()
    assert terminal.shown()[-1] == "voicestream: a note"


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_a_dumb_terminal_and_one_without_colour_get_plain_lines(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    session(Captions(captions=True, quiet=False), "Hello.", "Hallo.")
    assert terminal.getvalue().startswith("🔊 Hallo.\n")
    assert "\r" not in terminal.getvalue()
    if "NO_COLOR" in variables:
        assert "\x1b" not in terminal.getvalue()


def test_a_background_process_writes_lines_only_and_the_row_comes_with_the_foreground(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "_is_in_foreground", lambda: False)
    captions = Captions(captions=True, quiet=False)
    captions.happened(event(EventName.SENTENCE_FOUND, 0, "Hello."))
    captions.happened(event(EventName.PLAYBACK_STARTED, 0))
    captions.refresh(2.0)
    assert terminal.getvalue() == "🔊 Hello.\n"
    monkeypatch.setattr(module, "_is_in_foreground", lambda: True)
    captions.refresh(3.0)
    assert terminal.shown() == ["🔊 Hello.", "▶ Hello."]
    monkeypatch.setattr(module, "_is_in_foreground", lambda: False)
    terminal.write("\n$ typed")
    captions.refresh(4.0)
    captions.hide()
    assert terminal.shown() == ["🔊 Hello.", "▶ Hello.", "$ typed"]


def test_who_shares_the_terminal_gets_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    session(Captions(captions=True, quiet=False, shares_terminal=True), "Hello.", "Hallo.")
    assert "\r" not in terminal.getvalue()
