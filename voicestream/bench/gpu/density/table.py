"""Density report as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.table import Table

from voicestream.bench.figures import percentile
from voicestream.bench.gpu.density.measuring import is_carried
from voicestream.bench.gpu.density.rows import BATCH, MAX_FIRST_MILLISECONDS, VOICES_GOAL
from voicestream.bench.table import WIDTH

if TYPE_CHECKING:
    from voicestream.bench.gpu.density.rows import DensityRow
    from voicestream.bench.gpu.density.suite import DensityReport

COLUMNS: Final = ("listeners", "sentences", "first p50", "p95", "whole p50", "under-runs", "without any", "memory")


def as_json(report: DensityReport) -> str:
    """Format as one JSON object; times are in milliseconds."""
    rows = [
        {
            "path": row.path,
            "listeners": row.listeners,
            "sentences": len(row.first_ms),
            "first_ms": {f"p{percent}": _percentile(row.first_ms, percent) for percent in (50, 95)},
            "whole_ms": {f"p{percent}": _percentile(row.whole_ms, percent) for percent in (50, 95)},
            "underruns": row.underruns,
            "listeners_with_underruns": row.interrupted,
            "voices_without_underruns": row.uninterrupted,
            "is_carried": is_carried(row),
            "memory_bytes": row.memory_bytes,
            "absent": row.absent or None,
        }
        for row in report.rows
    ]
    return json.dumps(
        {
            "hardware": report.hardware,
            "seconds": round(report.seconds, 1),
            "rows": rows,
            "voices": report.voices,
            "goal": {"voices": VOICES_GOAL, "first_p95_ms": MAX_FIRST_MILLISECONDS},
            "profile": {figure.name: figure.parts for figure in report.figures},
        }
    )


def show(report: DensityReport) -> None:
    """Print the table on stdout."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("voice path")
    for title in COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    for row in report.rows:
        table.add_row(row.path, *_cells(row))
    console.print(table)
    for row in report.rows:
        if row.absent:
            console.print(f"{row.path}: not measured: {row.absent}", soft_wrap=True, markup=False)
    for figure in report.figures:
        parts = ", ".join(f"{name} {value:.1f}" for name, value in figure.parts.items())
        console.print(f"{figure.title}, of which (ms): {parts}", soft_wrap=True)
    for name, value in report.hardware.items():
        console.print(f"{name}: {value}", soft_wrap=True, markup=False)
    limit = f"no under-run, 95 % of the first chunks within {MAX_FIRST_MILLISECONDS:g} ms"
    console.print(f"measured in {report.seconds:.0f} s; times in ms")
    for path, voices in report.voices.items():
        goal = f" (goal: {VOICES_GOAL})" if path == BATCH else ""
        console.print(f"{path}: {voices} voices in real time{goal}: {limit}", soft_wrap=True, markup=False)


def _cells(row: DensityRow) -> tuple[str, ...]:
    if row.absent:
        return ("-",) * len(COLUMNS)
    times = [(row.first_ms, 50), (row.first_ms, 95), (row.whole_ms, 50)]
    memory = "-" if row.memory_bytes is None else f"{row.memory_bytes / 1e9:.1f} GB"
    return (
        str(row.listeners),
        str(len(row.first_ms)),
        *("-" if (found := _percentile(samples, percent)) is None else f"{found:.1f}" for samples, percent in times),
        str(row.underruns),
        str(row.uninterrupted),
        memory,
    )


def _percentile(samples: tuple[float, ...], percent: float) -> float | None:
    return round(percentile(samples, percent), 2) if samples else None
