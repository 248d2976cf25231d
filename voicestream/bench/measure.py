"""All measurements, one after another, in a place of their own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.bench import first_sound, hardware, help_text, hub_overhead
from voicestream.bench.figures import Figure, Report
from voicestream.bench.sandbox import Place
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Runs:
    """How often each thing is done."""

    sentences: int
    """Through the hub."""
    cold: int
    warm: int
    lines: int
    heard: int
    help: int


FULL: Final = Runs(sentences=1000, cold=20, warm=20, lines=40, heard=20, help=20)
"""Less than 90 s on two cores; 20 and more where a p95 is to mean something."""

QUICK: Final = Runs(sentences=100, cold=2, warm=2, lines=5, heard=2, help=3)
"""To see that it works, not to quote."""


def measure_all(runs: Runs, tell: Callable[[str], None]) -> Report:
    """Measure; ``tell`` is told what is being measured. What fails becomes a row that says why."""
    begun_at = time.monotonic()
    machine = hardware.describe()
    figures: list[Figure] = []

    def add(what: str, measure: Callable[[Place], Figure | Sequence[Figure]]) -> None:
        tell(what)
        with Place() as place:
            try:
                found = measure(place)
            except VoicestreamError as error:
                found = Figure(name=what, title=what, unit="ms", samples=(), absent=str(error), is_failure=True)
        figures.extend([found] if isinstance(found, Figure) else found)

    add("hub overhead", lambda place: hub_overhead.measure(place, runs.sentences))
    add("cold start", lambda place: first_sound.cold(place, runs.cold))
    add("warm start", lambda place: first_sound.warm_start(place, runs.warm))
    add("warm line and memory", lambda place: first_sound.warm_line(place, runs.lines))
    add("sound heard", lambda place: first_sound.heard(place, runs.heard))
    add("help", lambda place: help_text.measure(place, runs.help))
    return Report(hardware=machine, figures=tuple(figures), seconds=time.monotonic() - begun_at)
