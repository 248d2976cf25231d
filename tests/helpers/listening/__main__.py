"""Word error rates of real voices, by a speech recognizer: ``make listen``.

    PYTHONPATH=tests python -P -m helpers.listening [--chains NAME …] [--worst N] [--record]

Every sentence of ``tests/cases/heard.jsonl`` is spoken by the whole product into a WAV file, recognized, and compared
with what should be said. Exit code 1: a group is worse than the recorded rates.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpers.listening import chains, rates, scoring, weights
from helpers.listening.recognizer import Recognizer
from helpers.process.running import voicestream_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from helpers.listening.chains import Chain
    from helpers.listening.rates import Rate, Rates, Score

RECORDED: Final = Path(__file__).parents[2] / "cases" / "heard_rates.json"


def listen(chain: Chain, recognizer: Recognizer, sounds: Path) -> list[Score]:
    """Return the scores of all sentences of a chain."""
    found: list[Score] = []
    models = sounds / "models"
    models.mkdir()
    options = chain.options(models)
    with voicestream_place() as place:
        for case in chains.cases(chain):
            file = sounds / f"{case.id}.wav"
            text = chains.speak(place, case, options, file)
            if not text:
                print(f"  {case.id}: left out, it was not translated", flush=True)
                continue
            wanted = [text] if chain.source != chain.heard else [case.said, *case.also]
            found.append(scoring.score(case, wanted, recognizer.text(file, chain.heard), chain.heard))
    return found


def main() -> int:
    """Print the table; returns the exit code."""
    arguments = _arguments()
    recognizer = Recognizer()
    recorded = _recorded()
    found: Rates = {}
    is_worse = False
    for chain in chains.CHAINS:
        if arguments.chains and chain.name not in arguments.chains:
            continue
        if lacking := weights.missing(chain.modules):
            print(f"{chain.name}: left out, {', '.join(lacking)} not found", flush=True)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            scores = listen(chain, recognizer, Path(scratch))
        found[chain.name] = rates.by_group(scores)
        print(_row(chain.name, found[chain.name]), flush=True)
        for score in sorted(scores, key=lambda score: -score.errors)[: arguments.worst]:
            print(
                f"    {score.case} {score.errors}/{score.length}\n      said  {score.wanted}\n      heard {score.heard}"
            )
        for message in rates.worse(found[chain.name], recorded.get(chain.name, {})):
            is_worse = True
            print(f"  worse: {message}")
    print("\n" + "\n".join(rates.as_table(found)))
    if arguments.record:
        # Read again: other chains may have been recorded meanwhile.
        RECORDED.write_text(json.dumps(rates.to_json(_recorded() | found), indent=1) + "\n", encoding="utf-8")
    return int(is_worse and not arguments.record)


def _recorded() -> Rates:
    return rates.from_json(json.loads(RECORDED.read_text(encoding="utf-8"))) if RECORDED.exists() else {}


def _row(name: str, groups: dict[str, Rate]) -> str:
    cells = (f"{group} {found.percent} ({found.low} to {found.high})" for group, found in groups.items())
    return f"{name}: " + ", ".join(cells)


def _arguments(typed: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make listen")
    parser.add_argument("--chains", nargs="*", metavar="NAME", help="only these, e.g. 'hibari en'")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print the N worst sentences of each")
    parser.add_argument("--record", action="store_true", help="record the rates that later runs are compared with")
    return parser.parse_args(typed)


if __name__ == "__main__":
    sys.exit(main())
