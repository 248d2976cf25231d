"""FLAC and Opus file sinks: 24 kHz, mono, encoded by libsndfile while the session is spoken.

An encoder cannot continue a file, and holds back the last frames: 0.2 s in FLAC, one second in Opus. The samples of
the last seconds are therefore written to a second file beside, in a ring. After a kill the next player encodes anew
what it can decode, completed from the ring. When the session ends, that file is removed.
"""

from __future__ import annotations

import logging
import os
import stat
import struct
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from voicestream.errors import ConfigurationError
from voicestream.models.packages import INSTALL_FILES
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.workers.player.wav_output import FRAME_BYTES, open_sound_file, to_16_bit, write_errors_for_people

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    import soundfile
    from numpy.typing import NDArray

Encoding = Literal["flac", "opus"]

_RING_BYTES: Final = SAMPLE_RATE * 8 * FRAME_BYTES
"""Size of the ring, 8 s: several times what an encoder holds back."""

_COUNT: Final = struct.Struct("<Q")
"""Number of frames written, at the beginning of the ring's file."""

_BLOCK_FRAMES: Final = 1 << 14

_DECODED_FRAMES: Final = 1 << 10
"""Less than a block of FLAC: at an error libsndfile drops what it has decoded for the caller."""

_FORMATS: Final = {"flac": ("FLAC", "PCM_16"), "opus": ("OGG", "OPUS")}
"""Format and subtype of libsndfile by kind of output."""

_log = logging.getLogger(__name__)


