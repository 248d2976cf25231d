"""For a device that refuses the pool's sample rate: the tape, read at its own rate and given on at the device's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import soxr

from voicestream.protocol.audio_pool import SAMPLE_BYTES, SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

STEP_FRAMES: Final = 120
"""Read from the tape at a time: 5 ms, as the device's block."""

QUALITY: Final = "HQ"
"""soxr's setting for 16-bit sound; speech does not gain from more."""

DELAY_SECONDS: Final = 0.05
"""More than ever stays in the resampler: soxr at HQ gives nothing back for the first 20 ms or so, and works in
blocks."""


class Resampled:
    """Reads like the tape does, at ``rate`` hertz."""

    def __init__(self, read: Callable[[memoryview], None], rate: int) -> None:
        self._read = read
        self._soxr = soxr.ResampleStream(SAMPLE_RATE, rate, 1, dtype="float32", quality=QUALITY)
        self._step = bytearray(STEP_FRAMES * SAMPLE_BYTES)
        self._made = bytearray()
        self.delay_frames: Final = int(DELAY_SECONDS * SAMPLE_RATE)
        """Frames of the tape that may have been read and not given on yet."""

    def read(self, out: memoryview) -> None:
        """Fill ``out`` (bytes of float32). For the device's thread."""
        while len(self._made) < len(out):
            self._read(memoryview(self._step))
            chunk = self._soxr.resample_chunk(np.frombuffer(self._step, np.float32))
            self._made += chunk.tobytes()
        out[:] = self._made[: len(out)]
        del self._made[: len(out)]
