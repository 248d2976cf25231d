"""The sink that keeps nothing: for listening to the events alone, and for measuring all the rest."""

from __future__ import annotations


class NullSink:
    """Takes everything at once."""

    @property
    def description(self) -> str:
        """For people."""
        return "nowhere"

    def write(self, frame: int, samples: memoryview) -> None:
        """Forget them."""

    def close(self) -> None:
        """Nothing to let go of."""
