"""Benchmark suite: all measurements in sequence, each in a sandbox."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.bench import first_sound, hardware, hub_overhead, light_commands, remote_latency
from voicestream.bench.figures import Figure, Report
from voicestream.bench.sandbox import Sandbox
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Runs:
    """Numbers of runs."""

    sentences: int
    """Sentences through the hub."""
    cold: int
    warm: int
    lines: int
    heard: int
    help: int


FULL: Final = Runs(sentences=1000, cold=20, warm=20, lines=40, heard=20, help=20)
"""Less than 90 s on two cores; 20 runs or more where a p95 is meaningful."""

QUICK: Final = Runs(sentences=50, cold=1, warm=1, lines=3, heard=1, help=2)
"""Runs for a smoke test, not for figures to quote."""


def measure_all(runs: Runs, report_progress: Callable[[str], None]) -> Report:
    """Run all measurements; a failed one becomes a row with the reason."""
    begun_at = time.monotonic()
    machine = hardware.describe()
    figures: list[Figure] = []

    def add(what: str, measure: Callable[[Sandbox], Figure | Sequence[Figure]]) -> None:
        report_progress(what)
        with Sandbox() as sandbox:
            try:
                found = measure(sandbox)
            except VoicestreamError as error:
                found = Figure(name=what, title=what, unit="ms", samples=(), absent=str(error), is_failure=True)
        figures.extend([found] if isinstance(found, Figure) else found)

    add("hub overhead", lambda sandbox: hub_overhead.measure(sandbox, runs.sentences))
    add("cold start", lambda sandbox: first_sound.cold_start(sandbox, runs.cold))
    add("warm start", lambda sandbox: first_sound.warm_start(sandbox, runs.warm))
    add("warm line and memory", lambda sandbox: first_sound.warm_latency(sandbox, runs.lines))
    add("human voice", lambda sandbox: first_sound.human_latency(sandbox, runs.lines))
    add("voice behind HTTP", lambda sandbox: remote_latency.measure(sandbox, runs.lines))
    add("sound heard", lambda sandbox: first_sound.audible_latency(sandbox, runs.heard))
    add("help", lambda sandbox: light_commands.measure_help(sandbox, runs.help))
    add("hook", lambda sandbox: light_commands.measure_hook(sandbox, runs.help))
    return Report(hardware=machine, figures=tuple(figures), seconds=time.monotonic() - begun_at)
