"""GPU profile of a sentence: kernel time by kind of work."""

from __future__ import annotations

import importlib
import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from voicestream.bench.figures import Figure, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KINDS: Final = (
    ("attention", re.compile(r"attention|fmha|flash|attend")),
    ("vocoder", re.compile(r"conv|cudnn|implicit|upsample|interpolat|im2col|^_?finish$")),
    ("matrices", re.compile(r"gemm|gemv|cutlass|nvjet|splitk|cublas|matmul|linear|mm\b|mm_|int8pack|^add_layer_norm$")),
    ("norms", re.compile(r"norm")),
    (
        "choosing tokens",
        re.compile(
            r"topk|sort|argm|softmax|reduce_|scan|cumsum|radix|draw|sample|choose|^(block_max_and_sum|greedy_step)$"
        ),
    ),
    ("copies", re.compile(r"copy|memcpy|memset|::cat|catarray|index|gather|scatter|fill|embed")),
    ("arithmetic", re.compile(r"elementwise|::(add|mul|div|sub|relu|gelu|tanh|where|leaky)|triton_poi")),
)
"""Kinds of work, and patterns of lower-case kernel names; the first match counts."""

OTHERS: Final = "others"
NOTHING: Final = "nothing"
"""Idle time of the device between kernels."""

RUNS: Final = 3
SHOWN: Final = 8
"""Number of kernel names shown, the slowest ones."""


class Kernel(NamedTuple):
    """Execution of one GPU kernel."""

    name: str
    begin: float
    """Microseconds on any clock."""
    end: float


def kind_of(kernel: str) -> str:
    """Return the kind of work of a kernel by its name."""
    name = kernel.lower()
    return next((kind for kind, pattern in KINDS if pattern.search(name)), OTHERS)


def profile_run(name: str, title: str, run: Callable[[], object], samples: Iterable[float]) -> tuple[Figure, str]:
    """Profile a run: milliseconds by kind of work, and a text about the slowest kernels.

    Args:
        name: of the figure.
        title: for people.
        run: one warm run.
        samples: milliseconds of runs without profiler.
    """
    found = _kernels(run)
    kinds: dict[str, float] = {}
    for kernel, (milliseconds, _) in found.items():
        kind = kind_of(kernel)
        kinds[kind] = kinds.get(kind, 0.0) + milliseconds
    busy = sum(kinds.values())
    parts = dict(sorted(kinds.items(), key=lambda item: -item[1]))
    parts[NOTHING] = max(0.0, percentile(tuple(samples), 50) - busy)
    longest = sorted(found.items(), key=lambda item: -item[1][0])[:SHOWN]
    count = sum(times for _, times in found.values())
    words = ", ".join(f"{_short(kernel)} {ms:.2f} ms in {times:.0f}" for kernel, (ms, times) in longest)
    figure = Figure(name=name, title=title, unit="ms", samples=(busy,), parts=parts)
    return figure, f"{count:.0f} kernels a sentence; {words}"


def exclusive_times(kernels: Iterable[Kernel]) -> dict[str, tuple[float, int]]:
    """Return exclusive time and number of kernels by name; overlapping time counts for the earlier kernel.

    With programmatic dependent launch a kernel of ours starts before the previous one has ended and waits for it: the
    sum of all durations would exceed the elapsed time.
    """
    found: dict[str, tuple[float, int]] = {}
    seen = -math.inf
    for kernel in sorted(kernels, key=lambda kernel: (kernel.begin, kernel.end)):
        took, times = found.get(kernel.name, (0.0, 0))
        found[kernel.name] = took + max(0.0, kernel.end - max(kernel.begin, seen)), times + 1
        seen = max(seen, kernel.end)
    return found


def _kernels(run: Callable[[], object]) -> dict[str, tuple[float, float]]:
    """Return milliseconds and number of runs by kernel name; without a GPU, by operation of the processor."""
    torch: Any = importlib.import_module("torch")
    profiler: Any = importlib.import_module("torch.profiler")
    on_gpu = torch.cuda.is_initialized()
    activity = profiler.ProfilerActivity.CUDA if on_gpu else profiler.ProfilerActivity.CPU
    with profiler.profile(activities=[activity]) as looked:
        for _ in range(RUNS):
            run()
        if on_gpu:
            torch.cuda.synchronize()
    if on_gpu:
        events = [event for event in looked.events() if event.device_type.name == "CUDA"]
        found = exclusive_times(
            Kernel(str(event.name), event.time_range.start, event.time_range.end) for event in events
        )
    else:
        # Callers overlap with what they call: the profiler knows the exclusive times.
        found = {str(event.key): (event.self_cpu_time_total, event.count) for event in looked.key_averages()}
    return {name: (took / 1000 / RUNS, times / RUNS) for name, (took, times) in found.items() if took}


def _short(kernel: str) -> str:
    """Return a kernel name without template arguments."""
    name = kernel.removeprefix("void ").partition("<")[0].partition("(")[0].strip()
    return name.rpartition("::")[2][:40] or kernel[:40]
