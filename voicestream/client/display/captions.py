"""Captions and notes on stderr: each sentence as its playback starts, and every failure.

On a terminal a live row follows them, which is erased before anything else is written. It is one row, and the cursor
never moves up: other programs write to the same terminal, and what they have written must stay.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from voicestream.client.display.live_row import REFRESH_SECONDS, LiveRow, fitted
from voicestream.client.display.progress_line import ProgressLine
from voicestream.client.sentence_texts import SentenceTexts
from voicestream.config.engine_settings import UNTRANSLATED
from voicestream.errors import EXIT_NO_AUDIO
from voicestream.protocol.messages import EventName
from voicestream.terminal_text import one_line, strip_terminal_codes

if TYPE_CHECKING:
    from voicestream.protocol.messages import HandedOver, SessionClosed, SessionEvent, SessionOpened, Status

BEGINNING: Final = 40
"""Shown characters of a sentence that was not spoken."""

_OVER: Final = "\r\x1b[2K"
"""Carriage return and erase line (ECMA-48 EL); written to terminals only."""

_UNWRAPPED: Final = "\x1b[?7l", "\x1b[?7h"
"""Codes before and after the live row (DECAWM): a row that is too long for the terminal stays one row."""


class Captions:
    """Writer of captions to stderr, which must not block (``queued_stderr``); colour on terminals only."""

    def __init__(
        self, *, captions: bool, quiet: bool, may_lack_audio: bool = False, shares_terminal: bool = False
    ) -> None:
        """Initialize; nothing is written yet.

        Args:
            captions: show each sentence as it is played.
            quiet: show errors only.
            may_lack_audio: the caller can fall back to text without a sound device: then only the reason is shown.
            shares_terminal: the caller writes to the terminal by itself, so that there is no live row.
        """
        self._held: list[str] | None = [] if may_lack_audio else None
        """Errors that are dropped if it turns out that there is no sound device."""
        self._captions = captions and not quiet
        self._quiet = quiet
        self._reasons: set[str] = set()
        """Reasons of failures shown so far."""
        self._translates = False
        self._loading = ProgressLine()
        self._has_line = False
        """True while the cursor is behind a line that will be overwritten."""
        self._row = LiveRow() if self._captions and not shares_terminal and _can_overwrite() else None
        self._row_text = ""
        """Text of the live row while it is shown."""
        self._is_loading = False
        """True while loading progress is shown in place of the live row."""
        self._is_coloured = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self._texts = SentenceTexts()

    def happened(self, event: SessionEvent) -> None:
        """Show an event if it is to be shown."""
        texts = self._texts.of(event)
        self._texts.take(event)
        self._is_loading = self._is_loading and event.event not in (EventName.WORKER, EventName.PLAYBACK_STARTED)
        if self._row is not None:
            self._row.happened(event, texts[1] if texts is not None else "")
        match event.event:
            case EventName.PLAYBACK_STARTED if texts is not None:
                self._show(*texts)
            case EventName.SKIPPED | EventName.FAILED:
                self._print_not_done(event, texts)
            case EventName.NOTICE | EventName.PAUSED | EventName.RESUMED:
                self._notice(event)
            case EventName.WORKER:
                self._worker(event)
            case EventName.LOADING if not self._quiet:
                self._show_loading(event)
                return
            case _:
                pass
        self.refresh(event.time)

    def refresh(self, now: float) -> float:
        """Show the live row as it is now; return the time until it changes without an event, in seconds."""
        if self._row is None or self._is_loading:
            return 60.0
        text = self._row.text(now, _columns() - 1)
        if text and not _is_live():
            self._row_text, self._has_line = "", False  # a background process: the line is the shell's
        elif text and text != self._row_text:
            self._show_row(text)
        elif not text:
            self.hide()
        return REFRESH_SECONDS if text else 60.0

    def hide(self) -> None:
        """Erase the live row: something else is written to the terminal, or this process is suspended."""
        if self._row_text:
            self._row_text, self._has_line = "", False
            click.echo(_OVER, err=True, nl=False)

    def wants_status(self, now: float) -> bool:
        """Return whether the live row needs to know whose turn it is."""
        return self._row is not None and self._row.wants_status(now)

    def status(self, message: Status) -> None:
        """Take the status of the supervisor."""
        if self._row is not None:
            self._row.status(message)
            self.refresh(time.monotonic())

    def opened(self, message: SessionOpened, *, translates: bool) -> None:
        """Handle the start of the session; ``translates``: a translation is wanted."""
        self._translates = translates
        if self._row is not None:
            self._row.opened(message)
        if message.paused_by:
            self._print_paused(is_paused=True)
        if message.note and translates:
            self._print_engine_choice("translator", message.translator, message.note)
        if message.tts_note:
            self._print_engine_choice("voice", message.tts, message.tts_note)
        if message.translator == UNTRANSLATED:
            self._print_untranslated()

    def _notice(self, event: SessionEvent) -> None:
        if event.event == EventName.NOTICE:
            self.note(event.text or "")
        else:
            self._print_paused(is_paused=event.event == EventName.PAUSED)

    def _print_paused(self, *, is_paused: bool) -> None:
        if not self._quiet:
            self._write("⏸ paused: voicestream resume" if is_paused else "▶ resumed")

    def _print_not_done(self, event: SessionEvent, texts: tuple[str, str] | None) -> None:
        """Show a reason once, with the first sentence it concerns; the final counts cover the others."""
        reason = event.reason or ""
        if reason in self._reasons:
            return
        self._reasons.add(reason)
        verb = "not translated" if event.stage == "translation" else "not spoken"
        if event.sentence is None:
            what = "some input"
        elif texts is not None:
            what = f'"{_beginning(texts[0])}"'
        else:
            what = "a sentence"
        self.error(f"{verb}: {what}: {reason}")

    def _worker(self, event: SessionEvent) -> None:
        if event.reason and event.state == "ready":
            if event.role == "translation" and self._translates:
                self._print_engine_choice("translator", event.engine or "", event.reason)
            elif event.role == "tts":
                self._print_engine_choice("voice", event.engine or "", event.reason)
        elif event.text:
            self.note(event.text)
        if event.role == "translation" and event.engine == UNTRANSLATED:
            self._print_untranslated()

    def _print_engine_choice(self, what: str, engine: str, why: str) -> None:
        """Show the engine that ``auto`` fell back to, and why."""
        if why not in self._reasons:
            self._reasons.add(why)
            self.note(f"{what}: {engine}; {why}")

    def _show_loading(self, event: SessionEvent) -> None:
        self._is_loading = _is_live()
        if not _is_live():
            if stage := self._loading.new_stage(event):
                self._write(f"voicestream: {stage}", dim=True)
        elif line := self._loading.line(event):
            self._write(fitted(f"voicestream: {line}", _columns() - 1), dim=True, is_final=False)

    def _print_untranslated(self) -> None:
        if self._translates:
            self._translates = False  # shown once
            self.error(
                "no translation engine is ready on this machine: you hear the original. See docs/internals/engines.md"
            )

    def closed(self, message: SessionClosed) -> None:
        """Handle the end of the session."""
        self.hide()
        self._row = None
        if self._held is not None and message.exit_code == EXIT_NO_AUDIO:
            # Failed sentences are not listed, because the caller falls back to another way to speak them.
            self._held = None
            self.error(message.reason)
            return
        self._show_held()
        if message.reason and message.reason not in self._reasons:
            self.error(message.reason)
        counts = message.counts
        if counts.skipped or counts.failed or counts.untranslated:
            self.error(
                f"{counts.played} of {counts.found} sentences spoken, {counts.skipped} skipped, "
                f"{counts.failed} failed, {counts.untranslated} not translated"
            )

    def handed_over(self, message: HandedOver) -> None:
        """Note that the supervisor finishes the session."""
        self.hide()
        self._row = None
        self._show_held()
        waiting = message.waiting_sentences
        what = "1 sentence waits" if waiting == 1 else f"{waiting} sentences wait"
        self.note(f"handed over: {what}; voicestream status shows them")

    def note(self, text: str) -> None:
        """Show a note, unless quiet."""
        if not self._quiet:
            self._write(f"voicestream: {text}", dim=True)

    def error(self, text: str) -> None:
        """Show an error, even if quiet."""
        if self._held is not None:
            self._held.append(text)
            return
        self._write(f"voicestream: {text}", fg="red")

    def _show(self, original: str, spoken: str) -> None:
        self._show_held()
        if not self._captions:
            return
        self._write(f"🔊 {one_line(spoken)}")
        if original != spoken:
            self._write(f"   {one_line(original)}", dim=True)

    def _show_held(self) -> None:
        held, self._held = self._held or [], None
        for text in held:
            self.error(text)

    def _write(self, text: str, *, fg: str | None = None, dim: bool | None = None, is_final: bool = True) -> None:
        """Write a line; a line that is not final is overwritten by the next."""
        text = strip_terminal_codes(text) if is_final else one_line(text)
        over = _OVER if self._has_line else ""
        self._has_line = not is_final
        self._row_text = ""
        if self._is_coloured and (fg or dim):
            text = click.style(text, fg=fg, dim=dim)
        click.echo(f"{over}{text}", err=True, nl=is_final)

    def _show_row(self, text: str) -> None:
        over = _OVER if self._has_line else ""
        self._has_line, self._row_text = True, text
        unwrapped, wrapped = _UNWRAPPED
        click.echo(f"{over}{unwrapped}{click.style(text, dim=True)}{wrapped}", err=True, nl=False)


def _is_live() -> bool:
    """Return whether stderr is a terminal on which this process may overwrite a row."""
    return _can_overwrite() and _is_in_foreground()


def _can_overwrite() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "NO_COLOR" not in os.environ


def _is_in_foreground() -> bool:
    """Return whether the terminal is not used by another process group, as by a shell after ``&``."""
    try:
        return os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return True  # not the terminal of this session: no shell is there


def _columns() -> int:
    """Return the present width of the terminal in cells."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _beginning(text: str) -> str:
    """Return the first words of a sentence, for people to recognize it."""
    text = one_line(text)
    if len(text) <= BEGINNING:
        return text
    words = text[: BEGINNING + 1].rpartition(" ")[0] or text[:BEGINNING]
    return f"{words}…"
