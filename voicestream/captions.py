"""What a person sees on stderr while listening: each sentence as it begins to be heard, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from voicestream.messages import SessionEvent

if TYPE_CHECKING:
    from voicestream.messages import SessionClosed, SessionOpened


NO_TRANSLATOR: Final = "none"


class Captions:
    """Writes to stderr; colour only on a terminal (click sees to that)."""

    def __init__(self, *, captions: bool, quiet: bool) -> None:
        """``captions``: show what is heard; ``quiet``: say nothing but errors."""
        self._captions = captions and not quiet
        self._quiet = quiet
        self._is_unread = False
        self._translates = False
        self._texts: dict[int, tuple[str, str]] = {}
        """Of the sentences not heard yet: the original, and what is said."""

    def happened(self, event: SessionEvent) -> None:
        """Show an event, if it is one to show."""
        sentence = event.sentence
        match event.event:
            case "sentence_found" if sentence is not None:
                self._texts[sentence] = (event.text or "", event.text or "")
            case "translated" if sentence in self._texts:
                self._texts[sentence] = (self._texts[sentence][0], event.text or "")
            case "playback_started" if sentence in self._texts:
                self._show(*self._texts[sentence])
            case "playback_finished":
                self._texts.pop(sentence or 0, None)
            case "skipped" | "failed":
                what = f"sentence {sentence}" if sentence is not None else "some input"
                self.error(f"{what} {event.event} ({event.stage}): {event.reason}")
            case "notice":
                self.note(event.text or "")
            case "worker":
                self._worker(event)
            case _:
                pass

    def opened(self, message: SessionOpened, *, translates: bool) -> None:
        """The session exists; ``translates``: a translation is wanted."""
        self._translates = translates
        if message.translator == NO_TRANSLATOR:
            self._tell_untranslated()

    def _worker(self, event: SessionEvent) -> None:
        if event.reason:
            self.note(event.reason)
        elif event.role == "translation" and event.engine == NO_TRANSLATOR:
            self._tell_untranslated()

    def _tell_untranslated(self) -> None:
        if self._translates:
            self._translates = False  # once is enough
            self.error("no translation engine is ready on this machine: you hear the original. See docs/engines.md")

    def closed(self, message: SessionClosed) -> None:
        """The session is over."""
        if message.reason:
            self.error(message.reason)
        counts = message.counts
        if counts.skipped or counts.failed or counts.untranslated:
            self.error(
                f"{counts.played} of {counts.found} sentences spoken, {counts.skipped} skipped, "
                f"{counts.failed} failed, {counts.untranslated} not translated"
            )

    def note(self, text: str) -> None:
        """Something worth knowing."""
        if not self._quiet:
            self._write(f"voicestream: {text}", dim=True)

    def error(self, text: str) -> None:
        """Something went wrong; shown even when quiet."""
        self._write(f"voicestream: {text}", fg="red")

    def _show(self, original: str, said: str) -> None:
        if not self._captions:
            return
        self._write(f"🔊 {said}")
        if original != said:
            self._write(f"   {original}", dim=True)

    def _write(self, text: str, *, fg: str | None = None, dim: bool | None = None) -> None:
        if self._is_unread:
            return
        try:
            click.secho(text, err=True, fg=fg, dim=dim)
        except OSError:
            # The terminal is gone, or the disk is full: there is nowhere left to say so, and listening goes on.
            self._is_unread = True
