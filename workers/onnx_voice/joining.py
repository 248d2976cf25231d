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


def join(
    samples: NDArray[np.float32], rate: int, *, is_first: bool, is_last: bool, pause_seconds: float
) -> NDArray[np.float32]:
    """Trim the silence of a chunk towards its neighbors, and append the pause.

    Args:
        samples: the sound of the chunk.
        rate: Hz.
        is_first: whether it is the first chunk, whose start is not trimmed.
        is_last: whether it is the last chunk, whose end is not trimmed.
        pause_seconds: pause after the chunk.
    """
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > _SILENCE_RATIO * np.abs(samples).max(initial=0.0))
    if not len(loud):
        return samples
    margin = int(_MARGIN_SECONDS * rate)
    start = 0 if is_first else max(0, int(loud[0]) - margin)
    end = len(samples) if is_last else int(loud[-1]) + 1 + margin
    pause = np.zeros(0 if is_last else int(pause_seconds * rate), np.float32)
    return np.concatenate([samples[start:end], pause])


def cut(samples: NDArray[np.float32], rate: int) -> Iterator[NDArray[np.float32]]:
    """Yield samples in chunks of ``CHUNK_SECONDS``, each a copy that does not keep the whole in memory."""
    size = int(CHUNK_SECONDS * rate)
    for start in range(0, len(samples), size):
        yield samples[start : start + size].copy()
