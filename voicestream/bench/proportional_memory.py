"""Proportional memory of processes that share pages: each page is counted once.

On Linux it is the proportional set size (a page shared by n processes counts as 1/n in each), plus the pages of the
audio pool that no process has touched yet, because they are reserved from the start. Elsewhere it is the resident set
size, which counts shared pages in each process and is therefore too high.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

KIND: Final[str] = "PSS" if Path("/proc/self/smaps_rollup").exists() else "RSS"
"""Measure used by ``proportional_bytes`` on this system."""

_POOL_LINKS: Final = ("/dev/shm/voicestream-", "/memfd:voicestream-audio")  # noqa: S108 - compared, not written

_SECTOR_BYTES: Final = 512
"""Unit of ``st_blocks`` on every file system."""


def proportional_bytes(pid: int) -> int:
    """Return the bytes of one process, with proportional shared pages if the system reports them.

    Raises:
        OSError: there is no such process, or it is another user's.
    """
    if KIND == "RSS":
        return psutil.Process(pid).memory_info().rss
    return _rollup(pid, "Pss")


def untouched_pool(pids: Iterable[int]) -> int:
    """Return the bytes of the audio pool that are reserved and touched by none of these processes."""
    if KIND == "RSS":
        return 0
    held = touched = 0
    for pid in pids:
        touched += _rollup(pid, "Pss_Shmem")
        held = max(held, _pool_bytes(pid))
    return max(0, held - touched)


def _rollup(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == field:
            return int(rest.split()[0]) << 10
    return 0


def _pool_bytes(pid: int) -> int:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if str(link.readlink()).startswith(_POOL_LINKS):
                return link.stat().st_blocks * _SECTOR_BYTES
        except OSError:
            continue  # closed in the meantime
    return 0
