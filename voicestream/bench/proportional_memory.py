"""Memory of several processes that share pages, each page counted once.

Linux: proportional set size (a page of n processes counts as 1/n in each), and of the audio pool, whose pages are held
from the start, also what nobody has touched yet. Elsewhere: resident set size, which counts shared pages in each of the
processes and is therefore too high.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

KIND: Final[str] = "PSS" if Path("/proc/self/smaps_rollup").exists() else "RSS"
"""What ``of`` counts here."""

_POOL_LINKS: Final = ("/dev/shm/voicestream-", "/memfd:voicestream-audio")  # noqa: S108 - compared, not written

_SECTOR_BYTES: Final = 512
"""The unit of ``st_blocks``, whatever the file system."""


def proportional_bytes(pid: int) -> int:
    """Bytes of one process, shared pages in proportion where the system can tell.

    Raises:
        OSError: there is no such process, or it is not ours.
    """
    if KIND == "RSS":
        return psutil.Process(pid).memory_info().rss
    return _rollup(pid, "Pss")


def untouched_pool(pids: Iterable[int]) -> int:
    """Bytes of the audio pool that the kernel holds and none of these processes has touched."""
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
            continue  # it was closed while we looked
    return 0
