"""What a person sees on stderr while listening: each sentence as it begins to be heard, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voicestream.messages import SessionEvent

if TYPE_CHECKING:
    from voicestream.messages import SessionClosed


class Captions:
    """Writes to stderr; colour only on a terminal (click sees to that)."""

    def __init__(self, *, captions: bool, quiet: bool) -> None:
        """``captions``: show what is heard; ``quiet``: say nothing but errors."""
        self._captions = captions and not quiet
        self._quiet = quiet
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
            case "worker" if event.state in ("failed", "backoff"):
                self.note(f"{event.reason}")
            case _:
                pass

    def closed(self, message: SessionClosed) -> None:
        """The session is over."""
        if message.reason:
            self.error(message.reason)
        counts = message.counts
        if counts.skipped or counts.failed or counts.untranslated:
            self.error(
                f"{counts.played} of {counts.found} sentences spoken, {counts.skipped} skipped, {counts.failed} failed, "
                f"{counts.untranslated} not translated"
            )

    def note(self, text: str) -> None:
        """Something worth knowing."""
        if not self._quiet:
            click.secho(f"voicestream: {text}", err=True, dim=True)

    def error(self, text: str) -> None:
        """Something went wrong; shown even when quiet."""
        click.secho(f"voicestream: {text}", err=True, fg="red")

    def _show(self, original: str, said: str) -> None:
        if not self._captions:
            return
        click.echo(f"🔊 {said}", err=True)
        if original != said:
            click.secho(f"   {original}", err=True, dim=True)
