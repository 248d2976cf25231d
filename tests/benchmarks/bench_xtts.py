"""How long XTTS takes on this machine's processor: ours beside coqui's own streaming, in one run.

The weights are random, made on the spot: speed and memory do not depend on what they are, quality does, and nothing
here speaks of it. By default the GPT is tiny, to see that it works; ``--full`` makes all as large as in XTTS v2 (some
minutes, 5 GB of memory, 2 GB of disk).

    python -P tests/benchmarks/bench_xtts.py --full
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.models import tiny_xtts
from voicestream.bench.gpu import baseline_coqui
from voicestream.bench.hardware import describe
from voicestream.bench.random_models.sizes import FULL_SIZES
from voicestream.config.engine_settings import COMPUTE_VARIABLE, MODELS_VARIABLE
from voicestream.workers.engines.xtts.end_detection import TOKEN_SECONDS
from voicestream.workers.text.duration_bounds import DurationBounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Speak = Callable[[], Iterable[Any]]

TOKENS = 65
"""3.0 s of sound."""

RUNS = 5
THREADS = os.environ.get("OMP_NUM_THREADS", str(os.cpu_count() or 1))
OURS = "voicestream"
COQUI = "coqui inference_stream, chunks of 20"
COQUI_SMALL = "coqui inference_stream, chunks of 10"
PIECES = (1, 4, 8, 16, TOKENS)
FULL = asdict(FULL_SIZES.xtts)


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
        in_child("make", directory, "--full" if arguments.full else "")
        rows = {name: in_child(name, directory) for name in (COQUI, COQUI_SMALL, OURS)}
        parts = in_child("parts", directory)
    report = {"hardware": describe(), "threads": THREADS, "full": arguments.full, "rows": rows, "parts": parts}
    sys.stdout.write((json.dumps(report) if arguments.json else table(report)) + "\n")
    return 0


def in_child(name: str, directory: str, option: str = "") -> dict[str, Any]:
    """Do one part in a process of its own, whose memory is that part's."""
    command = [sys.executable, "-P", __file__, *filter(None, [option]), "--child", name, directory]
    environment = os.environ | {"OMP_NUM_THREADS": THREADS, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(name: str, directory: Path) -> dict[str, Any]:
    """What one child does."""
    if name == "make":
        tiny_xtts.build(directory / tiny_xtts.NAME, **FULL, small=False) if "--full" in sys.argv else tiny_xtts.build(
            directory / tiny_xtts.NAME
        )
        return {}
    if name == "parts":
        return parts(directory / tiny_xtts.NAME)
    begin = time.monotonic()
    with ours(directory) if name == OURS else coquis(directory, 20 if name == COQUI else 10) as (speak, device):
        found = {"device": device, "load_seconds": time.monotonic() - begin} | timed(speak)
    process = psutil.Process()
    found["memory_bytes"] = process.memory_info().rss
    peak = Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()
    found["peak_bytes"] = int(peak[0]) * 1024 if peak else 0
    return found


def timed(speak: Speak) -> dict[str, Any]:
    """First chunk, whole sentence and the longest time between two moments at which it can be let go of."""
    for _ in speak():
        pass
    firsts, wholes, waits, frames = [], [], [], 0
    for _ in range(RUNS):
        begin = last = time.monotonic()
        first, frames, wait = None, 0, 0.0
        for chunk in speak():
            now = time.monotonic()
            wait, last = max(wait, now - last), now
            frames += len(chunk)
            if frames and first is None:
                first = now - begin
        firsts.append((first or 0.0) * 1000)
        wholes.append((time.monotonic() - begin) * 1000)
        waits.append(wait * 1000)
    return {
        "first_ms": [statistics.median(firsts), max(firsts)],
        "whole_ms": [statistics.median(wholes), max(wholes)],
        "wait_ms": [statistics.median(waits), max(waits)],
        "sound_seconds": frames / 24_000,
    }


@contextlib.contextmanager
def ours(models: Path) -> Iterator[tuple[Speak, str]]:
    """The engine, loaded as a worker loads it; sentences of just so many tokens."""
    os.environ |= {MODELS_VARIABLE: str(models), COMPUTE_VARIABLE: "cpu"}
    from voicestream.workers import engine_loading

    synthesizer: Any = engine_loading.load_synthesizer("xtts", lambda *_: None)
    seconds = (TOKENS - 0.5) * TOKEN_SECONDS
    DurationBounds.of = lambda *_: DurationBounds(seconds + TOKEN_SECONDS, seconds, seconds)  # type: ignore[method-assign]
    yield lambda: synthesizer.synthesize(tiny_xtts.TEXTS["en"], "en", "", 1), synthesizer.device
    synthesizer.close()


@contextlib.contextmanager
def coquis(models: Path, chunk: int) -> Iterator[tuple[Speak, str]]:
    """What the documentation of coqui-tts says."""
    warnings.simplefilter("ignore")
    with baseline_coqui.load(models / tiny_xtts.NAME) as model:
        voice = next(iter(model.speaker_manager.speakers.values()))

        def speak() -> Iterable[Any]:
            return model.inference_stream(
                tiny_xtts.TEXTS["en"],
                "en",
                voice["gpt_cond_latent"],
                voice["speaker_embedding"],
                stream_chunk_size=chunk,
                repetition_penalty=5.0,
                min_new_tokens=TOKENS,
                max_new_tokens=TOKENS,
            )

        yield speak, "cpu float32"


def parts(directory: Path) -> dict[str, Any]:
    """What rounding changes, and what the size of the pieces costs in the vocoder."""
    import torch

    from voicestream.workers.engines.xtts.coqui.importing import import_coqui

    import_coqui()
    from voicestream.workers.engines.xtts import linear
    from voicestream.workers.engines.xtts.coqui import checkpoint
    from voicestream.workers.engines.xtts.gpt import Gpt, run_to_end
    from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder

    model, facts = checkpoint.read(directory)
    voice = next(iter(torch.load(directory / "speakers_xtts.pth", weights_only=True).values()))
    text = facts.tokenizer.encode(tiny_xtts.TEXTS["en"], lang="en")
    tokens = torch.randint(0, 1024, (TOKENS,), generator=torch.Generator().manual_seed(0)).tolist()

    def latents(gpt: Gpt) -> Any:  # noqa: ANN401 - a tensor
        cache = gpt.empty_cache(32 + len(text) + 3 + TOKENS)
        made = [run_to_end(gpt.prefill(cache, gpt.encode_voice(voice["gpt_cond_latent"]), text))]
        for number, token in enumerate(tokens[:-1]):
            made.append(gpt.step(cache, torch.tensor([token]), torch.tensor([number])))
        return torch.cat(made, 1)

    exact = latents(Gpt(model.gpt, linear.in_dtype(torch.float32), torch.float32))
    found: dict[str, Any] = {"int8": difference(latents(Gpt(model.gpt, linear.int8, torch.bfloat16)), exact)}
    sounds = {}
    for numbers in (torch.float32, torch.bfloat16):
        vocoder = StreamingVocoder(model.hifigan_decoder, numbers)
        for piece in PIECES:
            times = []
            for _ in range(RUNS):
                stream = vocoder.stream(voice["speaker_embedding"])
                cut = torch.split(exact[:, :TOKENS], piece, 1)
                begin = time.monotonic()
                made = [stream.feed(part, last=number == len(cut)) for number, part in enumerate(cut, start=1)]
                times.append((time.monotonic() - begin) * 1000)
                sounds[numbers] = torch.cat(made)
            found[f"{str(numbers).removeprefix('torch.')} {piece}"] = statistics.median(times)
    found["bfloat16"] = difference(sounds[torch.bfloat16], sounds[torch.float32])
    return found


def difference(found: Any, expected: Any) -> float:  # noqa: ANN401 - tensors
    """Of one from the other, relative to that."""
    return ((found - expected).norm() / expected.norm()).item()


def table(report: dict[str, Any]) -> str:
    """The report for people, in Markdown."""
    rows, parts_found, machine = report["rows"], report["parts"], report["hardware"]
    size = "XTTS v2's size" if report["full"] else "a tiny GPT: these figures mean nothing"
    lines = [
        f"{machine['cpu']}, {machine['memory']}, {report['threads']} threads; before: {machine['others']}",
        f"random weights, {size}; {TOKENS} tokens; ms: median / slowest of {RUNS}",
        "",
        "| | device | load s | memory MB (peak) | first chunk | whole | real-time factor | can be let go of within |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        memory = f"{row['memory_bytes'] / 1e6:.0f} ({row['peak_bytes'] / 1e6:.0f})"
        times = [f"{row[key][0]:.0f} / {row[key][1]:.0f}" for key in ("first_ms", "whole_ms")]
        factor = row["whole_ms"][0] / 1000 / row["sound_seconds"]
        wait = f"{row['wait_ms'][0]:.0f} / {row['wait_ms'][1]:.0f}"
        lines.append(
            f"| {name} | {row['device']} | {row['load_seconds']:.1f} | {memory} | {' | '.join(times)} "
            f"| {factor:.2f} | {wait} |"
        )
    own, other = rows[OURS], rows[COQUI]
    shares = [own[key][0] / other[key][0] for key in ("first_ms", "whole_ms")]
    lines += [
        "",
        f"of coqui's time: first chunk {shares[0]:.2f}, whole {shares[1]:.2f}",
    ]
    lines.append(
        f"weights of 8 bits change latents by {parts_found['int8']:.4f}, a vocoder in bfloat16 the sound by "
        f"{parts_found['bfloat16']:.4f} (relative)"
    )
    for numbers in ("float32", "bfloat16"):
        by_size = ", ".join(f"{piece}: {parts_found[f'{numbers} {piece}']:.0f}" for piece in PIECES)
        lines.append(f"vocoder, {numbers}, ms by tokens a piece: {by_size}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
