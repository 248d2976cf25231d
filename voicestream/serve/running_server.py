"""Record of the running server, and requests to it: for ``voicestream serve status``."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.atomic_files import write_whole
from voicestream.config import user_directories
from voicestream.errors import ConfigurationError, NoSupervisorError, VoicestreamError
from voicestream.serve.api import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 64 << 10
MAX_ANSWER_BYTES: Final = 1 << 20
TIMEOUT_SECONDS: Final = 10.0

NOT_RUNNING: Final = "no server is running here"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The server that was started last."""

    url: str
    token_file: str
    """Empty: its token is in the variable."""
    pid: int


class Engine(msgspec.Struct, frozen=True):
    """An engine of a server."""

    name: str
    kind: str
    device: str


class Stage(msgspec.Struct, frozen=True):
    """A stage of a server."""

    stage: str
    state: str
    replicas: dict[str, int]
    """Number of replicas by state."""


class Status(msgspec.Struct, frozen=True):
    """Answer of a server to ``GET /v1/status``."""

    version: str
    engines: list[Engine]
    stages: list[Stage]


def path() -> Path:
    """Return the path of the record, whether it exists or not."""
    return user_directories.state() / "serve.json"


def write(running: Running) -> None:
    """Record a running server; the record is for ``status`` only, so a failure is ignored."""
    with suppress(OSError):
        path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path(), msgspec.json.encode(running), mode=0o600)


def remove(pid: int) -> None:
    """Remove the record, if it is still that of a process."""
    with suppress(OSError, ValueError):
        if bounded_file.read_as(path(), MAX_BYTES, Running).pid == pid:
            path().unlink()


def read() -> Running:
    """Return the record.

    Raises:
        NoSupervisorError: there is none.
    """
    try:
        return bounded_file.read_as(path(), MAX_BYTES, Running)
    except (OSError, ValueError) as error:
        raise NoSupervisorError(NOT_RUNNING, hint="voicestream serve") from error


def status(url: str, token_file: str) -> Status:
    """Return the answer of a server to ``GET /v1/status``.

    Args:
        url: of the server, without a path.
        token_file: file of tokens; empty = the variable.

    Raises:
        NoSupervisorError: nothing listens there.
        ConfigurationError: the token is wrong.
        VoicestreamError: the answer cannot be used.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"{url} is no URL of a server", hint="Try: --url http://127.0.0.1:8000")
    token = tokens.load(Path(token_file) if token_file else None)[0]
    request = urllib.request.Request(f"{url.rstrip('/')}/v1/status", headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            return msgspec.json.decode(answer.read(MAX_ANSWER_BYTES), type=Status)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 401:  # noqa: PLR2004 - HTTP's own
            raise ConfigurationError(f"the server at {url} does not accept the token") from error
        raise VoicestreamError(f"the server at {url} answers with status {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoSupervisorError(f"no server answers at {url}", hint="voicestream serve") from error
    except ValueError as error:
        raise VoicestreamError(f"the answer of {url} is not that of a server of voicestream") from error


def rows(found: Status) -> Iterator[list[str]]:
    """Yield stage, state and replicas of an answer for people."""
    for one in found.stages:
        replicas = ", ".join(f"{count} {state.lower()}" for state, count in sorted(one.replicas.items()) if count)
        yield [one.stage, one.state.lower(), replicas]
