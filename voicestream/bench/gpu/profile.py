"""Where the time of a sentence goes: what the device did in it, by kind of work."""

from __future__ import annotations

import importlib
import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from voicestream.bench.figures import Figure, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KINDS: Final = (
    ("attention", re.compile(r"attention|fmha|flash|attend|^(past|source)$")),
    ("vocoder", re.compile(r"conv|cudnn|implicit|upsample|interpolat|im2col|^_?finish$")),
    ("matrices", re.compile(r"gemm|gemv|cutlass|nvjet|splitk|cublas|matmul|linear|mm\b|mm_|int8pack|_rows?$|^settle$")),
    ("norms", re.compile(r"norm")),
    (
        "choosing tokens",
        re.compile(r"topk|sort|argm|softmax|reduce_|scan|cumsum|radix|draw|sample|choose|^(blocks|follow)$"),
    ),
    ("copies", re.compile(r"copy|memcpy|memset|::cat|catarray|index|gather|scatter|fill|embed")),
    ("arithmetic", re.compile(r"elementwise|::(add|mul|div|sub|relu|gelu|tanh|where|leaky)|triton_poi")),
)
"""Kinds of work, and how a name of a kernel of that kind looks in small letters; the first that fits counts."""

OTHERS: Final = "others"
NOTHING: Final = "nothing"
"""Time in which the device waits to be told what to do, or is asked what it did."""

RUNS: Final = 3
SHOWN: Final = 8
"""Names of kernels that are shown, those that took longest."""


class Kernel(NamedTuple):
    """Work of a GPU, when it did it."""

    name: str
    begin: float
    """Microseconds, on any clock."""
    end: float


def kind_of(kernel: str) -> str:
    """What kind of work a kernel does, as far as its name says it."""
    name = kernel.lower()
    return next((kind for kind, pattern in KINDS if pattern.search(name)), OTHERS)


def profile_run(name: str, title: str, run: Callable[[], object], samples: Iterable[float]) -> tuple[Figure, str]:
    """What the device does in a run, in milliseconds by kind of work; and in words, which kernels take longest.

    Args:
        name: of the figure.
        title: for people.
        run: one run, warm.
        samples: milliseconds that runs took while nobody looked at them.
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
    """By name, how long kernels worked, and how often; time in which two were there counts for the one that came first.

    A kernel of ours is there before the one in front of it has ended, and waits for that (``workers/decoder``): what
    each of them takes by itself would be more than all of them together.
    """
    found: dict[str, tuple[float, int]] = {}
    seen = -math.inf
    for kernel in sorted(kernels, key=lambda kernel: (kernel.begin, kernel.end)):
        took, times = found.get(kernel.name, (0.0, 0))
        found[kernel.name] = took + max(0.0, kernel.end - max(kernel.begin, seen)), times + 1
        seen = max(seen, kernel.end)
    return found


def _kernels(run: Callable[[], object]) -> dict[str, tuple[float, float]]:
    """Of a run, by the name of the kernel: milliseconds, and how often it ran. Without a GPU, of the processor."""
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
        # What calls others is there all the time: the profiler knows what each does itself.
        found = {str(event.key): (event.self_cpu_time_total, event.count) for event in looked.key_averages()}
    return {name: (took / 1000 / RUNS, times / RUNS) for name, (took, times) in found.items() if took}


def _short(kernel: str) -> str:
    """A name without what templates add to it."""
    name = kernel.removeprefix("void ").partition("<")[0].partition("(")[0].strip()
    return name.rpartition("::")[2][:40] or kernel[:40]
