"""``voicestream bench``: the latency table of this machine."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from voicestream.errors import EXIT_INCOMPLETE, EXIT_OK, UsageError

if TYPE_CHECKING:
    from types import FrameType

    from voicestream.bench.figures import Report


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--gpu", is_flag=True, help="Benchmark the neural engines on an NVIDIA GPU, beside the libraries' own code."
)
@click.option("--profile", is_flag=True, help="With --gpu: also profile a sentence.")
@click.option("--density", is_flag=True, help="With --gpu: number of listeners that one GPU serves in real time.")
@click.option("--quick", is_flag=True, help="A few runs of each benchmark, as a smoke test.")
def bench(*, as_json: bool, gpu: bool, profile: bool, density: bool, quick: bool) -> int:
    """Run the benchmarks on this machine and compare with the goals.

    Takes about a minute and starts processes of its own; yours are left alone. Percentiles are measured
    values, not interpolated ones. Close other programs for figures worth quoting.

    With --gpu it takes some minutes, 4 GB of disk for models with random weights, which are gone afterwards,
    and 10 GB of the GPU's memory. With --density, 1 to 512 simulated listeners each ask for a sentence of
    3 s as soon as the last one has been played, which takes up to 27 GB of it.
    """
    # Started processes also end if a signal ends this one.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit_on_signal)
    for option, is_given in (("profile", profile), ("density", density)):
        if is_given and not gpu:
            raise UsageError(f"--{option} goes with --gpu", hint=f"Try: voicestream bench --gpu --{option}")
    if density:
        return _density(quick=quick, profile=profile, as_json=as_json)
    from voicestream.bench import table

    report = _on_gpu(quick=quick, profile=profile) if gpu else _on_processor(quick=quick)
    if as_json:
        click.echo(table.as_json(report))
    else:
        table.show(report)
    return EXIT_INCOMPLETE if any(figure.is_failure for figure in report.figures) else EXIT_OK


def _on_processor(*, quick: bool) -> Report:
    from voicestream.bench.suite import FULL, QUICK, measure_all

    return measure_all(QUICK if quick else FULL, _report_progress)


def _on_gpu(*, quick: bool, profile: bool) -> Report:
    from voicestream.bench.gpu import gpu_suite
    from voicestream.bench.random_models.sizes import FULL_RUNS, FULL_SIZES, QUICK_RUNS

    gpu_suite.check()
    return gpu_suite.measure_all(FULL_SIZES, QUICK_RUNS if quick else FULL_RUNS, _report_progress, with_profile=profile)


def _density(*, quick: bool, profile: bool, as_json: bool) -> int:
    from voicestream.bench.gpu import gpu_suite
    from voicestream.bench.gpu.density import rows, suite, table
    from voicestream.bench.random_models.sizes import FULL_SIZES

    gpu_suite.check()
    plan = rows.QUICK_PLAN if quick else rows.FULL_PLAN
    report = suite.measure_all(FULL_SIZES, plan, _report_progress, with_profile=profile)
    if as_json:
        click.echo(table.as_json(report))
    else:
        table.show(report)
    return EXIT_INCOMPLETE if report.has_failed else EXIT_OK


def _report_progress(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"voicestream: measuring {what} …", err=True)


def _exit_on_signal(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
