"""Reads weights into the system's memory before a library maps them: that is what takes long, and can be told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PIECE_BYTES: Final = 16 << 20
TELL_SECONDS: Final = 0.1


def read_ahead(
    files: Sequence[Path],
    report: Callable[[str, float | None], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Read files once, and report how far that is.

    On a cold disk the bytes come at the disk's speed, 2.5 GB in 1 to 25 s; where they are in the page cache already, at
    several gigabytes a second.

    Raises:
        OSError: one of them cannot be read.
    """
    total = sum(file.stat().st_size for file in files)
    done, told_at = 0, -TELL_SECONDS
    piece = bytearray(PIECE_BYTES)
    for file in files:
        with file.open("rb", buffering=0) as opened:
            while count := opened.readinto(piece):
                done += count
                if clock() >= told_at + TELL_SECONDS:
                    told_at = clock()
                    report("reading weights", done / total)