class EncodedSink:
    """FLAC or Opus file of one session; without a sample it stays empty."""

    def __init__(self, path: str, position: int, encoding: Encoding) -> None:
        """Open or create the file.

        Args:
            path: absolute.
            position: frames of the session that an earlier player wrote; 0 truncates the file.
            encoding: of the file.

        Raises:
            ConfigurationError: soundfile is not installed.
            VoicestreamError: the file cannot be opened or written.
        """
        self._soundfile = _library()
        self._path = path
        self._encoding = encoding
        self._encoder: soundfile.SoundFile | None = None
        self._frames = 0
        real = Path(os.path.realpath(path))
        with write_errors_for_people(path), ExitStack() as unless_opened:
            unless_opened.callback(self.close)
            self._file = _EncodedFile(open_sound_file(path))
            self._ring = _Ring(real.with_name(f".{real.name}.tail"))
            if position:
                self._continue(real)
            else:
                os.ftruncate(self._file.descriptor, 0)
                self._ring.clear()
            unless_opened.pop_all()

    @property
    def description(self) -> str:
        """Path of the file, for users."""
        return self._path

    def write(self, frame: int, samples: memoryview) -> None:
        """Write samples (bytes of mono float32) at their position; those that are written already are ignored.

        Raises:
            VoicestreamError: the disk is full, or another write error, after which nothing more can be written.
        """
        import numpy as np

        data = np.frombuffer(to_16_bit(samples), dtype=np.int16)[max(0, self._frames - frame) :]
        with write_errors_for_people(self._path):
            self._add_silence(frame - self._frames)
            self._add(data)

    def close(self) -> None:
        """Complete and close the file."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.close()
        file: _EncodedFile | None = getattr(self, "_file", None)
        if file is not None:
            if file.failure is not None:
                _log.warning("path=%r state=incomplete reason=%r", self._path, file.failure.strerror)
            file.close()
        ring: _Ring | None = getattr(self, "_ring", None)
        if ring is not None:
            ring.remove()

    def _add(self, data: NDArray[np.int16]) -> None:
        """Encode samples, then note them: after a kill between the two the file has them, or they are sent again."""
        self._encode(data)
        self._ring.add(data.tobytes(), self._frames)

    def _add_silence(self, frames: int) -> None:
        import numpy as np

        while frames > 0:
            self._add(np.zeros(min(frames, _BLOCK_FRAMES), dtype=np.int16))
            frames -= _BLOCK_FRAMES

    def _encode(self, data: NDArray[np.int16]) -> None:
        if not len(data):
            return
        encoder = self._encoder
        if encoder is None:
            kind, subtype = _FORMATS[self._encoding]
            encoder = self._soundfile.SoundFile(self._file, "w", SAMPLE_RATE, 1, subtype, format=kind)
            self._encoder = encoder
        encoder.write(data)
        if self._file.failure is not None:
            raise self._file.failure
        self._frames += len(data)

    def _continue(self, path: Path) -> None:
        """Encode again what an earlier player has written, into a file that then replaces it."""
        old = self._file
        beside = path.with_name(f".{path.name}.part")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = _EncodedFile(os.open(beside, flags, stat.S_IMODE(os.fstat(old.descriptor).st_mode)))
        try:
            self._copy(path)
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        finally:
            old.close()
        _log.info("path=%r frames=%d continued", self._path, self._frames)

    def _copy(self, path: Path) -> None:
        """Encode what can be decoded, then what the ring has beyond that. The ring stays as it is until then."""
        import numpy as np

        noted = self._ring.count()
        # After a kill libsndfile reports an error where the file ends.
        with suppress(self._soundfile.SoundFileError), self._soundfile.SoundFile(str(path)) as opened:
            while len(block := opened.read(_DECODED_FRAMES, "int16")):
                self._encode(block)
                if self._frames > noted:
                    self._ring.add(block[-(self._frames - noted) :].tobytes(), self._frames)
        if noted > self._frames:
            rest = self._ring.read(self._frames, noted)
            self._add_silence(noted - self._frames - len(rest) // FRAME_BYTES)
            self._encode(np.frombuffer(rest, dtype=np.int16))


class _EncodedFile:
    """File object for libsndfile, which cannot handle exceptions: after an error it takes bytes and drops them."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.failure: OSError | None = None
        """First error."""
        self._position = 0
        self._size = 0

    def write(self, data: bytes) -> int:
        written = 0
        while written < len(data) and self.failure is None:
            try:
                written += os.pwrite(self.descriptor, data[written:], self._position + written)
            except OSError as error:
                self.failure = error
        self._position += len(data)
        self._size = max(self._size, self._position)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        del size  # an encoder reads nothing
        return b""

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        return self._position

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class _Ring:
    """File with the last samples that were encoded, for the player's successor; absent if it cannot be made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        with suppress(OSError):
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            self._descriptor = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)

    def clear(self) -> None:
        """Forget all samples."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)

    def count(self) -> int:
        """Return the number of frames that were added since the beginning of the session."""
        head = os.pread(self._descriptor, _COUNT.size, 0) if self._descriptor >= 0 else b""
        return int(_COUNT.unpack(head)[0]) if len(head) == _COUNT.size else 0

    def add(self, data: bytes, end: int) -> None:
        """Add samples that end at frame ``end``; the count comes last, so that a kill leaves it right."""
        try:
            at = end * FRAME_BYTES - len(data)
            while data and self._descriptor >= 0:
                room = _RING_BYTES - at % _RING_BYTES
                os.pwrite(self._descriptor, data[:room], _COUNT.size + at % _RING_BYTES)
                data, at = data[room:], at + room
            if self._descriptor >= 0:
                os.pwrite(self._descriptor, _COUNT.pack(end), 0)
        except OSError:
            self.remove()  # the disk is full: the encoded file counts

    def read(self, begin: int, end: int) -> bytes:
        """Return the samples from one frame to another, without those that were overwritten."""
        at = max(begin * FRAME_BYTES, end * FRAME_BYTES - _RING_BYTES)
        data = b""
        while at < end * FRAME_BYTES:
            size = min(_RING_BYTES - at % _RING_BYTES, end * FRAME_BYTES - at)
            data += os.pread(self._descriptor, size, _COUNT.size + at % _RING_BYTES).ljust(size, b"\0")
            at += size
        return data

    def remove(self) -> None:
        """Remove the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            with suppress(OSError):
                self._path.unlink()


def _library() -> ModuleType:
    """Import soundfile, which is not installed everywhere.

    Raises:
        ConfigurationError: it is missing, or the library in it.
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:  # the package, or its library, is missing
        raise ConfigurationError(f"FLAC and Opus files need soundfile ({error})", hint=INSTALL_FILES) from error
    return soundfile
