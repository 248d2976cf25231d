"""Subtitles of a session in SubRip (.srt) or WebVTT (.vtt), in step with what was played. Sans-I/O.

Times of a sound file are positions in it. At a sound device they count from the beginning of the first sentence, pauses
included. A translated sentence has two lines: the words that are heard, and the agent's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.client.sentence_texts import SentenceTexts
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.protocol.messages import EventName
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import SessionEvent

SUBRIP: Final = ".srt"
WEBVTT: Final = ".vtt"
FORMATS: Final = frozenset((SUBRIP, WEBVTT))
"""Suffixes of captions files."""

_ARROW: Final = "-->"
"""Separator of the times of a cue, which its text must not hold."""


class Subtitles:
    """Cues of one session, written as its sentences end."""

    def __init__(self, write: Callable[[bytes], None], suffix: str, *, is_file: bool) -> None:
        """Write the header.

        Args:
            write: takes bytes of the captions file; must not block.
            suffix: one of ``FORMATS``.
            is_file: the sound goes into a file, so that times are positions in it.
        """
        self._write = write
        self._suffix = suffix
        self._is_file = is_file
        self._texts = SentenceTexts()
        self._origin: float | None = None
        """Start of the first sentence on the clock of events."""
        self._begun = 0.0
        """Start of the current sentence in seconds of the captions."""
        self._cues = 0
        if suffix == WEBVTT:
            self._write(b"WEBVTT\n\n")

    def happened(self, event: SessionEvent) -> None:
        """Handle an event of the session."""
        texts = self._texts.of(event)
        self._texts.take(event)
        if event.event == EventName.PLAYBACK_STARTED:
            self._started(event)
        elif event.event == EventName.PLAYBACK_FINISHED and texts is not None:
            self._finished(event, *texts)

    def _started(self, event: SessionEvent) -> None:
        if self._origin is None:
            self._origin = event.time
        self._begun = (event.position or 0) / SAMPLE_RATE if self._is_file else event.time - self._origin

    def _finished(self, event: SessionEvent, original: str, spoken: str) -> None:
        if self._origin is None:
            return
        end = self._begun + (event.frames or 0) / SAMPLE_RATE if self._is_file else event.time - self._origin
        lines = dict.fromkeys(text for text in (spoken, original) if text.strip())
        if lines:
            self._cues += 1
            self._write(self._cue(self._begun, end, [self._escaped(text) for text in lines]).encode(errors="replace"))

    def _cue(self, begin: float, end: float, lines: list[str]) -> str:
        number = f"{self._cues}\n" if self._suffix == SUBRIP else ""
        return f"{number}{self._time(begin)} {_ARROW} {self._time(end)}\n" + "\n".join(lines) + "\n\n"

    def _time(self, seconds: float) -> str:
        """Format a time: hours, minutes, seconds and milliseconds; SubRip has a comma before these."""
        whole, milliseconds = divmod(round(seconds * 1000), 1000)
        minutes, rest = divmod(whole, 60)
        mark = "," if self._suffix == SUBRIP else "."
        return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}{mark}{milliseconds:03}"

    def _escaped(self, text: str) -> str:
        text = one_line(text)
        if self._suffix == WEBVTT:
            return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return text.replace(_ARROW, "→")
