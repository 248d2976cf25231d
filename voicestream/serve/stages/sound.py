"""Sound as it is sent: 16-bit PCM at the rate of the audio pool, with or without a WAV header."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.workers.player.wav_output import FRAME_BYTES, to_16_bit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNKNOWN_SIZE: Final = 0xFFFFFFFF
"""Size in the header of a file whose length is not known yet; readers then read to the end."""


def wav_header() -> bytes:
    """Return the header of a WAV file of unknown length."""
    rate = SAMPLE_RATE * FRAME_BYTES
    header = struct.pack("<4sI4s", b"RIFF", _UNKNOWN_SIZE, b"WAVE")
    header += struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, rate, FRAME_BYTES, FRAME_BYTES * 8)
    return header + struct.pack("<4sI", b"data", _UNKNOWN_SIZE)


def encoded(samples: NDArray[np.float32], skip: int) -> tuple[bytes, int]:
    """Return samples as bytes, and the number of frames that remain to be left out.

    Args:
        samples: at the rate of the pool.
        skip: frames that are left out from here on.
    """
    left = samples[min(skip, len(samples)) :]
    return to_16_bit(memoryview(left.tobytes())), skip - (len(samples) - len(left))
