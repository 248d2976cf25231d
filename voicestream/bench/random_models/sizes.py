"""Sizes of the random models, and numbers of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class NllbSize:
    """Size of a translation model."""

    vocabulary: int
    """Minimum number of tokens."""
    width: int
    """Embedding width."""
    layers: int
    """Layers of encoder and decoder each."""
    heads: int
    """Attention heads."""
    between: int
    """Feed-forward width."""


@dataclass(frozen=True)
class XttsSize:
    """Size of a voice model's GPT; the rest of the model has a fixed size."""

    layers: int
    width: int
    heads: int


@dataclass(frozen=True)
class Sizes:
    """Sizes of both models."""

    nllb: NllbSize
    xtts: XttsSize
    spoken: str
    """Text to synthesize; its length is the minimum number of tokens."""
    spoken_tokens: int
    """Audio tokens of it, 46 ms each."""
    disk_bytes: int
    """Disk space of their files, with a margin."""
    shares_numbers: bool = False
    """True: the voice model's large weights are views of one random block, fast to create and small on disk."""


@dataclass(frozen=True)
class GpuRuns:
    """Numbers of runs on a GPU."""

    own: int
    """Runs of our engines."""
    others: int
    """Runs of the baselines, which take up to a second each."""
    lines: int
    """Lines of the end-to-end measurement."""
    warm_ups: int = 4
    """Unmeasured runs; CUDA graphs are captured during the second one."""


FULL_SIZES: Final = Sizes(
    nllb=NllbSize(vocabulary=256_206, width=1024, layers=12, heads=16, between=4096),
    xtts=XttsSize(layers=30, width=1024, heads=16),
    spoken="we are going to run every single test again and look at each of the errors that come.",
    spoken_tokens=65,
    disk_bytes=4_000_000_000,
)
"""Sizes of facebook/nllb-200-distilled-600M and coqui/XTTS-v2 according to their ``config.json``."""

TINY_SIZES: Final = Sizes(
    nllb=NllbSize(vocabulary=0, width=64, layers=1, heads=4, between=128),
    xtts=XttsSize(layers=2, width=64, heads=4),
    spoken="all the tests pass.",
    spoken_tokens=15,
    disk_bytes=100_000_000,
    shares_numbers=True,
)
"""Sizes for a smoke test; their figures mean nothing."""

FULL_RUNS: Final = GpuRuns(own=40, others=20, lines=40)
QUICK_RUNS: Final = GpuRuns(own=5, others=2, lines=5)
"""Runs for a smoke test, not for figures to quote."""
