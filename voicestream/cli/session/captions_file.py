"""Captions file ``--captions-file``: SubRip or WebVTT, never overwritten unasked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from voicestream.cli.session.queued_file import QueuedFile
from voicestream.client.subtitles import FORMATS
from voicestream.errors import UsageError

FLAG: Final = "--captions-file"


def open_file(name: str, *, force: bool) -> QueuedFile:
    """Open a captions file.

    Args:
        name: of the file; its suffix tells the format.
        force: an existing file may be overwritten.

    Raises:
        UsageError: the suffix is unknown, the file exists already or cannot be written.
    """
    path = Path(name)
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            f"{FLAG} {name}: not known", hint=f"Give a file name that ends in {' or '.join(sorted(FORMATS))}."
        )
    if not force and path.is_file() and os.path.getsize(path):  # noqa: PTH202 - of the file, not of a FIFO
        raise UsageError(f"{FLAG} {name}: exists already", hint="Try: --force to overwrite it; or another name")
    opened = QueuedFile(FLAG, "captions", name)
    opened.check()
    return opened
