"""The engine ``kokoro`` with its published network in 8 bits, beside ONNX Runtime alone in the same run.

    PYTHONPATH=tests python -P tests/benchmarks/bench_kokoro.py [--json]

Japanese sentences, voice jf_alpha: text to the first chunk, text to the last one, and the real-time factor. ONNX
Runtime's own call gets all phonemes of the sentence at once. Part of ``make bench``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from helpers.listening import weights
from voicestream import telemetry
from voicestream.bench.figures import percentile
from voicestream.config.engine_settings import EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.workers.engines.kokoro.synthesizer import KokoroSynthesizer

ROUNDS: Final = 4
SEED: Final = 7
THREADS: Final = "2"
GOAL_SECONDS: Final = 0.35
GOAL_FACTOR: Final = 0.2
VOICE: Final = "jf_alpha"

SENTENCES: Final = (
    "テストがすべて通りました。",
    "パーサーの原因を見つけて、修正は一行です。",
    "二つのファイルは読まれていませんでした。",
    "次に、失敗したビルドのログを見ます。",
    "はい、できました。",
)
"""Spoken in rotation."""


def alone(store: Path) -> Callable[[str], float]:
    """Return a function that gives the seconds of one call of ONNX Runtime for a sentence."""
    import espeakng_loader
    import onnxruntime

    from voicestream.workers.engines.kokoro import phonemes, vocabulary, voices

    place = store / "kokoro-82m-v1.0"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(THREADS)
    network = str(place / "onnx" / "model_quantized.onnx")
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    symbols = vocabulary.SymbolTable(place / "tokenizer.json")
    library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    front_end = phonemes.Phonemizer(Path(library), Path(data))
    styles = voices.read(place, [VOICE])

    def seconds(text: str) -> float:
        known = symbols.known(front_end.convert(text, "ja", is_british=False))
        style = styles[len(known) - 1].reshape(1, -1).astype(np.float32)
        inputs = {"tokens": np.array([symbols.ids(known)], np.int64), "style": style, "speed": np.ones(1, np.float32)}
        began = time.perf_counter()
        session.run(None, inputs)
        return time.perf_counter() - began

    return seconds


def through(engine: KokoroSynthesizer, text: str) -> tuple[float, float, float, float]:
    """Return seconds to the first chunk, to the last one, of processor time, and of speech."""
    began, worked = time.perf_counter(), time.process_time()
    first, samples = 0.0, 0
    for chunk in engine.synthesize(text, "ja", VOICE, SEED):
        if len(chunk) and not samples:
            first = time.perf_counter() - began
        samples += len(chunk)
    return first, time.perf_counter() - began, time.process_time() - worked, samples / engine.sample_rate


def measure() -> dict[str, list[float]]:
    """Return seconds and factors by row, one a sentence."""
    telemetry.go_offline()
    os.environ["OMP_NUM_THREADS"] = THREADS
    from voicestream.workers.engines.kokoro import synthesizer

    store = weights.kokoro()
    network = alone(store)
    engine = synthesizer.load(EngineSettings(models=str(store)), lambda *_: None)
    found: dict[str, list[float]] = {"alone": [], "first": [], "all": [], "factor": [], "work": []}
    try:
        for number in range(ROUNDS * len(SENTENCES) + 1):
            text = SENTENCES[number % len(SENTENCES)]
            once = network(text)
            first, whole, work, speech = through(engine, text)
            row = {"alone": once, "first": first, "all": whole, "factor": whole / speech, "work": work / speech}
            for name, value in row.items() if number else ():  # the first one warms up
                found[name].append(value)
    finally:
        engine.close()
    return found


def write(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """Measure and print."""
    if lacking := weights.missing(weights.KOKORO):
        write(f"Kokoro's published network is not measured: {', '.join(lacking)} not found: {weights.INSTALL}")
        return
    rows = measure()
    figures = {name: {"p50": percentile(row, 50), "p95": percentile(row, 95)} for name, row in rows.items()}
    if "--json" in sys.argv:
        write(json.dumps(figures))
        return
    load = os.getloadavg()[0]
    runs = len(rows["first"])
    write(f"\nKokoro in 8 bits, real weights, {runs} Japanese sentences, {THREADS} threads (load {load:.1f})")
    titles = {
        "alone": "ONNX Runtime's own call: phonemes → all samples, s",
        "first": f"our engine: text → first chunk, s (goal {GOAL_SECONDS})",
        "all": "our engine: text → last chunk, s",
        "factor": f"our engine: real-time factor (goal {GOAL_FACTOR})",
        "work": "our engine: processor time a second of speech, s",
    }
    for name, title in titles.items():
        write(f"  {title:52} p50 {figures[name]['p50']:5.2f}  p95 {figures[name]['p95']:5.2f}")


if __name__ == "__main__":
    main()
