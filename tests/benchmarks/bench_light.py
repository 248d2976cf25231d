"""Translated speech with light models: a line in to the first PCM, beside the packages' own calls, and the memory.

    PYTHONPATH=tests python -P tests/benchmarks/bench_light.py [--json]

Two sessions with real weights. Portuguese into English, spoken by Hibari: for each sentence in turn the two packages'
own calls in this process (text to all samples), then a line for a waiting ``voicestream run``. English into Portuguese,
spoken by the network of Piper's voice joe, which is English, with Portuguese phonemes: no Portuguese voice comes in a
package, and the voices of the same quality have networks of the same size. Part of ``make bench``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from helpers.models import firefox_models, piper_voices
from voicestream import telemetry
from voicestream.bench import proportional_memory
from voicestream.bench.figures import percentile
from voicestream.bench.sandbox import Sandbox
from voicestream.workers.engines.firefox import weights
from voicestream.workers.engines.piper.model import CONFIGURATION, NETWORK, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.bench.driven_run import DrivenRun

LINES: Final = 40
SEED: Final = 7
GOAL_MILLISECONDS: Final = 150.0
GOAL_MEGABYTES: Final = 420.0
PORTUGUESE_VOICE: Final = "pt_BR-joe-medium"

PORTUGUESE: Final = (
    "Todos os testes passaram e a versão nova está no servidor.",
    "Encontrei o erro no analisador, e a correção é uma linha.",
    "Dois dos arquivos nunca foram lidos, por isso os apaguei.",
    "Agora vejo o registro da compilação que falhou ontem.",
)
ENGLISH: Final = (
    "I have fixed the failing test and pushed it to the main one.",
    "The parser now reads every line of the log before it closes.",
    "Two of the files were never read, so I have deleted them all.",
    "Next I look at the log of the failed build and the old tests.",
)
"""Sentences of about 60 characters, spoken in rotation."""


def milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def plant_voice(store: Path) -> None:
    """Put the network of Piper's English voice into a directory of models as one for Portuguese."""
    place = store / f"{PREFIX}{PORTUGUESE_VOICE}"
    place.mkdir(parents=True)
    source = piper_voices.real() / piper_voices.NAME
    (place / f"{PORTUGUESE_VOICE}{NETWORK}").symlink_to(f"{source}{NETWORK}")
    configuration = json.loads(Path(f"{source}{CONFIGURATION}").read_text(encoding="utf-8"))
    configuration |= {"espeak": {"voice": "pt-br"}, "language": {"code": "pt_BR"}}
    (place / f"{PORTUGUESE_VOICE}{CONFIGURATION}").write_text(json.dumps(configuration), encoding="utf-8")


def speak(run: DrivenRun, texts: Sequence[str], before: Callable[[str], object]) -> list[float]:
    """Return milliseconds from a line to its first PCM, one a sentence; ``before`` is called before each line."""
    found: list[float] = []
    for number in range(LINES + 1):
        text = texts[number % len(texts)]
        before(text)
        found.append(run.milliseconds_to_sound(text, number))
    return found[1:]  # the first one loads and warms up


def memory_of(sandbox: Sandbox, run: DrivenRun) -> dict[str, float]:
    """Return MB by process of a session, with what no process has touched of the audio pool."""
    processes = {process.pid: process for process in sandbox.processes()}
    for process in list(processes.values()):
        processes |= {child.pid: child for child in process.children(recursive=True)}
    processes[run.process.pid] = psutil.Process(run.process.pid)
    found: dict[str, float] = {}
    for pid, process in processes.items():
        modules = [part for part in process.cmdline() if part.startswith("voicestream")]
        name = (modules or ["other"])[0].removeprefix("voicestream.").removeprefix("workers.")
        found[name] = found.get(name, 0.0) + proportional_memory.proportional_bytes(pid) / 1e6
    found["pool, untouched"] = proportional_memory.untouched_pool(processes) / 1e6
    return found


def measure(store: Path) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return milliseconds by row, one a sentence, and MB by process."""
    telemetry.go_offline()
    import hibari
    from fxtranslate import Translator

    firefox_models.plant(store)
    plant_voice(store)
    translator = Translator(*weights.read(store / "firefox-pt-en"))
    own = hibari.Hibari(threads=1)
    packages: list[float] = []

    def own_calls(text: str) -> None:
        packages.append(milliseconds(lambda: own(translator.translate(text), seed=SEED)))

    common = ("--models", str(store), "--output", "null", "--keep-alive", "5", "--compute", "cpu")
    with Sandbox() as sandbox:
        run = sandbox.run("--from", "pt", "--to", "en", "--tts", "hibari", "--translator", "firefox", *common)
        into_english = speak(run, PORTUGUESE, own_calls)
        memory = memory_of(sandbox, run)
        run.finish()
    with Sandbox() as sandbox:
        run = sandbox.run("--to", "pt", "--tts", "piper", "--translator", "firefox", *common)
        into_portuguese = speak(run, ENGLISH, lambda _: None)
        run.finish()
    rows = {"packages": packages[1:], "into English": into_english, "into Portuguese": into_portuguese}
    return rows, memory


def write(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as store:
        rows, memory = measure(Path(store))
    figures = {name: {"p50": percentile(row, 50), "p95": percentile(row, 95)} for name, row in rows.items()}
    if "--json" in sys.argv:
        write(json.dumps({**figures, "memory": memory}))
        return
    load = os.getloadavg()[0]
    write(
        f"\ntranslated speech, {LINES} sentences of 60 characters, ms (load {load:.1f}; goal {GOAL_MILLISECONDS:.0f})"
    )
    titles = {
        "packages": "fxtranslate's, then hibari's own call: text → all",
        "into English": "pt → en, Hibari: line in → first PCM in the pool",
        "into Portuguese": "en → pt, Piper: line in → first PCM in the pool",
    }
    for name, title in titles.items():
        write(f"  {title:50} p50 {figures[name]['p50']:6.1f}  p95 {figures[name]['p95']:6.1f}")
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(memory.items(), key=lambda one: -one[1]))
    total = sum(memory.values())
    write(f"  memory of all processes ({proportional_memory.KIND}) {total:.0f} MB (goal {GOAL_MEGABYTES:.0f}): {parts}")


if __name__ == "__main__":
    main()
