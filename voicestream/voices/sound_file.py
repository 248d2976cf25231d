"""Reader of recordings: WAV, FLAC, MP3 and other formats of libsndfile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.errors import UsageError
from voicestream.models import packages

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import soundfile
    from numpy.typing import NDArray

SUFFIXES: Final = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif")
"""Suffixes by which ``--voice`` recognizes a file."""

READ_SECONDS: Final = 120.0
"""Limit of one file. A voice needs 30; an audio book would fill the memory."""


MAX_RATE: Final = 192_000
MAX_CHANNELS: Final = 8
"""Limit; a damaged header may claim any number."""

_BLOCK_FRAMES: Final = 1 << 16


def is_path(typed: str) -> bool:
    """Return whether a value of ``--voice`` is a file and not a name."""
    return typed.lower().endswith(SUFFIXES) or "/" in typed


def read(file: Path) -> tuple[NDArray[np.float32], int]:
    """Read the beginning of a file: frames by channels, at most ``READ_SECONDS``, and the rate in hertz.

    Raises:
        UsageError: there is no such file, or it is not audio.
        ConfigurationError: the package that reads audio is missing.
    """
    if not file.is_file():
        what = "that is a directory" if file.is_dir() else "there is no such file"
        raise UsageError(f"{file}: {what}", hint="Give the name of a WAV, FLAC or MP3 file.")
    packages.check("soundfile", install=packages.INSTALL_FILES)
    import soundfile  # noqa: PLC0415 - not installed everywhere

    try:
        with soundfile.SoundFile(str(file)) as opened:
            rate = opened.samplerate
            if not (0 < rate <= MAX_RATE and 0 < opened.channels <= MAX_CHANNELS):
                raise UsageError(
                    f"{file} cannot be read as sound: it has {opened.channels} channels at {rate} Hz",
                    hint=f"At most {MAX_CHANNELS} channels and {MAX_RATE} Hz can be read.",
                )
            return _frames(opened, round(READ_SECONDS * rate)), rate
    except (soundfile.SoundFileError, OSError, RuntimeError, ValueError, MemoryError) as error:
        raise UsageError(
            f"{file} cannot be read as sound: {error}",
            hint="WAV, FLAC and MP3 are supported. Convert others with: ffmpeg -i FILE sample.wav",
        ) from error


def _frames(opened: soundfile.SoundFile, most: int) -> NDArray[np.float32]:
    """Read the first frames in blocks, because a header may claim more than there are."""
    import numpy as np  # noqa: PLC0415 - only where there is sound

    blocks = [np.zeros((0, opened.channels), np.float32)]
    left = most
    # soundfile seeks after each block, and after a seek an MP3 frame lacks bits of the one before: read all in one
    # block.
    size = most if opened.format == "MP3" else _BLOCK_FRAMES
    while left > 0:
        block: NDArray[np.float32] = opened.read(frames=min(left, size), dtype="float32", always_2d=True)
        if not len(block):
            break
        blocks.append(block)
        left -= len(block)
    return np.concatenate(blocks)
