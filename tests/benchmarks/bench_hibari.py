"""The engine ``hibari`` through the whole program, beside its package's own call in the same run.

    python -P tests/benchmarks/bench_hibari.py [--json]

For each sentence of 60 characters in turn: the package's call in this process (text to all samples), the engine (text
to the first chunk), and a line for a waiting ``voicestream run`` to the first PCM in the pool. Part of ``make bench``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from voicestream import telemetry
from voicestream.bench.figures import percentile
from voicestream.bench.first_sound import HUMAN_GOAL_MILLISECONDS, HUMAN_SENTENCES
from voicestream.bench.sandbox import Sandbox
from voicestream.models import packages

if TYPE_CHECKING:
    from collections.abc import Callable

LINES: Final = 40
SEED: Final = 7


def milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def measure() -> dict[str, list[float]]:
    """Milliseconds of each kind, one a sentence."""
    telemetry.go_offline()
    import hibari

    from voicestream.workers import engine_loading

    own = hibari.Hibari(threads=1)
    ours = engine_loading.load_synthesizer("hibari", lambda *_: None)
    found: dict[str, list[float]] = {"package": [], "engine": [], "line": []}
    with Sandbox() as sandbox:
        run = sandbox.run("--tts", "hibari", "--output", "null", "--keep-alive", "5")
        for number in range(LINES + 1):
            text = HUMAN_SENTENCES[number % len(HUMAN_SENTENCES)]
            package = milliseconds(lambda text=text: own(text, seed=SEED))
            engine = milliseconds(lambda text=text: next(ours.synthesize(text, "en", "", SEED)))
            line = run.milliseconds_to_sound(text, number)
            if number:  # the first one loads and warms up
                for kind, value in (("package", package), ("engine", engine), ("line", line)):
                    found[kind].append(value)
        run.finish()
    ours.close()
    return found


def write(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    if not packages.is_installed("hibari"):
        write("hibari is not measured: pip install 'voicestream[voice]'")
        return
    found = measure()
    rows = {kind: (percentile(values, 50), percentile(values, 95)) for kind, values in found.items()}
    if "--json" in sys.argv:
        write(json.dumps({kind: {"p50": p50, "p95": p95} for kind, (p50, p95) in rows.items()}))
        return
    load = os.getloadavg()[0]
    write(f"\nhibari, {LINES} sentences of 60 characters, ms (load {load:.1f}; goal {HUMAN_GOAL_MILLISECONDS:.0f})")
    titles = {
        "package": "the package's own call: text → all samples",
        "engine": "our engine: text → first chunk",
        "line": "line in → first PCM in the pool",
    }
    for kind, title in titles.items():
        write(f"  {title:44} p50 {rows[kind][0]:6.1f}  p95 {rows[kind][1]:6.1f}")


if __name__ == "__main__":
    main()
