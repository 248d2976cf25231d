"""Conversion of a transformers model to CTranslate2 (int8) in a subprocess.

The subprocess frees its gigabytes of memory by ending, runs at low priority and ends with its parent.

    python -P -m voicestream.models.conversion SOURCE TARGET PARENT-PID
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream import telemetry
from voicestream.errors import VoicestreamError
from voicestream.models.downloads import disk
from voicestream.protocol import lifeline

if TYPE_CHECKING:
    from voicestream.models.progress import ProgressReporter

QUANTIZATION: Final = "int8"
ALONG: Final = ("tokenizer.json",)
"""Files copied beside the converted weights."""

NICENESS: Final = 10
EXIT_FULL: Final = 28
"""Exit code of the subprocess if the disk is full; other errors are 1."""


def convert(source: Path, target: Path, name: str, reporter: ProgressReporter) -> None:
    """Convert the model in ``source`` into the directory ``target``, which must not exist yet.

    Raises:
        VoicestreamError: the conversion failed; its unfinished files remain.
    """
    reporter.note(f"converting to {name}: takes some seconds to minutes, and memory for the whole original")
    command = [sys.executable, "-P", "-m", "voicestream.models.conversion", str(source), str(target), str(os.getpid())]
    environment = {**os.environ, **telemetry.OFF, **telemetry.OFFLINE, "TRANSFORMERS_VERBOSITY": "error"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as child:
        try:
            output, _ = child.communicate()
        except BaseException:
            child.kill()
            raise
    if child.returncode == EXIT_FULL:
        raise disk.full(target.parent, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    if child.returncode != 0:
        raise VoicestreamError(
            f"{name} could not be made of {source}: {_reason(child.returncode, output)}",
            hint="What was fetched is still there. Type the same command again, with other programs closed.",
        )


def _reason(code: int, output: bytes) -> str:
    if code < 0:
        return f"the conversion was ended by signal {-code}; 9 usually means out of memory"
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {code}"


def main(source: Path, target: Path, parent: int) -> int:
    """Convert in the subprocess and return its exit code."""
    lifeline.die_with(parent)
    os.nice(NICENESS)
    from ctranslate2.converters import TransformersConverter  # noqa: PLC0415 - takes seconds

    try:
        converter = TransformersConverter(str(source), copy_files=list(ALONG))
        converter.convert(str(target), quantization=QUANTIZATION)
    except OSError as error:
        if disk.is_full(error):
            return EXIT_FULL
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
