"""Counters of the server, and their text for Prometheus. Pure; they hold no text of a request."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds of the histogram of the time to the first byte."""

PREFIX: Final = "voicestream_serve_"

_HELP: Final = {
    "requests_total": "Answered requests by path and status; 499 if the client has closed the connection.",
    "characters_total": "Characters of text in admitted requests.",
    "audio_seconds_total": "Seconds of sound that were sent.",
    "continued_total": "Sentences that another replica continued after the first was lost.",
}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one finished request."""

    path: str
    status: int
    characters: int = 0
    audio_seconds: float = 0.0
    first_byte_seconds: float | None = None
    """Time from the request to the first byte of sound; None: there was none."""
    continued: int = 0
    """Number of times that another replica continued it."""


class Counters:
    """Sums of finished requests since the start."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()
        self._seconds: dict[str, float] = {"audio": 0.0, "first_byte": 0.0}
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[float] = Counter()
        self._first_bytes = 0

    def add(self, request: Request) -> None:
        """Count a finished request."""
        self._requests[request.path, request.status] += 1
        self._sums["characters_total"] += request.characters
        self._sums["continued_total"] += request.continued
        self._seconds["audio"] += request.audio_seconds
        if request.first_byte_seconds is None:
            return
        self._first_bytes += 1
        self._seconds["first_byte"] += request.first_byte_seconds
        for bound in BUCKETS:
            if request.first_byte_seconds <= bound:
                self._buckets[bound] += 1

    def text(self, replicas: Mapping[str, int]) -> str:
        """Return all figures in Prometheus' text format.

        Args:
            replicas: running replicas by stage.
        """
        lines = [*_header("requests_total")]
        for (path, status), count in sorted(self._requests.items()):
            lines.append(f'{PREFIX}requests_total{{path="{path}",status="{status}"}} {count}')
        for name in ("characters_total", "continued_total"):
            lines += [*_header(name), f"{PREFIX}{name} {self._sums[name]}"]
        lines += [*_header("audio_seconds_total"), f"{PREFIX}audio_seconds_total {self._seconds['audio']:.3f}"]
        lines += self._histogram()
        lines += [f"# HELP {PREFIX}replicas Running replicas by stage.", f"# TYPE {PREFIX}replicas gauge"]
        lines += [f'{PREFIX}replicas{{stage="{stage}"}} {count}' for stage, count in sorted(replicas.items())]
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name = f"{PREFIX}first_byte_seconds"
        lines = [f"# HELP {name} Time from a request to the first byte of sound.", f"# TYPE {name} histogram"]
        lines += [f'{name}_bucket{{le="{bound}"}} {self._buckets[bound]}' for bound in BUCKETS]
        lines.append(f'{name}_bucket{{le="+Inf"}} {self._first_bytes}')
        return [*lines, f"{name}_sum {self._seconds['first_byte']:.6f}", f"{name}_count {self._first_bytes}"]


def _header(name: str) -> list[str]:
    return [f"# HELP {PREFIX}{name} {_HELP[name]}", f"# TYPE {PREFIX}{name} counter"]
