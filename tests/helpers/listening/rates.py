"""Error rates by group, their confidence intervals, and the comparison with recorded ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

RESAMPLES: Final = 4_000
ALL: Final = "all"

Rates = dict[str, dict[str, "Rate"]]
"""By chain, then by group."""


@dataclass(frozen=True)
class Score:
    """Errors of one sentence."""

    case: str
    group: str
    errors: int
    """At most ``length``: a recognizer that repeats itself is not worse than one that heard nothing."""
    length: int
    """Words, or kana, of what should be said."""
    wanted: str = ""
    heard: str = ""


@dataclass(frozen=True)
class Rate:
    """Errors of a group in per cent, with the 95 % interval of a bootstrap over its sentences."""

    percent: float
    low: float
    high: float
    errors: int
    length: int


def by_group(scores: Iterable[Score]) -> dict[str, Rate]:
    """Return the rate of each group, and of all."""
    groups: dict[str, list[Score]] = {ALL: []}
    for score in scores:
        groups[ALL].append(score)
        groups.setdefault(score.group, []).append(score)
    return {name: rate(members) for name, members in groups.items()}


def rate(scores: Sequence[Score]) -> Rate:
    """Return the rate of some sentences; the same ones give the same interval."""
    errors = np.array([score.errors for score in scores])
    lengths = np.array([score.length for score in scores])
    chosen = np.random.default_rng(1).integers(len(scores), size=(RESAMPLES, len(scores)))
    resampled = 100 * errors[chosen].sum(axis=1) / lengths[chosen].sum(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Rate(
        round(100 * float(errors.sum() / lengths.sum()), 1),
        round(float(low), 1),
        round(float(high), 1),
        int(errors.sum()),
        int(lengths.sum()),
    )


def worse(found: Mapping[str, Rate], recorded: Mapping[str, Rate]) -> list[str]:
    """Return the groups whose rate is above the recorded interval by more than one word.

    The one word is for groups without an error, whose interval has no width.
    """
    return [
        f"{name}: {now.percent} % after {before.percent} % ({before.low} to {before.high})"
        for name, now in found.items()
        if (before := recorded.get(name)) is not None and now.errors > before.high * now.length / 100 + 1
    ]


def to_json(rates: Rates) -> dict[str, Any]:
    """Return rates as JSON holds them."""
    return {chain: {group: asdict(found) for group, found in groups.items()} for chain, groups in rates.items()}


def from_json(content: Mapping[str, Any]) -> Rates:
    """Return rates that ``to_json`` wrote."""
    return {chain: {group: Rate(**found) for group, found in groups.items()} for chain, groups in content.items()}


def as_table(found: Rates) -> list[str]:
    """Return the rows of a Markdown table: the chain, the rate of all with its interval, and those of the groups."""
    rows = ["| chain | all, 95 % interval | by group |", "|---|---|---|"]
    for chain, groups in found.items():
        total = groups[ALL]
        others = ", ".join(f"{name} {one.percent}" for name, one in groups.items() if name != ALL)
        rows.append(f"| {chain} | {total.percent} ({total.low} to {total.high}) | {others} |")
    return rows
