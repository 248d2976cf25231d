"""The way to the first sound of a sentence, event by event, over several runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.bench.figures import percentile

if TYPE_CHECKING:
    from voicestream.bench.driven_run import DrivenRun


class Steps:
    """Durations in milliseconds: from a beginning to the first event, from there to the next, and all together."""

    def __init__(self, *events: str) -> None:
        self._durations: Final[dict[str, list[float]]] = {event: [] for event in events}
        self._totals: list[float] = []

    def add(self, begun_at: float, run: DrivenRun, sentence: int | None = None) -> None:
        """One more time: wait for the events of this sentence (None: of the first).

        Raises:
            VoicestreamError: one of them does not come.
        """
        before = begun_at
        for event, durations in self._durations.items():
            time = float(run.wait_for(event, sentence)["time"])
            durations.append((time - before) * 1000)
            before = time
        self._totals.append((before - begun_at) * 1000)

    @property
    def samples(self) -> tuple[float, ...]:
        """From the beginning to the last event, one a time."""
        return tuple(self._totals)

    @property
    def parts(self) -> dict[str, float]:
        """Medians of the steps."""
        return {f"to {event}": percentile(durations, 50) for event, durations in self._durations.items()}
