"""What somebody might have recorded: a hum that comes and goes four times a second, as syllables do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 24_000


def speech(seconds: float, *, level: float = 0.2, pitch: float = 150.0, rate: int = RATE) -> NDArray[np.float32]:
    """Mono; ``level`` is its peak."""
    time = np.arange(round(seconds * rate)) / rate
    syllables = 0.1 + 0.9 * np.square(np.sin(2 * np.pi * 2 * time))
    return (level * syllables * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


def silence(seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """As quiet as a good room: noise 80 dB below full scale."""
    return np.random.default_rng(0).normal(0.0, 1e-4, round(seconds * rate)).astype(np.float32)


def record(file: Path, samples: NDArray[np.float32], rate: int = RATE, subtype: str | None = None) -> Path:
    """Write it as the file's name says: WAV, FLAC, MP3."""
    import soundfile

    soundfile.write(str(file), samples, rate, subtype=subtype)
    return file
