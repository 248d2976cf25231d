"""A cleaned sample of a voice, and the file in which it is kept.

The rate is that at which XTTS reads samples, so that a recording is resampled once, here and well, and not a second
time by whoever uses it.
"""

from __future__ import annotations

import hashlib
import io
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.errors import UsageError
from voicestream.models.atomic_files import write_whole
from voicestream.voices import sound_file

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE: Final = 22_050
"""Hertz."""

_WIDTH: Final = 2
"""Bytes of a sample in the file: 16 bits have less noise than any room."""

_FULL_SCALE: Final = 32_768


@dataclass(frozen=True)
class Sample:
    """The sound of a voice."""

    samples: NDArray[np.float32]
    """Mono, within -1 to 1."""
    sample_rate: int
    """Hertz."""
    content_hash: str
    """SHA-256 of the samples as they are kept: two recordings are the same when it is the same."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.sample_rate


def make(samples: NDArray[np.float32]) -> Sample:
    """The sample of cleaned sound at ``SAMPLE_RATE``, rounded to what the file keeps."""
    import numpy as np  # noqa: PLC0415 - only where there is sound

    kept = np.clip(np.round(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    return _of(kept.tobytes())


def read(file: Path) -> Sample | None:
    """Read a file that ``write`` made; None for a file of another format, which ``cleaning`` reads.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with wave.open(str(file), "rb") as opened:
            form = (opened.getnchannels(), opened.getsampwidth(), opened.getframerate())
            # A header may say that there are more frames than there are: memory for them would be asked for.
            frames = min(opened.getnframes(), round(sound_file.READ_SECONDS * SAMPLE_RATE))
            data = opened.readframes(frames) if form == (1, _WIDTH, SAMPLE_RATE) else None
    except (wave.Error, EOFError, ValueError, OverflowError):
        data = None  # FLAC, MP3, or a WAV file with other numbers than whole ones
    except OSError as error:
        raise UsageError(
            f"the sample {file} cannot be read: {error.strerror}", hint="Try: voicestream voices list"
        ) from error
    return None if data is None else _of(data[: len(data) // _WIDTH * _WIDTH])


def write(path: Path, sample: Sample) -> None:
    """Keep it in a file for its owner's eyes only, whole or not at all.

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
