"""The memory of the audio pool: named where the system can, else anonymous, and what lacks is told by its name."""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.process.running import SHARED_MEMORY
from voicestream.errors import EXIT_CONFIGURATION, ConfigurationError
from voicestream.protocol import audio_pool, pool_memory, untracked_memory
from voicestream.protocol.audio_pool import AudioPool

if TYPE_CHECKING:
    from collections.abc import Callable

SLOTS = 2


def nothing(_name: str) -> None:
    """Record nothing."""


def refusing(code: int) -> Callable[..., int]:
    """A call that the system refuses."""

    def refuse(*_values: object, **_named: object) -> int:
        raise OSError(code, os.strerror(code))

    return refuse


def test_its_name_is_recorded_before_it_is_there_and_it_is_gone_when_it_is_removed() -> None:
    recorded: list[str] = []

    def record(name: str) -> None:
        with pytest.raises(FileNotFoundError):
            untracked_memory.attach(name)
        recorded.append(name)

    before = len(list(Path("/dev/fd").iterdir()))
    made = pool_memory.reserve(record, SLOTS)
    assert recorded == [made.name]
    assert made.source == made.name
    assert made.lacking == ()
    assert AudioPool(made.name).slots == SLOTS
    made.remove()
    with pytest.raises(FileNotFoundError):
        untracked_memory.attach(made.name)
    assert len(list(Path("/dev/fd").iterdir())) <= before + 1, "the pool's own"


def test_workers_get_the_descriptor_when_somebody_has_removed_the_name() -> None:
    """A login manager may remove what a user has in shared memory when he logs out."""
    made = pool_memory.reserve(nothing, SLOTS)
    untracked_memory.remove(made.name)
    assert made.source == made.descriptor
    made.remove()


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it in a directory")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOENT, f"{SHARED_MEMORY} is absent"),
        (errno.EROFS, f"{SHARED_MEMORY}: Read-only file system"),
        (errno.EACCES, f"{SHARED_MEMORY}: Permission denied"),
        (errno.ENOSPC, f"{SHARED_MEMORY} has [0-9]+ [KM]iB left, 98 KiB are needed"),
    ],
)
def test_without_named_shared_memory_it_is_anonymous_and_says_why(
    monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    monkeypatch.setattr(untracked_memory, "create", refusing(code))
    made = pool_memory.reserve(nothing, SLOTS)
    assert made.source == made.descriptor
    (reason,) = made.lacking
    assert re.fullmatch(said, reason), reason
    assert AudioPool(made.descriptor).slots == SLOTS
    made.remove()


def test_one_whose_name_cannot_be_recorded_gets_none() -> None:
    """Nothing would remove it after everything was killed."""

    def full(_name: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = pool_memory.reserve(full, SLOTS)
    assert made.name == ""
    assert made.lacking == ("the name of shared memory cannot be recorded: No space left on device",)
    made.remove()


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="memfd_create is Linux's")
def test_where_the_system_has_no_anonymous_memory_either_a_file_without_a_name_takes_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(untracked_memory, "create", refusing(errno.EACCES))
    monkeypatch.setattr(os, "memfd_create", refusing(errno.ENOSYS))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = pool_memory.reserve(nothing, SLOTS)
    assert made.lacking == (f"{SHARED_MEMORY}: Permission denied", "memfd_create: Function not implemented")
    found = os.fstat(made.descriptor)
    assert (found.st_nlink, found.st_size) == (0, audio_pool.size_of(SLOTS))
    assert found.st_blocks * 512 >= found.st_size
    assert list(tmp_path.iterdir()) == []
    made.remove()


@pytest.mark.platform
@pytest.mark.skipif(sys.platform != "linux", reason="memfd_create is Linux's")
def test_where_there_is_no_way_all_reasons_are_told_and_nobody_is_asked_to_free_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(untracked_memory, "create", refusing(errno.EACCES))
    monkeypatch.setattr(os, "memfd_create", refusing(errno.ENOSYS))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(ConfigurationError) as caught:
        pool_memory.reserve(nothing, SLOTS)
    assert caught.value.exit_code == EXIT_CONFIGURATION
    said = caught.value.for_people()
    for reason in (
        f"{SHARED_MEMORY}: Permission denied",
        "memfd_create: Function not implemented",
        "No such file or directory",
    ):
        assert reason in said
    assert "Set TMPDIR" in said
    assert "Free some memory" not in said


def test_a_system_that_has_the_means_and_lacks_the_room_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ftruncate", refusing(errno.EFBIG))
    with pytest.raises(ConfigurationError, match="there is no room for 98 KiB of sound") as caught:
        pool_memory.reserve(nothing, SLOTS)
    assert "Free some memory or disk space" in caught.value.for_people()


@pytest.mark.parametrize(
    ("size", "there", "needed"),
    [(4096, "4 KiB", "4 KiB"), (1 << 20, "1 MiB", "1 MiB"), ((2 << 20) - 1, "1 MiB", "2 MiB"), (0, "0 KiB", "0 KiB")],
)
def test_what_is_needed_is_rounded_up_and_what_is_there_down(size: int, there: str, needed: str) -> None:
    assert pool_memory.format_mebibytes(size) == there
    assert pool_memory.format_mebibytes(size, rounded_up=True) == needed
