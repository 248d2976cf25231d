"""The report of chaos runs, as tables that can be put into the documentation as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpers.chaos.chaos_faults import HARSHNESS
from voicestream.bench.figures import percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from helpers.chaos.chaos_run import Result

NOTICED_GOAL_SECONDS: Final = 0.05
STARTED_GOAL_SECONDS: Final = 0.25

_SINCE: Final = {
    "SIGKILL": "killed",
    "restart --now": "killed by `workers restart --now`",
    "SIGSTOP": "frozen; noticed by its silence",
    "SIGTERM": "told to exit by SIGTERM",
    "restart": "told to exit by `workers restart`",
}


def counts(results: Iterable[Result]) -> str:
    """What was found, missing, doubled, out of order and corrupt, a row a seed."""
    rows = [
        (
            str(result.seed),
            f"{result.sentences:,}",
            f"{result.seconds:.0f} s",
            str(result.faults.total()),
            str(result.missing),
            str(result.doubled),
            str(result.out_of_order),
            str(result.corrupt),
            str(len(result.troubles)),
        )
        for result in results
    ]
    titles = ("seed", "sentences", "in", "faults", "missing", "doubled", "out of order", "corrupt samples", "other")
    return _table(titles, rows)


def recovery(results: Sequence[Result]) -> str:
    """How soon workers were replaced, median and worst, a row a kind of fault."""
    rows: list[tuple[str, ...]] = []
    for kind in HARSHNESS:
        given = sum(result.faults[kind] for result in results)
        found = [one for result in results for one in result.recoveries if one.kind == kind]
        noticed = _times([one.noticed for one in found])
        started = _times([one.started for one in found if one.started is not None])
        ready = _times([one.ready for one in found if one.ready is not None])
        rows.append((_SINCE[kind], str(given), str(len(found)), noticed, started, ready))
    titles = ("fault", "given", "replaced", "noticed, ms", "replacement started, ms later", "ready, ms later")
    return _table(titles, rows)


def goals(results: Sequence[Result]) -> list[str]:
    """How the workers that were killed stand against the goals."""
    killed = [one for result in results for one in result.recoveries if one.kind == "SIGKILL"]
    lines: list[str] = []
    for name, times, goal in (
        ("death noticed", [one.noticed for one in killed], NOTICED_GOAL_SECONDS),
        (
            "of that, after another watcher had seen the end, noticed",
            [one.after_end for one in killed if one.after_end is not None],
            NOTICED_GOAL_SECONDS,
        ),
        ("replacement started", [one.started for one in killed if one.started is not None], STARTED_GOAL_SECONDS),
    ):
        within = sum(time <= goal for time in times)
        lines.append(f"{name} within {goal * 1000:.0f} ms: {within} of {len(times)}, median / worst {_times(times)} ms")
    return lines


def growth(results: Iterable[Result]) -> str:
    """What the supervisor held before and after, a row a seed."""
    rows: list[tuple[str, ...]] = []
    for result in results:
        before, after = result.before, result.after
        if before is None or after is None:
            continue
        more = after.memory / before.memory - 1
        rows.append(
            (
                str(result.seed),
                f"{before.memory / 1e6:.1f} → {after.memory / 1e6:.1f} MB ({more:+.1%})",
                f"{before.descriptors} → {after.descriptors}",
                f"{before.threads} → {after.threads}",
                f"{before.segments} → {after.segments}",
            )
        )
    return _table(("seed", "memory of the supervisor", "descriptors", "threads", "shared segments"), rows)


def report(results: Sequence[Result], hardware: Mapping[str, str]) -> str:
    """All tables, and what the figures depend on."""
    parts = [counts(results), recovery(results), "\n".join(goals(results)), growth(results)]
    parts.append("\n".join(f"{name}: {value}" for name, value in hardware.items()))
    return "\n\n".join(parts)


def _times(times: Sequence[float]) -> str:
    """Median and worst."""
    return f"{_milliseconds(times, 50)} / {_milliseconds(times, 100)}" if times else "-"


def _milliseconds(times: Sequence[float], percent: float) -> str:
    milliseconds = percentile(times, percent) * 1000
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
