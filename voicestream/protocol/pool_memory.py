"""Memory segment of the audio pool: created by the supervisor, named if possible, reserved at start.

Named shared memory is preferred; workers attach to it by name. If ``/dev/shm`` is absent, read-only or too small, the
supervisor falls back to an anonymous file whose descriptor the workers inherit: ``memfd_create``, and if that is
refused an unnamed temporary file.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Final

from voicestream.errors import ConfigurationError
from voicestream.protocol import audio_pool
from voicestream.protocol.audio_pool import SLOT_COUNT, size_of
from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.ENOMEM, errno.EDQUOT, errno.EFBIG})
"""Errors of a system that supports the method but lacks space."""

_KIB: Final = 1 << 10
_MIB: Final = 1 << 20


class _NotRecordedError(Exception):
    """The name of a segment could not be recorded; nothing would remove it after a kill of all processes."""


class Segment(FrozenRecord, frozen=True):
    """The supervisor's handle of the memory of the audio pool."""

    descriptor: int
    name: str = ""
    """Empty for an anonymous file."""
    lacking: tuple[str, ...] = ()
    """Reasons why better methods could not be used."""

    @property
    def source(self) -> int | str:
        """Return what a worker opens: the name, or the descriptor if there is no name or it was removed."""
        if self.name:
            from voicestream.protocol import untracked_memory  # noqa: PLC0415 - see ``_named``

            if untracked_memory.refers_to(self.name, self.descriptor):
                return self.name
        return self.descriptor

    def remove(self) -> None:
        """Remove the name and close the descriptor; processes that have it mapped keep the memory.

        Raises:
            OSError: the system refuses to remove the name.
        """
        os.close(self.descriptor)
        if self.name:
            from voicestream.protocol import untracked_memory  # noqa: PLC0415 - see ``_named``

            untracked_memory.remove(self.name)


def reserve(record: Callable[[str], None], slots: int = SLOT_COUNT) -> Segment:
    """Create the segment with all memory reserved, so that a lack raises here instead of SIGBUS in a worker.

    Args:
        record: notes the name before the segment exists, where the next start finds it.
        slots: of the pool.

    Raises:
        ConfigurationError: no method has enough space.
    """
    size = size_of(slots)
    errors: list[OSError] = []
    try:
        return _named(size, record)
    except _NotRecordedError as error:
        reasons = [f"the name of shared memory cannot be recorded: {error}"]
    except ImportError as error:
        reasons = [f"this Python has no named shared memory: {error}"]
    except OSError as error:
        reasons = [_what_shared_memory_lacks(error, size)]
        errors = [error]
    refused: list[tuple[str, OSError]] = []
    try:
        descriptor = audio_pool.create(slots, refused)
    except OSError:
        reasons += [f"{way}: {error.strerror}" for way, error in refused]
        errors += [error for _, error in refused]
        raise ConfigurationError(
            f"there is no room for {format_mebibytes(size, rounded_up=True)} of sound: {'; '.join(reasons)}",
            hint=_hint(errors),
        ) from None
    reasons += [f"{way}: {error.strerror}" for way, error in refused]
    return Segment(descriptor, lacking=tuple(reasons))


def format_mebibytes(size: int, *, rounded_up: bool = False) -> str:
    """Format a number of bytes in MiB, or in KiB below one MiB."""
    unit, name = (_MIB, "MiB") if size >= _MIB else (_KIB, "KiB")
    return f"{-(-size // unit) if rounded_up else size // unit} {name}"


def _named(size: int, record: Callable[[str], None]) -> Segment:
    # Imported late: processes that only use sizes start faster.
    from voicestream.protocol import untracked_memory  # noqa: PLC0415

    untracked_memory.sweep()
    name = untracked_memory.new_name()
    try:
        record(name)
    except OSError as error:
        raise _NotRecordedError(error.strerror) from error
    made = untracked_memory.create(name, size)
    try:
        descriptor = os.dup(made.descriptor)
    except OSError:
        made.unlink()
        raise
    finally:
        made.close()
    return Segment(descriptor, name)


def _what_shared_memory_lacks(error: OSError, size: int) -> str:
    from voicestream.protocol.untracked_memory import DIRECTORY  # noqa: PLC0415 - see ``_named``

    where = DIRECTORY if sys.platform == "linux" else "named shared memory"
    if error.errno == errno.ENOSPC:
        found = os.statvfs(DIRECTORY)
        total, left = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
        has = format_mebibytes(total) if total < size else f"{format_mebibytes(left)} left"
        return f"{where} has {has}, {format_mebibytes(size, rounded_up=True)} are needed"
    if error.errno == errno.ENOENT:
        return f"{where} is absent"
    return f"{where}: {error.strerror or error}"


def _hint(errors: list[OSError]) -> str:
    if any(error.errno in _NO_ROOM for error in errors):
        return "Free some memory or disk space, or raise the limit that is set for it (ulimit -a shows what is set)."
    return "Set TMPDIR to a directory that you may write to."
