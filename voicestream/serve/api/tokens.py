"""Bearer tokens: a private file with one token a line, or an environment variable."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final

from voicestream import bounded_file
from voicestream.atomic_files import write_whole
from voicestream.config import user_directories
from voicestream.errors import ConfigurationError
from voicestream.serve.settings import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAX_BYTES: Final = 64 << 10
MIN_CHARACTERS: Final = 16
"""Shorter tokens can be guessed."""

_NEW_BYTES: Final = 32
_SCHEME: Final = "bearer "


class Tokens:
    """The valid tokens, as digests."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests: Final = [_digest(token) for token in tokens]

    def owner(self, authorization: str) -> str | None:
        """Return a name for the token in an ``Authorization`` header, under which its use is counted; None: not valid.

        Takes the same time for every wrong token.
        """
        if not authorization.lower().startswith(_SCHEME):
            return None
        asked = _digest(authorization[len(_SCHEME) :].strip())
        found = [known for known in self._digests if hmac.compare_digest(asked, known)]
        return found[0][:8] if found else None


def default_path() -> Path:
    """Return the path of the user's own file of tokens, whether it exists or not."""
    return user_directories.config() / "serve-token"


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the valid tokens: that of the variable, or those of the file.

    Raises:
        ConfigurationError: there is none, one is too short, or others can read the file.
    """
    named = environment.get(TOKEN_VARIABLE, "").strip()
    if named:
        return _checked([named], TOKEN_VARIABLE)
    if path is None:
        raise ConfigurationError("there is no token", hint=f"Set {TOKEN_VARIABLE}, or name a file: --token-file")
    try:
        data = bounded_file.read(path, MAX_BYTES)
        found = path.stat()
    except OSError as error:
        raise ConfigurationError(f"cannot read the file of tokens {path}: {error.strerror}") from error
    if found.st_uid not in (os.getuid(), 0) or found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise ConfigurationError(
            f"other users can read the tokens in {path} (mode {mode:04o})", hint=f"Type: chmod 600 {path}"
        )
    lines = [line.strip() for line in data.decode(errors="replace").splitlines()]
    return _checked([line for line in lines if line and not line.startswith("#")], str(path))


def create(path: Path) -> None:
    """Create a file with one new token, for the user alone.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, f"{secrets.token_urlsafe(_NEW_BYTES)}\n".encode(), mode=0o600)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write a token to {path}: {error.strerror}", hint="Name another file: --token-file"
        ) from error


def _checked(found: list[str], where: str) -> list[str]:
    if not found:
        raise ConfigurationError(f"there is no token in {where}")
    if any(len(token) < MIN_CHARACTERS or not token.isascii() or not token.isprintable() for token in found):
        raise ConfigurationError(
            f"a token in {where} is not of {MIN_CHARACTERS} ASCII characters or more",
            hint="Make one with: openssl rand -hex 32",
        )
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
