"""The line that shows how far a model is that takes long to load: a bar on a terminal, its stages elsewhere. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.protocol.messages import SessionEvent

SHOWN_AFTER_SECONDS: Final = 1.0
"""What is loaded sooner than this is nobody's concern."""

BAR_CELLS: Final = 24

Worker = tuple[str | None, int | None]
"""Role and incarnation."""


class ProgressLine:
    """Follows all workers that load."""

    def __init__(self) -> None:
        self._since: dict[Worker, float] = {}
        self._stages: dict[Worker, str] = {}

    def line(self, event: SessionEvent) -> str:
        """What to show now that a worker has said how far it is; empty while that is not worth showing."""
        worker = event.role, event.incarnation
        if event.time < self._since.setdefault(worker, event.time) + SHOWN_AFTER_SECONDS:
            return ""
        share = "" if event.progress is None else f" {bar(event.progress)} {event.progress:.0%}"
        return f"loading {event.role}: {event.text}{share}"

    def new_stage(self, event: SessionEvent) -> str:
        """The same without its bar, once for each stage; else empty."""
        worker = event.role, event.incarnation
        is_shown = bool(self.line(event))
        if not is_shown or self._stages.get(worker) == event.text:
            return ""
        self._stages[worker] = event.text or ""
        return f"loading {event.role}: {event.text}"


def bar(share: float) -> str:
    """A share from 0 to 1 as a picture."""
    full = round(BAR_CELLS * min(1.0, max(0.0, share)))
    return "█" * full + "░" * (BAR_CELLS - full)
