"""Voice sample: cleaned audio and its file.

The rate is that of XTTS's reader, so that a recording is resampled once, here and well, and not again by the engine.
"""

from __future__ import annotations

import hashlib
import io
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.atomic_files import write_whole
from voicestream.errors import UsageError
from voicestream.voices import sound_file

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE: Final = 22_050
"""Hertz."""

_WIDTH: Final = 2
"""Bytes of a sample in the file: at 16 bits the noise is below that of any room."""

_FULL_SCALE: Final = 32_768


@dataclass(frozen=True)
class Sample:
    """Audio of a voice."""

    samples: NDArray[np.float32]
    """Mono, within -1 to 1."""
    sample_rate: int
    """Hertz."""
    content_hash: str
    """SHA-256 of the stored samples; equal for equal recordings."""

    @property
    def seconds(self) -> float:
        """Return the duration in seconds."""
        return len(self.samples) / self.sample_rate


def make(samples: NDArray[np.float32]) -> Sample:
    """Create a sample of cleaned audio at ``SAMPLE_RATE``, rounded to the precision of the file."""
    import numpy as np  # noqa: PLC0415 - only where there is sound

    kept = np.clip(np.round(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    return _of(kept.tobytes())


def read(file: Path) -> Sample | None:
    """Read a file written by ``write``; None for other formats, which ``cleaning`` reads.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with wave.open(str(file), "rb") as opened:
            form = (opened.getnchannels(), opened.getsampwidth(), opened.getframerate())
            # A header may claim more frames than there are: memory would be allocated for them.
            frames = min(opened.getnframes(), round(sound_file.READ_SECONDS * SAMPLE_RATE))
            data = opened.readframes(frames) if form == (1, _WIDTH, SAMPLE_RATE) else None
    except (wave.Error, EOFError, ValueError, OverflowError):
        data = None  # FLAC, MP3, or a WAV file with another sample format
    except OSError as error:
        raise UsageError(
            f"the sample {file} cannot be read: {error.strerror}", hint="Try: voicestream voices list"
        ) from error
    return None if data is None else _of(data[: len(data) // _WIDTH * _WIDTH])


def write(path: Path, sample: Sample) -> None:
    """Write the file atomically, readable by its owner only.

    Raises:
        OSError: it cannot be written.
    """
    data = io.BytesIO()
    with wave.open(data, "wb") as opened:
        opened.setnchannels(1)
        opened.setsampwidth(_WIDTH)
        opened.setframerate(sample.sample_rate)
        opened.writeframes((sample.samples * _FULL_SCALE).astype("<i2").tobytes())
    write_whole(path, data.getvalue(), mode=0o600)


def _of(data: bytes) -> Sample:
    import numpy as np  # noqa: PLC0415

    samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    return Sample(samples, SAMPLE_RATE, hashlib.sha256(data).hexdigest())
