"""How large the random models are, and how often each thing is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class NllbSize:
    """Of a translation model."""

    vocabulary: int
    """Tokens that there are at least."""
    width: int
    """Numbers for a token."""
    layers: int
    """Of encoder and decoder each."""
    heads: int
    """Of attention."""
    between: int
    """Numbers between the two halves of a layer."""


@dataclass(frozen=True)
class XttsSize:
    """Of a voice model's GPT; the rest of it has one size only."""

    layers: int
    width: int
    heads: int


@dataclass(frozen=True)
class Sizes:
    """Of both models."""

    nllb: NllbSize
    xtts: XttsSize
    spoken: str
    """What the voice model says; what it may take at least is what it takes."""
    spoken_tokens: int
    """Tokens of it, of 46 ms."""
    disk_bytes: int
    """What their files take, with something to spare."""
    shares_numbers: bool = False
    """Whether the voice model's large parts are views of one block of numbers: quick to make, small to keep."""


@dataclass(frozen=True)
class GpuRuns:
    """How often each thing is done."""

    own: int
    """By our engines."""
    others: int
    """By the libraries' own ways, which take up to a second each."""
    lines: int
    """Through all workers."""
    warm_ups: int = 4
    """Runs of each thing that are not counted: what is needed for the second time is recorded then."""


FULL_SIZES: Final = Sizes(
    nllb=NllbSize(vocabulary=256_206, width=1024, layers=12, heads=16, between=4096),
    xtts=XttsSize(layers=30, width=1024, heads=16),
    spoken="we are going to run every single test again and look at each of the errors that come.",
    spoken_tokens=65,
    disk_bytes=4_000_000_000,
)
"""Those of facebook/nllb-200-distilled-600M and coqui/XTTS-v2, as their ``config.json`` have them."""

TINY_SIZES: Final = Sizes(
    nllb=NllbSize(vocabulary=0, width=64, layers=1, heads=4, between=128),
    xtts=XttsSize(layers=2, width=64, heads=4),
    spoken="all the tests pass.",
    spoken_tokens=15,
    disk_bytes=100_000_000,
    shares_numbers=True,
)
"""To see that it works: what they take means nothing."""

FULL_RUNS: Final = GpuRuns(own=40, others=20, lines=40)
QUICK_RUNS: Final = GpuRuns(own=5, others=2, lines=5)
"""To see that it works, not to quote."""
