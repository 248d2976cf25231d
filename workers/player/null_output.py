"""Null sink: discards samples, for the events alone and for benchmarks."""

from __future__ import annotations


class NullSink:
    """Sink that discards samples."""

    @property
    def description(self) -> str:
        """Description for users."""
        return "nowhere"

    def write(self, frame: int, samples: memoryview) -> None:
        """Discard the samples."""

    def close(self) -> None:
        """Do nothing."""
