"""Kills, freezes and restarts workers while sentences of several sessions flow, and counts what became of them.

    make chaos
    PYTHONPATH=tests python -P -m helpers.chaos --seeds 1 2 3 --sentences 10000

Prints the tables of docs/internals/reliability.md. The exit code is 1 when anything is missing, doubled, out of order
or corrupt.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, cast

from helpers.chaos import chaos_run, chaos_table
from voicestream.bench.hardware import describe

if TYPE_CHECKING:
    from helpers.chaos.chaos_run import Result


def main() -> int:
    """Run one seed after another."""
    parser = argparse.ArgumentParser(description="Faults by the hundred, and what became of the sentences.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sentences", type=int, default=10_000, help="of each seed")
    found = parser.parse_args()
    hardware = describe()
    results: list[Result] = []
    for seed in cast("list[int]", found.seeds):
        result = chaos_run.chaos(seed, cast("int", found.sentences))
        results.append(result)
        print(f"seed {seed}: {result.seconds:.0f} s, {result.faults.total()} faults", file=sys.stderr, flush=True)
        for trouble in result.troubles:
            print(f"seed {seed}: {trouble}", file=sys.stderr, flush=True)
    print(chaos_table.report(results, hardware))
    return 0 if all(result.is_clean for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
