"""Joining of chunks: trimming of their silence, and the pause between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

CHUNK_SECONDS: Final = 0.25
"""Duration of the chunks that an engine yields: how soon a cancelled sentence stops."""

_SILENCE_RATIO: Final = 0.01
"""Silence threshold relative to the loudest sample: -40 dB."""

_MARGIN_SECONDS: Final = 0.02
"""Margin before the first and after the last sound, because soft onsets are below the threshold."""


class Joiner:
    """Trims the silence between the chunks of a sentence, while their samples come in pieces of any length.

    The start of the first chunk and the end of the last one are not trimmed. What is silent is told by the loudest
    sample of the sentence so far.
    """

    def __init__(self, rate: int) -> None:
        """Begin a sentence.

        Args:
            rate: Hz.
        """
        import numpy as np

        self._margin: Final = int(_MARGIN_SECONDS * rate)
        self._rate: Final = rate
        self._loudest = 0.0
        self._nothing: Final = np.zeros(0, np.float32)
        self._held: NDArray[np.float32] = self._nothing
        """Silence that may be the end of the chunk, or lie within it."""
        self._keeps_start = True

    def add(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the samples that are known to stay; of silence at the start of a chunk only the margin stays."""
        import numpy as np

        self._loudest = float(np.abs(samples).max(initial=self._loudest))
        samples = np.concatenate([self._held, samples])
        loud = np.flatnonzero(np.abs(samples) > _SILENCE_RATIO * self._loudest)
        if not len(loud):
            self._held = samples if self._keeps_start else samples[-self._margin :]
            return self._nothing
        start = 0 if self._keeps_start else max(0, int(loud[0]) - self._margin)
        end = int(loud[-1]) + 1
        self._held = samples[end:]
        self._keeps_start = True
        return samples[start:end]

    def end_chunk(self, pause_seconds: float) -> NDArray[np.float32]:
        """Return the rest of a chunk that is followed by another, and the pause between them."""
        import numpy as np

        rest = self._held[: self._margin]
        self._held = self._nothing
        self._keeps_start = False
        return np.concatenate([rest, np.zeros(int(pause_seconds * self._rate), np.float32)])

    def end(self) -> NDArray[np.float32]:
        """Return the rest of the last chunk."""
        return self._held


def cut(samples: NDArray[np.float32], rate: int) -> Iterator[NDArray[np.float32]]:
    """Yield samples in chunks of ``CHUNK_SECONDS``, each a copy that does not keep the whole in memory."""
    size = int(CHUNK_SECONDS * rate)
    for start in range(0, len(samples), size):
        yield samples[start : start + size].copy()
