"""Progress line of a model that takes long to load: a bar on a terminal, stages elsewhere. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionEvent

SHOWN_AFTER_SECONDS: Final = 1.0
"""Loading that takes less time is not shown."""

BAR_CELLS: Final = 24

Worker = tuple[str | None, int | None]
"""Role and incarnation."""


class ProgressLine:
    """Loading progress of all workers."""

    def __init__(self) -> None:
        self._since: dict[Worker, float] = {}
        self._stages: dict[Worker, str] = {}

    def line(self, event: SessionEvent) -> str:
        """Return the line to show for a loading event; empty if it is not to be shown yet."""
        worker = event.role, event.incarnation
        if event.time < self._since.setdefault(worker, event.time) + SHOWN_AFTER_SECONDS:
            return ""
        share = "" if event.progress is None else f" {bar(event.progress)} {event.progress:.0%}"
        return f"loading {event.role}: {event.text}{share}"

    def new_stage(self, event: SessionEvent) -> str:
        """Return the line without its bar, once a stage; otherwise empty."""
        worker = event.role, event.incarnation
        is_shown = bool(self.line(event))
        if not is_shown or self._stages.get(worker) == event.text:
            return ""
        self._stages[worker] = event.text or ""
        return f"loading {event.role}: {event.text}"


def bar(share: float) -> str:
    """Draw a share from 0 to 1 as a bar."""
    full = round(BAR_CELLS * min(1.0, max(0.0, share)))
    return "█" * full + "░" * (BAR_CELLS - full)
