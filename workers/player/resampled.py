"""Resampling of the playback queue for devices that reject the sample rate of the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import soxr

from voicestream.protocol.audio_pool import SAMPLE_BYTES, SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK_FRAMES: Final = 120
"""Frames that are read at a time: 5 ms, as the block of the device."""

QUALITY: Final = "HQ"
"""Quality of soxr for 16-bit audio; more has no benefit for speech."""

DELAY_SECONDS: Final = 0.05
"""Upper limit of the delay of the resampler: soxr buffers about 20 ms at HQ, and works in blocks."""


class ResamplingReader:
    """Reader with the interface of ``PlaybackQueue.read``, at another rate (Hz)."""

    def __init__(self, read: Callable[[memoryview], None], rate: int) -> None:
        self._read = read
        self._soxr = soxr.ResampleStream(SAMPLE_RATE, rate, 1, dtype="float32", quality=QUALITY)
        self._block = bytearray(BLOCK_FRAMES * SAMPLE_BYTES)
        self._output = bytearray()
        self.delay_frames: Final = int(DELAY_SECONDS * SAMPLE_RATE)
        """Upper limit of the frames that were read and not returned yet."""

    def read(self, out: memoryview) -> None:
        """Fill ``out`` (bytes of float32). Runs on the device thread."""
        while len(self._output) < len(out):
            self._read(memoryview(self._block))
            chunk = self._soxr.resample_chunk(np.frombuffer(self._block, np.float32))
            self._output += chunk.tobytes()
        out[:] = self._output[: len(out)]
        del self._output[: len(out)]
