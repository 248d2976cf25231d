"""Resampling from the rate of a voice engine to that of the audio pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.protocol.audio_pool import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PoolRateResampler:
    """Streaming resampler of one sentence; the result does not depend on its chunks."""

    def __init__(self, sample_rate: int) -> None:
        """``sample_rate``: of the input, Hz."""
        import numpy as np

        self._empty = np.zeros(0, dtype=np.float32)
        self._stream = None
        if sample_rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resample mono samples; return the output at the rate of the pool so far, possibly none."""
        if self._stream is None:
            return samples
        return self._stream.resample_chunk(samples)

    def end(self) -> NDArray[np.float32]:
        """Return the buffered output; nothing may be fed afterwards."""
        if self._stream is None:
            return self._empty
        return self._stream.resample_chunk(self._empty, last=True)
