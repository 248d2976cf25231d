"""The shared memory in which sound travels from the tts worker to the player.

Layout: one page of header, then ``slots`` slots of ``SLOT_FRAMES`` mono float32 samples at ``SAMPLE_RATE``. The header
holds the playback cursor, one aligned 64-bit word, so that a player killed at any instant leaves a whole value behind:
24 bits of serial (which ``Play`` it belongs to) and 40 bits of frame (how much of that sentence was handed over).

The segment has no name. The supervisor creates it as an anonymous file and its workers inherit the descriptor: nobody
else can open it, and the kernel frees it with the last process, however that ends. ``docs/architecture.md`` tells why
this replaced a named ``multiprocessing.shared_memory`` segment (pitfalls 1 to 4 cannot happen).
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from dataclasses import dataclass
from typing import Final

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
_FRAME_BITS: Final = 40
_SERIAL_LIMIT: Final = 1 << (64 - _FRAME_BITS)


SIZE_BYTES: Final = HEADER_BYTES + SLOT_COUNT * _SLOT_BYTES
"""Of the segment that a supervisor makes."""


@dataclass(frozen=True)
class Cursor:
    """How far playback has come."""

    serial: int
    """``Play.serial`` of the sentence, modulo 2**24; 0 before the first."""
    frame: int
    """Frames of it that were handed to the output."""


def create(slots: int = SLOT_COUNT) -> int:
    """Make the segment and return its file descriptor (close-on-exec; pass it on explicitly).

    Raises:
        OSError: there is not enough memory. Asking the kernel for all of it up front turns a later SIGBUS in a worker
            into an error here (pitfall 9).
    """
    size = HEADER_BYTES + slots * _SLOT_BYTES
    if sys.platform == "linux":
        descriptor = os.memfd_create("voicestream-audio", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile(prefix="voicestream-audio") as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class AudioPool:
    """One process's view of the segment behind ``descriptor``."""

    def __init__(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        self.slots: Final = (size - HEADER_BYTES) // _SLOT_BYTES
        self._map = mmap.mmap(descriptor, size)
        self._view = memoryview(self._map)
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
