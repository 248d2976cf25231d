"""How long NLLB takes on this machine's processor: both engines beside what transformers does by itself, in one run.

The weights are random, made on the spot: speed and memory do not depend on what they are, quality does, and nothing
here speaks of it. By default they are tiny, to see that it works; ``--full`` makes them as large as those of
nllb-200-distilled-600M (some minutes, 6 GB of memory, 3.5 GB of disk).

    python -P tests/benchmarks/bench_nllb.py --full
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.models import tiny_nllb
from voicestream.bench.hardware import describe
from voicestream.bench.random_models.sizes import FULL_SIZES
from voicestream.config.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.engines.translator import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Decode = Callable[..., None]

SOURCE_TOKENS = 20
ANSWER_TOKENS = 25
BATCHES = (1, 4, 16)
RUNS = 5
THREADS = str(os.cpu_count() or 1)

CANCEL_AFTER_SECONDS = (0.05, 0.15, 0.3, 0.5)

PLAIN = "transformers.generate, float32"
ENGINES = ("nllb", "nllb-ct2")

_SIZE = FULL_SIZES.nllb
FULL = {
    "vocabulary": _SIZE.vocabulary,
    "d_model": _SIZE.width,
    "layers": _SIZE.layers,
    "heads": _SIZE.heads,
    "ffn": _SIZE.between,
}


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="weights as large as the real ones")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--child", nargs=2, metavar=("NAME", "DIRECTORY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, directory = arguments.child
        sys.stdout.write(json.dumps(measure(name, Path(directory))) + "\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="vs-bench-") as directory:
        models = Path(directory)
        in_child("make", str(models), "--full" if arguments.full else "")
        rows = {name: in_child(name, str(models)) for name in (PLAIN, *ENGINES)}
    report = {"hardware": describe(), "threads": THREADS, "full": arguments.full, "rows": rows}
    sys.stdout.write((json.dumps(report) if arguments.json else table(report)) + "\n")
    return 0


def in_child(name: str, directory: str, option: str = "") -> dict[str, Any]:
    """Do one part in a process of its own, whose memory is that part's."""
    command = [sys.executable, "-P", __file__, *filter(None, [option]), "--child", name, directory]
    environment = os.environ | {"OMP_NUM_THREADS": THREADS, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(name: str, directory: Path) -> dict[str, Any]:
    """Load time, memory and times of one way to translate."""
    if name == "make":
        make(directory, full="--full" in sys.argv)
        return {}
    begin = time.monotonic()
    decode, device = plain(directory) if name == PLAIN else engine(name, directory)
    load_seconds = time.monotonic() - begin
    found: dict[str, Any] = {"device": device, "load_seconds": load_seconds, "ms": {}}
    for beams, batches in ((1, BATCHES), (5, (1,))):
        for batch in batches:
            decode(batch, beams)
            times: list[float] = []
            for _ in range(RUNS):
                begin = time.monotonic()
                decode(batch, beams)
                times.append((time.monotonic() - begin) * 1000)
            found["ms"][f"{batch} × {beams}"] = [statistics.median(times), max(times)]
    if name != PLAIN:
        found["cancel_ms"] = {batch: cancelled_ms(decode, batch) for batch in BATCHES}
    process = psutil.Process()
    found["memory_bytes"] = process.memory_info().rss
    peak = Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()
    found["peak_bytes"] = int(peak[0]) * 1024 if peak else 0
    return found


def cancelled_ms(decode: Decode, batch: int) -> float:
    """How long the slowest of some searches went on after nobody wanted it any more."""
    slowest = 0.0
    for delay in CANCEL_AFTER_SECONDS:
        asked: list[float] = []
        begin = time.monotonic()

        def is_cancelled() -> bool:
            now = time.monotonic()
            if now - begin > delay:  # noqa: B023 - it is called in this turn of the loop only
                asked.append(now)  # noqa: B023
            return bool(asked)  # noqa: B023

        try:
            decode(batch, 1, is_cancelled)
        except CancelledError:
            slowest = max(slowest, (time.monotonic() - begin - delay) * 1000)
    return slowest


def source(models: Path) -> list[str]:
    """The tokens of a sentence."""
    from voicestream.workers.engines.nllb.tokenizer import SubwordTokenizer

    vocabulary = SubwordTokenizer(models / tiny_nllb.NAME / "tokenizer.json", "")
    text = " ".join(english for english, _, _ in tiny_nllb.pairs()).replace(".", "")
    tokens = vocabulary.encode(text, "eng_Latn")
    return [*tokens[: SOURCE_TOKENS - 1], tokens[-1]]


def engine(name: str, models: Path) -> tuple[Decode, str]:
    """One of ours, loaded as a worker loads it."""
    from voicestream.workers import engine_loading
    from voicestream.workers.engines.nllb.batches import Group, Row
    from voicestream.workers.engines.nllb.search import Search

    os.environ |= {MODELS_VARIABLE: str(models), COMPUTE_VARIABLE: "cpu"}
    translator: Any = engine_loading.load_translator(name, lambda *_: None)
    tokens = source(models)

    def decode(batch: int, beams: int, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        row = Row(tokens, "jpn_Jpan", ANSWER_TOKENS)
        group = Group([row] * batch, Search(num_beams=beams), is_cancelled)
        check(len([token for token in ids if token != tiny_nllb.PAD]) for ids in translator._decode_group(group))

    return decode, translator.device


def plain(models: Path) -> tuple[Decode, str]:
    """What the documentation of transformers says."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, NllbTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = NllbTokenizer.from_pretrained(models / tiny_nllb.NAME, src_lang="eng_Latn")
    model = AutoModelForSeq2SeqLM.from_pretrained(models / tiny_nllb.NAME, dtype=torch.float32)
    model.generation_config.max_length = None
    row = tokenizer.convert_tokens_to_ids(source(models))

    def decode(batch: int, beams: int, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        del is_cancelled  # generate() by itself knows nothing of that
        found = model.generate(
            input_ids=torch.tensor([row] * batch),
            forced_bos_token_id=tokenizer.convert_tokens_to_ids("jpn_Jpan"),
            num_beams=beams,
            max_new_tokens=ANSWER_TOKENS + 1,
        )
        check(int((ids != tiny_nllb.PAD).sum()) for ids in found)

    return decode, "cpu float32"


def check(lengths: Iterable[int]) -> None:
    """All answers are as long as they may be: random weights do not stop, so each way does the same work."""
    assert all(ANSWER_TOKENS <= length <= ANSWER_TOKENS + 2 for length in lengths)


def make(models: Path, *, full: bool) -> None:
    """Random weights in both formats."""
    shape = FULL if full else {"vocabulary": 0, "d_model": 64, "layers": 1, "heads": 4, "ffn": 128}
    original = models / tiny_nllb.NAME
    tiny_nllb.build(original, steps=0, **shape)
    tiny_nllb.convert(original, models / f"{tiny_nllb.NAME}-int8", "int8")


def table(report: dict[str, Any]) -> str:
    """The report for people, in Markdown."""
    rows = report["rows"]
    cases = list(rows[PLAIN]["ms"])
    base = rows[PLAIN]["ms"][cases[0]][0]
    size = "nllb-200-distilled-600M's size" if report["full"] else "tiny: these figures mean nothing"
    machine = report["hardware"]
    lines = [
        f"{machine['cpu']}, {machine['memory']}, {report['threads']} threads; before: {machine['others']}",
        f"random weights, {size}; {SOURCE_TOKENS} tokens in, {ANSWER_TOKENS} out; ms: median / slowest of {RUNS}",
        "",
        f"| | device | load s | memory MB (peak) | {' | '.join(f'{case} beams' for case in cases)} | of plain |",
        f"|---|---|---|---|{'---|' * len(cases)}---|",
    ]
    cancels = [""]
    for name, row in rows.items():
        times = " | ".join(f"{median:.0f} / {slowest:.0f}" for median, slowest in row["ms"].values())
        memory = f"{row['memory_bytes'] / 1e6:.0f} ({row['peak_bytes'] / 1e6:.0f})"
        share = row["ms"][cases[0]][0] / base
        if "cancel_ms" in row:
            slowest = ", ".join(f"{ms:.0f} (batch {batch})" for batch, ms in row["cancel_ms"].items())
            cancels.append(f"{name}: nobody waits any more → it has stopped, ms, slowest: {slowest}")
        lines.append(f"| {name} | {row['device']} | {row['load_seconds']:.1f} | {memory} | {times} | {share:.2f} |")
    return "\n".join(lines + cancels)


if __name__ == "__main__":
    sys.exit(main())
