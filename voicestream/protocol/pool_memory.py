"""The memory segment of the audio pool: made by the supervisor, named if the system can, reserved at the start.

First choice is named shared memory, to which workers attach. Where ``/dev/shm`` is absent, read-only or too small, an
anonymous file takes its place, whose descriptor the workers inherit: ``memfd_create``, and where that is refused an
unnamed temporary file.
"""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.errors import ConfigurationError
from voicestream.protocol import audio_pool
from voicestream.protocol.audio_pool import SLOT_COUNT, size_of

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.ENOMEM, errno.EDQUOT, errno.EFBIG})
"""Answers of a system that has the means and lacks the space."""

_KIB: Final = 1 << 10
_MIB: Final = 1 << 20


class _NotRecordedError(Exception):
    """Without a record nothing would remove the segment after everything was killed."""


@dataclass(frozen=True)
class Segment:
    """The supervisor's hold on the memory of the audio pool."""

    descriptor: int
    name: str = ""
    """Empty for an anonymous file."""
    lacking: tuple[str, ...] = ()
    """Why better ways could not be used."""

    @property
    def source(self) -> int | str:
        """What a worker opens it by: the name, or the descriptor if it has none or somebody has removed the name."""
        if self.name:
            from voicestream.protocol import untracked_memory  # noqa: PLC0415 - see ``_named``

            if untracked_memory.leads_to(self.name, self.descriptor):
                return self.name
        return self.descriptor

    def remove(self) -> None:
        """Remove the name and give the descriptor back; processes that have it mapped keep the memory.

        Raises:
            OSError: the system refuses to remove the name.
        """
        os.close(self.descriptor)
        if self.name:
            from voicestream.protocol import untracked_memory  # noqa: PLC0415 - see ``_named``

            untracked_memory.remove(self.name)


def reserve(record: Callable[[str], None], slots: int = SLOT_COUNT) -> Segment:
    """Make the segment, with all of its memory reserved: a lack shows here and not as a SIGBUS in a worker.

    Args:
        record: notes the name, before there is a segment of that name, where the next start finds it.
        slots: of the pool.

    Raises:
        ConfigurationError: there is no room for it anywhere.
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
            f"there is no room for {in_words(size, rounded_up=True)} of sound: {'; '.join(reasons)}", hint=_hint(errors)
        ) from None
    reasons += [f"{way}: {error.strerror}" for way, error in refused]
    return Segment(descriptor, lacking=tuple(reasons))


def in_words(size: int, *, rounded_up: bool = False) -> str:
    """A number of bytes in MiB, or in KiB below one."""
    unit, name = (_MIB, "MiB") if size >= _MIB else (_KIB, "KiB")
    return f"{-(-size // unit) if rounded_up else size // unit} {name}"


def _named(size: int, record: Callable[[str], None]) -> Segment:
    # Imported when it is needed: processes that only look at sizes would take longer to start.
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
        has = in_words(total) if total < size else f"{in_words(left)} left"
        return f"{where} has {has}, {in_words(size, rounded_up=True)} are needed"
    if error.errno == errno.ENOENT:
        return f"{where} is absent"
    return f"{where}: {error.strerror or error}"


def _hint(errors: list[OSError]) -> str:
    if any(error.errno in _NO_ROOM for error in errors):
        return "Free some memory or disk space, or raise the limit that is set for it (ulimit -a shows what is set)."
    return "Set TMPDIR to a directory that you may write to."
