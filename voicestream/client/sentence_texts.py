"""Texts of the sentences of a session that are not played yet: the original, and the words that are spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.protocol.messages import EventName

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionEvent


class SentenceTexts(dict[int, tuple[str, str]]):
    """Original and spoken text by sentence, from the events of a session."""

    def of(self, event: SessionEvent) -> tuple[str, str] | None:
        """Return original and spoken text of the sentence of an event; None if there is none."""
        return None if event.sentence is None else self.get(event.sentence)

    def take(self, event: SessionEvent) -> None:
        """Note the texts of an event, or forget those of a sentence that has ended."""
        sentence, text = event.sentence, event.text or ""
        if sentence is None:
            return
        match event.event:
            case EventName.SENTENCE_FOUND | EventName.ANNOUNCEMENT | EventName.REPEATED:
                self[sentence] = (text, text)
            case EventName.TRANSLATED if sentence in self:
                self[sentence] = (self[sentence][0], text)
            case EventName.PLAYBACK_FINISHED | EventName.WITHDRAWN:
                self.pop(sentence, None)
            case EventName.SKIPPED | EventName.FAILED if event.stage != "translation":
                self.pop(sentence, None)  # a sentence without translation is still played in the original
            case _:
                pass
