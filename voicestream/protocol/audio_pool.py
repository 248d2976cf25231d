"""Audio pool: shared memory that carries PCM from the tts worker to the player.

Layout: one page of header, then ``slots`` slots of ``SLOT_FRAMES`` mono float32 samples at ``SAMPLE_RATE``. The header
holds the playback cursor in one aligned 64-bit word, so a player killed at any instant leaves a whole value: 24 bits of
serial (the ``Play`` it belongs to) and 40 bits of frame (the number of frames handed to the output).

A worker attaches to the segment by its name, which ``voicestream/protocol/pool_memory.py`` creates. On systems without
named shared memory the segment is an anonymous file, and the worker inherits its descriptor.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from typing import TYPE_CHECKING, Final

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicestream.protocol.untracked_memory import UntrackedMemory

SAMPLE_RATE: Final = 24_000
"""Hertz; the native rate of XTTS v2, and of every sample in the pool."""

SAMPLE_BYTES: Final = 4
"""Bytes of one mono float32 sample."""

SLOT_FRAMES: Final = 12_000
"""Half a second: short sentences waste little memory, long ones need few messages."""

SLOT_COUNT: Final = 256
"""128 s of audio, 12.3 MB. All pages are touched at start, so a lack of memory is detected there."""

HEADER_BYTES: Final = 4096
"""One page, so that the slots are page-aligned."""

_SLOT_BYTES: Final = SLOT_FRAMES * SAMPLE_BYTES
_FILE_NAME: Final = "voicestream-audio"

_FRAME_BITS: Final = 40
_SERIAL_LIMIT: Final = 1 << (64 - _FRAME_BITS)


class Cursor(FrozenRecord, frozen=True):
    """Playback position."""

    serial: int
    """``Play.serial`` of the sentence, modulo 2**24; 0 before the first."""
    frame: int
    """Frames of that sentence handed to the output."""


def size_of(slots: int) -> int:
    """Return the size in bytes of a segment with this number of slots."""
    return HEADER_BYTES + slots * _SLOT_BYTES


def create(slots: int = SLOT_COUNT, refused: list[tuple[str, OSError]] | None = None) -> int:
    """Create an anonymous segment with all memory reserved, so that a lack raises here instead of SIGBUS in a worker.

    Args:
        slots: of the pool.
        refused: gets the ways that could not be used, with the reasons: ``memfd_create``, a temporary file.

    Returns:
        Its descriptor, close-on-exec.

    Raises:
        OSError: there is not enough memory, nor room for a temporary file.
    """
    last = OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    for way, make in _ways():
        try:
            return _allocated(make(), size_of(slots))
        except OSError as error:
            last = error
            if refused is not None:
                refused.append((way, error))
    raise last


class AudioPool:
    """A process's view of a segment."""

    def __init__(self, source: int | str) -> None:
        """Map the segment.

        Args:
            source: its name, or the descriptor of one that has none.

        Raises:
            OSError: there is no such segment, it is not this user's alone, or it is too small for a pool.
        """
        self._map: mmap.mmap | UntrackedMemory
        if isinstance(source, str):
            # Imported late: processes that only need the constants start faster.
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
        """Unmap the segment; every view handed out must be released before."""
        self._cursor.release()
        self._view.release()
        self._map.close()

    def frames(self, slot: int, start: int, count: int) -> memoryview:
        """Return a writable view of ``count`` frames of ``slot`` from frame ``start`` on; release it after use.

        Raises:
            ValueError: the stretch is not inside one slot of this pool.
        """
        if not (0 <= slot < self.slots and start >= 0 and count >= 0 and start + count <= SLOT_FRAMES):
            raise ValueError(f"frames {start}+{count} of slot {slot} are not in a pool of {self.slots} slots")
        first = HEADER_BYTES + slot * _SLOT_BYTES + start * SAMPLE_BYTES
        return self._view[first : first + count * SAMPLE_BYTES]

    @property
    def cursor(self) -> Cursor:
        """Return the playback position, the last one if the player has ended."""
        word = self._cursor[0]
        return Cursor(serial=word >> _FRAME_BITS, frame=word & ((1 << _FRAME_BITS) - 1))

    def set_cursor(self, serial: int, frame: int) -> None:
        """Record that ``frame`` frames of sentence ``serial`` were handed to the output; only the player calls it."""
        self._cursor[0] = (serial % _SERIAL_LIMIT) << _FRAME_BITS | frame


def _ways() -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield the ways to make a segment, the best first."""
    yield "memfd_create", _in_memory
    import tempfile  # noqa: PLC0415 - rarely needed, and takes its time

    yield f"a temporary file in {tempfile.gettempdir()}", _in_a_file


def _in_memory() -> int:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return os.memfd_create(_FILE_NAME, os.MFD_CLOEXEC)


def _in_a_file() -> int:
    import tempfile  # noqa: PLC0415 - see ``_ways``

    with tempfile.TemporaryFile(prefix=_FILE_NAME) as file:
        return os.dup(file.fileno())


def _allocated(descriptor: int, size: int) -> int:
    """Reserve memory for a descriptor and return it; on an error the descriptor is closed."""
    try:
        os.ftruncate(descriptor, size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
