"""The quiet at the edges of a piece: the network makes some of it, and where two pieces meet it would be twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_QUIET: Final = 0.01
"""Of the loudest sample: 40 dB below it."""

_LEAD_SECONDS: Final = 0.02
"""Left before the first and behind the last sound: a soft start is below the threshold."""


def join(
    samples: NDArray[np.float32], rate: int, *, is_first: bool, is_last: bool, pause_seconds: float
) -> NDArray[np.float32]:
    """A piece as it stands among others: without its quiet where another piece meets it, and the pause behind it.

    Args:
        samples: the sound of the piece.
        rate: Hertz.
        is_first: whether nothing stands before it; then its beginning is left alone.
        is_last: whether nothing follows; then its end is left alone.
        pause_seconds: of quiet that follows.
    """
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > _QUIET * np.abs(samples).max(initial=0.0))
    if not len(loud):
        return samples
    lead = int(_LEAD_SECONDS * rate)
    begin = 0 if is_first else max(0, int(loud[0]) - lead)
    end = len(samples) if is_last else int(loud[-1]) + 1 + lead
    pause = np.zeros(0 if is_last else int(pause_seconds * rate), np.float32)
    return np.concatenate([samples[begin:end], pause])
