"""Output option ``--output``: speakers, null, or a sound file, which is never overwritten unasked."""

from __future__ import annotations

import os
import re
import stat
import time
from pathlib import Path
from typing import Final

from voicestream.config.engine_settings import AUTO
from voicestream.errors import UsageError
from voicestream.protocol.messages import OutputKind, OutputOptions

SESSION: Final = "{session}"
"""Placeholder for a unique session name."""

MAX_LEAD_IN_MS: Final = 3000
"""Upper limit: a device that sleeps longer has another problem."""

_PLACEHOLDER: Final = re.compile(r"\{[^{}/]*\}")
KINDS: Final[dict[str, OutputKind]] = {".wav": "wav", ".flac": "flac", ".opus": "opus", ".ogg": "opus"}
"""Kinds of files by suffix."""

_SUFFIX: Final = ".wav"
"""Suffix of files in a directory."""
_HEADER_BYTES: Final = 44
"""Size of a WAV header."""


def lead_in_seconds(typed: str) -> float | None:
    """Return the seconds of ``--lead-in``; None: by the kind of device.

    Raises:
        UsageError: it is neither ``auto`` nor a number of milliseconds.
    """
    if typed == AUTO:
        return None
    if not typed.isdecimal() or int(typed[:6]) > MAX_LEAD_IN_MS:
        raise UsageError(
            f"--lead-in {typed}: must be {AUTO}, or a whole number of milliseconds up to {MAX_LEAD_IN_MS}",
            hint="Try: --lead-in 500",
        )
    return int(typed) / 1000


def parse(output: str, device: str, *, lead_in: str = AUTO, force: bool = False) -> OutputOptions:
    """Parse ``--output``.

    Args:
        output: ``speakers``, ``null``, a sound file, a directory, or a file name with ``{session}``.
        device: number, or name or a part of it, of a sink or a sound device.
        lead_in: see ``lead_in_seconds``.
        force: an existing file may be overwritten.

    Raises:
        UsageError: it is none of these, exists already, or cannot be written.
        ConfigurationError: the package that writes such a file is not installed.
    """
    if output == "speakers":
        return OutputOptions(kind="speakers", device=device, lead_in_seconds=lead_in_seconds(lead_in))
    if output == "null":
        return OutputOptions(kind="null")
    if not output:
        raise UsageError("--output: the name is empty", hint="Try: --output speakers")
    unknown = [name for name in _PLACEHOLDER.findall(output) if name != SESSION]
    if unknown:
        raise UsageError(f"--output {output}: {unknown[0]} is not known", hint=f"The only placeholder is {SESSION}.")
    try:
        path = _path(output)
    except FileNotFoundError as error:  # the working directory was deleted, so no path can be made absolute
        raise UsageError(
            f"--output {output}: the current directory was deleted", hint="Change to another directory: cd"
        ) from error
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        suffixes = f"{', '.join(list(KINDS)[:-1])} or {list(KINDS)[-1]}"
        raise UsageError(
            f"--output {output}: not known",
            hint=f"Try: --output with one of: speakers, null, a file name that ends in {suffixes}, a directory",
        )
    if kind != "wav":
        from voicestream.models import packages

        packages.check("soundfile", install=packages.INSTALL_FILES)
    _check(output, path, force=force)
    return OutputOptions(kind=kind, path=str(path))


def _path(output: str) -> Path:
    """Return the session's file; for a directory or a pattern, a new one."""
    if output.endswith("/") or Path(output).is_dir():
        output = str(Path(output) / f"{SESSION}{_SUFFIX}")
    while SESSION in output:
        path = Path(output.replace(SESSION, _session_name())).absolute()
        if not os.path.lexists(path):
            return path
    return Path(output).absolute()


def _session_name() -> str:
    """Return a name that sorts by time; its random part makes it unique among machines."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}"


def _is_without_sound(path: Path, size: int) -> bool:
    """Return whether a file is a WAV header without samples."""
    if size != _HEADER_BYTES:
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"RIFF"
    except OSError:
        return False


def _check(output: str, path: Path, *, force: bool) -> None:
    """Check that the file can be written without losing anything.

    Raises:
        UsageError: it cannot be written, or its content would be lost.
    """
    if path.is_dir() or not path.parent.is_dir():
        what = "is a directory" if path.is_dir() else f"there is no directory {path.parent}"
        raise UsageError(f"--output {output}: {what}", hint="Give the name of a file in a directory that exists.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"--output {output}: may not be written", hint="Give a file name where you may write.")
    if not path.exists():
        return
    found = path.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISCHR(found.st_mode)):
        raise UsageError(
            f"--output {output}: is neither a file nor a device",
            hint="A sound file has its length in its header, so it cannot be a pipe. Give the name of a file.",
        )
    # An empty file, as mktemp creates it, audio without a sample, as a failed run leaves it, and a device have nothing
    # to lose.
    if stat.S_ISREG(found.st_mode) and found.st_size and not force and not _is_without_sound(path, found.st_size):
        raise UsageError(
            f"--output {output}: exists already",
            hint=f"Try: --force to overwrite it; or another name, a directory, or a name with {SESSION}",
        )
