"""Steps from a line to its first sound: intervals between events, over several runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.bench.figures import percentile

if TYPE_CHECKING:
    from voicestream.bench.driven_run import DrivenRun


class Steps:
    """Intervals in milliseconds: from the beginning to the first event, between events, and in total."""

    def __init__(self, *events: str) -> None:
        self._durations: Final[dict[str, list[float]]] = {event: [] for event in events}
        self._totals: list[float] = []

    def add(self, begun_at: float, run: DrivenRun, sentence: int | None = None) -> None:
        """Wait for the events of a sentence (None: of the first) and record their intervals.

        Raises:
            VoicestreamError: an event does not come.
        """
        before = begun_at
        for event, durations in self._durations.items():
            time = float(run.wait_for(event, sentence)["time"])
            durations.append((time - before) * 1000)
            before = time
        self._totals.append((before - begun_at) * 1000)

    @property
    def samples(self) -> tuple[float, ...]:
        """Return the totals, one a run."""
        return tuple(self._totals)

    @property
    def parts(self) -> dict[str, float]:
        """Return the medians of the steps."""
        return {f"to {event}": percentile(durations, 50) for event, durations in self._durations.items()}
