"""WAV file sink: 24 kHz, mono, 16 bit, with idempotent writes.

Every frame has a fixed position in the file: after a kill the next player writes some frames again, with the same
bytes, and the file is identical to that of an undisturbed run. Data is written before the sizes in the header, so
the header is always valid.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import logging
import os
import stat
import struct
from typing import TYPE_CHECKING, Final

from voicestream.errors import VoicestreamError
from voicestream.protocol.audio_pool import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Generator

HEADER_BYTES: Final = 44
"""RIFF header, format chunk, and header of the data chunk."""

FRAME_BYTES: Final = 2
"""One 16-bit sample of one channel."""

FULL_SCALE: Final = 32767
"""Sample value of 1.0; symmetric for +1.0 and -1.0."""

_MAX_DATA_BYTES: Final = 0xFFFFFFFF - (HEADER_BYTES - 8)
"""Limit of the 32-bit sizes: after 24 hours they stay constant, and readers continue to the end of the file."""

_log = logging.getLogger(__name__)


class WavSink:
    """WAV file of one session. ``position`` 0 truncates it, a later one continues the existing file."""

    def __init__(self, path: str, position: int) -> None:
        """Open or create the file.

        Args:
            path: absolute.
            position: frames of the session that an earlier player wrote.

        Raises:
            VoicestreamError: the file cannot be opened or written.
        """
        importlib.import_module("numpy")  # before the first sentence; sessions with other outputs do not need it
        self._path = path
        self._file = -1
        self._header_frames = -1
        with write_errors_for_people(path), contextlib.ExitStack() as unless_opened:
            unless_opened.callback(self.close)
            self._file = open_sound_file(path, takes_devices=True)
            self._is_regular = stat.S_ISREG(os.fstat(self._file).st_mode)
            if position == 0 and self._is_regular:
                os.ftruncate(self._file, 0)
            self._frames = self._frames_in_file()
            if self._frames < position:
                _log.warning(
                    "path=%r frames=%d expected=%d: the file was changed by others", path, self._frames, position
                )
            self._write_header()
            unless_opened.pop_all()

    @property
    def description(self) -> str:
        """Path of the file, for users."""
        return self._path

    def write(self, frame: int, samples: memoryview) -> None:
        """Write samples (bytes of mono float32) at their position.

        Raises:
            VoicestreamError: the disk is full, or another write error. Earlier samples remain in the file.
        """
        data = to_16_bit(samples)
        at = HEADER_BYTES + frame * FRAME_BYTES
        written = 0
        with write_errors_for_people(self._path):
            try:
                while written < len(data):
                    written += os.pwrite(self._file, data[written:], at + written)
            finally:
                self._frames = max(self._frames, frame + written // FRAME_BYTES)
                # The header was allocated when the file was opened, so a full disk has room for it.
                self._write_header()

    def close(self) -> None:
        """Close the file, which is already complete."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _frames_in_file(self) -> int:
        if not self._is_regular:
            return 0
        return max(0, os.fstat(self._file).st_size - HEADER_BYTES) // FRAME_BYTES

    def _write_header(self) -> None:
        """Write the header in one call, so that no reader sees a part of it."""
        if self._frames == self._header_frames:
            return
        size = min(self._frames * FRAME_BYTES, _MAX_DATA_BYTES)
        rate = SAMPLE_RATE * FRAME_BYTES
        header = struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + size, b"WAVE")
        header += struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, rate, FRAME_BYTES, FRAME_BYTES * 8)
        header += struct.pack("<4sI", b"data", size)
        if os.pwrite(self._file, header, 0) != HEADER_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._path)
        self._header_frames = self._frames


def to_16_bit(samples: memoryview) -> bytes:
    """Convert float32 to 16 bit: round half to even of x * 32767 in float64, where it is exact, clipped. NaN is 0."""
    import numpy as np

    scaled = np.frombuffer(samples, dtype=np.float32).astype(np.float64) * FULL_SCALE
    rounded = np.rint(np.nan_to_num(scaled, nan=0.0, posinf=FULL_SCALE, neginf=-FULL_SCALE))
    return bytes(np.clip(rounded, -FULL_SCALE - 1, FULL_SCALE).astype("<i2").tobytes())


def open_sound_file(path: str, *, takes_devices: bool = False) -> int:
    """Open or create a file for reading and writing; returns its descriptor.

    Args:
        path: absolute.
        takes_devices: character devices such as ``/dev/null`` are accepted, too.

    Raises:
        OSError: it cannot be opened, or it is a pipe, a directory or the like.
    """
    # Non-blocking: opening a pipe without a reader would block.
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    mode = os.fstat(file).st_mode
    if not (stat.S_ISREG(mode) or (takes_devices and stat.S_ISCHR(mode))):
        os.close(file)
        what = "it is neither a file nor a device one can write to" if takes_devices else "it is not a regular file"
        raise OSError(errno.ESPIPE, what, path)
    return file


@contextlib.contextmanager
def write_errors_for_people(path: str) -> Generator[None]:
    """Raise errors of the system in the block as errors for people.

    Raises:
        VoicestreamError: a call of the system failed; the hint says what to do.
    """
    try:
        yield
    except OSError as error:
        raise _write_error(path, error) from error


def _write_error(path: str, error: OSError) -> VoicestreamError:
    what = error.strerror or str(error)
    another = f"or try: voicestream run --output ANOTHER{os.path.splitext(path)[1]}"  # noqa: PTH122 - of the same string
    folder = os.path.dirname(path)  # noqa: PTH120 - of a string that may not be a valid path at all
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return VoicestreamError(f"cannot write {path}: the disk is full", hint=f"free some space there, {another}")
        case errno.EFBIG:
            return VoicestreamError(f"cannot write {path}: it has reached the largest size allowed", hint=another[3:])
        case errno.ENOENT | errno.ENOTDIR if not os.path.isdir(folder):  # noqa: PTH112 - as above
            return VoicestreamError(f"cannot write {path}: there is no folder {folder}", hint=f"Try: mkdir -p {folder}")
        case _:
            return VoicestreamError(f"cannot write {path}: {what}", hint=another[3:])
