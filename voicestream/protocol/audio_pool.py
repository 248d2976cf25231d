"""The shared memory in which sound travels from the tts worker to the player.

Layout: one page of header, then ``slots`` slots of ``SLOT_FRAMES`` mono float32 samples at ``SAMPLE_RATE``. The header
holds the playback cursor, one aligned 64-bit word, so that a player killed at any instant leaves a whole value behind:
24 bits of serial (which ``Play`` it belongs to) and 40 bits of frame (how much of that sentence was handed over).

A worker attaches to the segment by its name (``voicestream/protocol/pool_memory.py`` makes it). Where the system has
no named shared memory, the segment is an anonymous file whose descriptor the worker inherits.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from voicestream.protocol.untracked_memory import UntrackedMemory

SAMPLE_RATE: Final = 24_000
"""Hertz; the native rate of XTTS v2, and of every sample in the pool."""

SAMPLE_BYTES: Final = 4
"""One float32 sample of the one channel."""

SLOT_FRAMES: Final = 12_000
"""Half a second: a short sentence wastes little, a long one needs few messages."""

SLOT_COUNT: Final = 256
"""128 s of sound ahead, 12.3 MB; pages are touched at start so that a full memory shows up there."""

HEADER_BYTES: Final = 4096
"""A page, so that the slots are page-aligned."""

_SLOT_BYTES: Final = SLOT_FRAMES * SAMPLE_BYTES
_FILE_NAME: Final = "voicestream-audio"

_FRAME_BITS: Final = 40
_SERIAL_LIMIT: Final = 1 << (64 - _FRAME_BITS)


@dataclass(frozen=True)
class Cursor:
    """How far playback has come."""

    serial: int
    """``Play.serial`` of the sentence, modulo 2**24; 0 before the first."""
    frame: int
    """Frames of it that were handed to the output."""


def size_of(slots: int) -> int:
    """Bytes of a segment with so many slots."""
    return HEADER_BYTES + slots * _SLOT_BYTES


def create(slots: int = SLOT_COUNT, refused: list[tuple[str, OSError]] | None = None) -> int:
    """Make an anonymous segment with all of its memory reserved; a lack shows here and not as a SIGBUS in a worker.

    Args:
        slots: of the pool.
        refused: gets the ways that could not be used, with the reasons: ``memfd_create``, a temporary file.

    Returns:
        Its descriptor, close-on-exec.

    Raises:
        OSError: there is not enough memory, nor room for a temporary file.
    """
    ways = {"memfd_create": _in_memory, f"a temporary file in {tempfile.gettempdir()}": _in_a_file}
    last = OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    for way, make in ways.items():
        try:
            return _allocated(make(), size_of(slots))
        except OSError as error:
            last = error
            if refused is not None:
                refused.append((way, error))
    raise last


class AudioPool:
    """One process's view of a segment."""

    def __init__(self, source: int | str) -> None:
        """Map the segment.

        Args:
            source: its name, or the descriptor of one that has none.

        Raises:
            OSError: there is no such segment, it is not this user's alone, or it is too small for a pool.
        """
        self._map: mmap.mmap | UntrackedMemory
        if isinstance(source, str):
            # Not at the top: processes that only need the constants would take longer to start.
            from voicestream.protocol import untracked_memory  # noqa: PLC0415

            self._map = untracked_memory.attach(source)
            self._view = self._map.view
        else:
            self._map = mmap.mmap(source, os.fstat(source).st_size)
            self._view = memoryview(self._map)
        self.slots: Final = (len(self._view) - HEADER_BYTES) // _SLOT_BYTES
        if self.slots < 1:
            raise OSError(errno.EINVAL, f"a segment of {len(self._view)} bytes has no room for sound")
        self._cursor = self._view[:8].cast("Q")

    def close(self) -> None:
        """Give the view back; every view handed out must be released before."""
        self._cursor.release()
        self._view.release()
        self._map.close()

    def frames(self, slot: int, start: int, count: int) -> memoryview:
        """The bytes of ``count`` frames of ``slot`` from frame ``start`` on, writable; release it after use.

        Raises:
            ValueError: the stretch is not inside one slot of this pool.
        """
        if not (0 <= slot < self.slots and start >= 0 and count >= 0 and start + count <= SLOT_FRAMES):
            raise ValueError(f"frames {start}+{count} of slot {slot} are not in a pool of {self.slots} slots")
        first = HEADER_BYTES + slot * _SLOT_BYTES + start * SAMPLE_BYTES
        return self._view[first : first + count * SAMPLE_BYTES]

    @property
    def cursor(self) -> Cursor:
        """Where playback is, or was when the player ended."""
        word = self._cursor[0]
        return Cursor(serial=word >> _FRAME_BITS, frame=word & ((1 << _FRAME_BITS) - 1))

    def set_cursor(self, serial: int, frame: int) -> None:
        """Record that ``frame`` frames of the sentence with ``serial`` were handed over; the player alone calls it."""
        self._cursor[0] = (serial % _SERIAL_LIMIT) << _FRAME_BITS | frame


def _in_memory() -> int:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return os.memfd_create(_FILE_NAME, os.MFD_CLOEXEC)


def _in_a_file() -> int:
    with tempfile.TemporaryFile(prefix=_FILE_NAME) as file:
        return os.dup(file.fileno())


def _allocated(descriptor: int, size: int) -> int:
    """The descriptor, with memory behind it; or an error, and the descriptor is closed."""
    try:
        os.ftruncate(descriptor, size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
