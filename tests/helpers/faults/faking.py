"""Starts ``fake_supervisor`` in a place."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.faults import fake_supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.process.running import Voicestream


@contextlib.contextmanager
def faked(place: Voicestream, manner: str) -> Iterator[None]:
    """Somebody is the supervisor of the place, in this manner."""
    command = [sys.executable, "-P", str(Path(fake_supervisor.__file__)), str(place.runtime), manner]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            process.kill()
