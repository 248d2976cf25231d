"""From a voice engine's rate to that of the audio pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.protocol.audio_pool import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PoolRateResampler:
    """Resamples one sentence as it comes; the result is the same however it was cut into chunks."""

    def __init__(self, sample_rate: int) -> None:
        """``sample_rate``: Hertz of what is fed."""
        import numpy as np

        self._nothing = np.zeros(0, dtype=np.float32)
        self._stream = None
        if sample_rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next mono samples; returns what is certain by now, at the pool's rate, possibly nothing yet."""
        if self._stream is None:
            return samples
        return self._stream.resample_chunk(samples)

    def end(self) -> NDArray[np.float32]:
        """What was held back, up to the last sample; nothing may be fed afterwards."""
        if self._stream is None:
            return self._nothing
        return self._stream.resample_chunk(self._nothing, last=True)
