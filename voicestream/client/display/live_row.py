"""Live row below the captions of a terminal: the sentence now heard, whose turn it is, seconds behind. Sans-I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.protocol.messages import EventName
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionEvent, SessionOpened, Status

MIN_CELLS: Final = 16
"""A narrower terminal has no live row."""

REFRESH_SECONDS: Final = 1.0

WORDS_CELLS: Final = 40
"""Limit of the shown words of the sentence now heard."""

BEHIND_SECONDS: Final = 2.0
"""Lag that is shown; less is normal."""

_MIN_WORDS_CELLS: Final = 8
_GAP: Final = " · "


class LiveRow:
    """State of a session as one row of text."""

    def __init__(self) -> None:
        self._session = ""
        self._found: dict[int, float] = {}
        """Time at which each waiting sentence was found."""
        self._heard: tuple[int, str] | None = None
        """Ordinal and text of the sentence now heard."""
        self._quiet_since = 0.0
        """Time since which nothing of the session is heard."""
        self._is_paused = False
        self._turn = ""
        """Name of the other session that is being spoken; empty if none is known to be."""
        self._asked_at = 0.0

    def opened(self, message: SessionOpened) -> None:
        """Handle the start of the session."""
        self._session = message.session
        self._is_paused = bool(message.paused_by)

    def happened(self, event: SessionEvent, words: str) -> None:
        """Handle an event; ``words``: text that is spoken of its sentence, if it has one."""
        sentence = event.sentence
        match event.event:
            case EventName.PAUSED | EventName.RESUMED:
                self._is_paused = event.event == EventName.PAUSED
            case EventName.SENTENCE_FOUND if sentence is not None:
                self._found.setdefault(sentence, event.time)
            case EventName.PLAYBACK_STARTED if sentence is not None:
                self._found.pop(sentence, None)
                self._heard, self._turn = (sentence, words), ""
            case EventName.PLAYBACK_FINISHED | EventName.SKIPPED | EventName.FAILED | EventName.WITHDRAWN:
                self._ended(event)
            case _:
                pass

    def wants_status(self, now: float) -> bool:
        """Return whether to ask the supervisor whose turn it is; at most once in ``REFRESH_SECONDS``."""
        is_waiting = self._found and self._heard is None and not self._is_paused
        if not is_waiting or now < max(self._quiet_since, self._asked_at) + REFRESH_SECONDS:
            return False
        self._asked_at = now
        return True

    def status(self, message: Status) -> None:
        """Take the answer of the supervisor."""
        speaking = message.supervisor.speaking_session
        is_other = speaking is not None and speaking != self._session and self._heard is None
        project = next((one.project for one in message.sessions if one.session == speaking), "")
        self._turn = (project or speaking or "") if is_other else ""

    def text(self, now: float, cells: int) -> str:
        """Return the row, at most ``cells`` wide and without any code; empty: there is nothing to show."""
        if cells < MIN_CELLS or not (self._heard or self._found):
            return ""
        facts = self._facts(now)
        room = cells - sum(width(_GAP) + width(fact) for fact in facts)
        if self._is_paused:
            head = "⏸ paused"
        elif self._heard is not None:
            size = min(room - 2, WORDS_CELLS)
            head = f"▶ {fitted(one_line(self._heard[1]), size)}" if size >= _MIN_WORDS_CELLS else "▶"
        else:
            head = fitted(f"… turn of {one_line(self._turn)}", max(room, _MIN_WORDS_CELLS)) if self._turn else "…"
        return fitted(_GAP.join((head, *facts)), cells)

    def _facts(self, now: float) -> list[str]:
        facts: list[str] = []
        if self._found:
            behind = now - min(self._found.values())
            facts.append(f"{len(self._found)} waiting")
            if behind >= BEHIND_SECONDS:
                facts.append(f"{behind:.0f} s behind")
        return facts

    def _ended(self, event: SessionEvent) -> None:
        sentence = event.sentence
        if sentence is None or event.stage == "translation":
            return  # some input; or a sentence that is still spoken in the original
        self._found.pop(sentence, None)
        if self._heard is not None and self._heard[0] == sentence:
            self._heard = None
            self._quiet_since = event.time


def width(text: str) -> int:
    """Return the width of a text in cells."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - only on a terminal

    return cell_len(text)


def fitted(text: str, cells: int) -> str:
    """Cut a text to so many cells; an ellipsis shows that it was cut."""
    if width(text) <= cells:
        return text
    kept, used = "", 1
    for character in text:
        used += width(character)
        if used > cells:
            break
        kept += character
    return f"{kept.rstrip()}…" if cells > 0 else ""
