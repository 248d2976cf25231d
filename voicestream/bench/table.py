"""Benchmark report as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from voicestream.bench.figures import Figure, Report, percentile

WIDTH: Final = 110
"""Width without a terminal, as in the documentation."""


def as_json(report: Report) -> str:
    """Format as one JSON object; durations and sizes are in ``unit``."""
    figures = [
        {
            "name": figure.name,
            "title": figure.title,
            "unit": figure.unit,
            "runs": len(figure.samples),
            **{
                key: _rounded(figure, percent) for key, percent in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))
            },
            "goal": figure.goal,
            "met": figure.is_met,
            "absent": figure.absent or None,
            "parts": {name: round(value, 3) for name, value in figure.parts.items()},
        }
        for figure in report.figures
    ]
    return json.dumps({"hardware": report.hardware, "seconds": round(report.seconds, 1), "figures": figures})


def show(report: Report) -> None:
    """Print the table on stdout."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("measured")
    for title in ("runs", "p50", "p95", "p99", "max", "", "goal (p50)"):
        table.add_column(title, justify="left" if title in ("", "goal (p50)") else "right", no_wrap=True)
    for figure in report.figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for figure in report.figures:
        if figure.parts:
            parts = ", ".join(f"{name} {value:.{_digits(figure)}f}" for name, value in figure.parts.items())
            console.print(f"{figure.title}, of which ({figure.unit}, medians): {parts}", soft_wrap=True)
    for figure in report.figures:
        if figure.absent:
            console.print(f"{figure.title}: not measured: {figure.absent}", soft_wrap=True, markup=False)
    for name, value in report.hardware.items():
        console.print(f"{name}: {value}", soft_wrap=True, markup=False)
    console.print(f"measured in {report.seconds:.0f} s")


def _cells(figure: Figure) -> tuple[str, ...]:
    goal = "" if figure.goal is None else f"≤ {figure.goal:g} {figure.unit}"
    outcome = {True: "met", False: "[bold]missed[/bold]", None: ""}[figure.is_met]
    numbers = [_number(figure, percent) for percent in (50, 95, 99, 100)]
    return figure.title, str(len(figure.samples)), *numbers, figure.unit, f"{goal} {outcome}".strip()


def _number(figure: Figure, percent: float) -> str:
    # A percentile that needs more samples to differ from the maximum is omitted.
    if not figure.samples or (percent > 50 and len(figure.samples) * (100 - percent) < 100 and percent != 100):  # noqa: PLR2004
        return "-"
    if len(figure.samples) == 1 and percent != 50:  # noqa: PLR2004 - the median
        return "-"
    return f"{percentile(figure.samples, percent):.{_digits(figure)}f}"


def _rounded(figure: Figure, percent: float) -> float | None:
    return round(percentile(figure.samples, percent), 3) if figure.samples else None


def _digits(figure: Figure) -> int:
    """Return the number of decimal places: two for small values."""
    return 2 if figure.goal is not None and figure.goal <= 1 else 1
