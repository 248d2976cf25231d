"""``voicestream bench``: the latency table of this machine."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from voicestream.errors import EXIT_INCOMPLETE, EXIT_OK

if TYPE_CHECKING:
    from types import FrameType


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--quick", is_flag=True, help="A few runs of each: to see that it works, not to quote.")
def bench(*, as_json: bool, quick: bool) -> int:
    """Measure how long things take on this machine, beside the goals.

    Takes about a minute and starts processes of its own; yours are left alone. Percentiles are measured
    values, not interpolated ones. Close other programs for figures worth quoting.
    """
    from voicestream.bench import table
    from voicestream.bench.measure import FULL, QUICK, measure_all

    # What was started is ended when a signal ends us, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    report = measure_all(QUICK if quick else FULL, _tell)
    if as_json:
        click.echo(table.as_json(report))
    else:
        table.show(report)
    return EXIT_INCOMPLETE if any(figure.is_failure for figure in report.figures) else EXIT_OK


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"voicestream: measuring {what} …", err=True)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
