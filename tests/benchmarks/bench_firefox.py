"""Sentence to translation with Mozilla's models, beside fxtranslate's own call in the same run.

    PYTHONPATH=tests python -P tests/benchmarks/bench_firefox.py [--json]

Each sentence is translated by the three ways one after another, so that what else the machine does concerns all of
them: the library in this process, the engine with its helper process, and the engine with names and checks around it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fxtranslate import Translator

from helpers.models import firefox_models
from voicestream.config.engine_settings import EngineSettings
from voicestream.engines.translator import Job
from voicestream.protocol.messages import TranslationOptions
from voicestream.workers.engines.firefox import translator, weights
from voicestream.workers.translation import checked_batch
from voicestream.workers.translation.checked_batch import Source

if TYPE_CHECKING:
    from collections.abc import Callable

CASES: Final = Path(__file__).parents[1] / "cases" / "translated_names.jsonl"
PAIR: Final = ("en", "pt")


def measure(store: Path) -> dict[str, list[float]]:
    """Return the milliseconds of each sentence by way."""
    place = firefox_models.plant(store, ["en-pt"])
    library = Translator(*weights.read(place))
    engine = translator.load(EngineSettings(models=str(store)), lambda *_: None)
    options, job = TranslationOptions(), Job()
    ways: dict[str, Callable[[str], object]] = {
        "fxtranslate's own call": library.translate,
        "engine firefox": lambda text: engine.translate([text], *PAIR, job),
        "engine firefox, names and checks": lambda text: checked_batch.translate(
            engine, [Source(text, PAIR, options)], job
        ),
    }
    texts = [json.loads(line)["text"] for line in CASES.read_text(encoding="utf-8").splitlines()]
    found: dict[str, list[float]] = {name: [] for name in ways}
    try:
        for text in texts:
            for name, translate in ways.items():
                begin = time.perf_counter()
                translate(text)
                found[name].append(1000 * (time.perf_counter() - begin))
    finally:
        engine.close()
    return found


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as store:
        found = measure(Path(store))
    rows = {
        name: {"p50": statistics.median(times), "p95": statistics.quantiles(times, n=20)[-1], "runs": len(times)}
        for name, times in found.items()
    }
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    sys.stdout.write(f"sentence → translation, en to pt, load average {os.getloadavg()[0]:.1f}\n")
    for name, row in rows.items():
        sys.stdout.write(
            f"  {name:34} p50 {row['p50']:6.1f} ms   p95 {row['p95']:6.1f} ms   {row['runs']} sentences" + "\n"
        )


if __name__ == "__main__":
    main()
