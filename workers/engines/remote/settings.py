"""Settings of the engines ``remote``: hosts from the worker's environment, token and certificates."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from voicestream import bounded_file
from voicestream.config.remote import table
from voicestream.errors import EngineNotReadyError
from voicestream.protocol.messages import RemoteHosts
from voicestream.workers.engines.remote.exchange import Connections

if TYPE_CHECKING:
    from voicestream.config.engine_settings import EngineSettings

MAX_TOKEN_BYTES: Final = 4 << 10
"""Limit of a token and its file."""

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def hosts_of(settings: EngineSettings, key: str) -> RemoteHosts:
    """Return the hosts of a worker; ``key``: their key in the table of the user's file.

    Raises:
        EngineNotReadyError: none are named, or one cannot be used.
    """
    hint = f'Name one in config.toml: [{table.TABLE}] {key} = ["https://gpu.example"]'
    if not settings.remote:
        raise EngineNotReadyError("no host is named", hint=hint)
    try:
        hosts = msgspec.json.decode(settings.remote, type=RemoteHosts)
    except msgspec.DecodeError as error:
        raise EngineNotReadyError(f"the hosts are not valid: {error}", hint=hint) from error
    for url in hosts.hosts:
        if problem := table.check_url(url):
            raise EngineNotReadyError(f"{url!r} {problem}", hint=hint)
    if not hosts.hosts:
        raise EngineNotReadyError("no host is named", hint=hint)
    return hosts


def connections(hosts: RemoteHosts) -> Connections:
    """Return connections with the token and the certificates of the user's file.

    Raises:
        EngineNotReadyError: the token or the certificates cannot be read.
    """
    try:
        return Connections(token(hosts), hosts.ca_file)
    except ssl.SSLError as error:
        raise EngineNotReadyError(
            f"{hosts.ca_file} has no certificates", hint="Set ca_file in config.toml to a file in PEM format."
        ) from error
    except OSError as error:
        raise EngineNotReadyError(
            f"cannot read {hosts.ca_file}: {error.strerror}", hint="Set ca_file in config.toml to a file in PEM format."
        ) from error


def token(hosts: RemoteHosts) -> str:
    """Return the bearer token; empty if there is none.

    Raises:
        EngineNotReadyError: its file cannot be read, or others can read it, or it is no token.
    """
    if not hosts.token_file:
        return _checked(hosts.token, hosts.token_variable)
    path = Path(hosts.token_file)
    try:
        mode = path.stat().st_mode
        data = bounded_file.read(path, MAX_TOKEN_BYTES, owner=os.getuid())
    except OSError as error:
        raise EngineNotReadyError(
            f"cannot read the token in {path}: {error.strerror}", hint="Set token_file in config.toml to your own file."
        ) from error
    if mode & _OTHERS:
        raise EngineNotReadyError(
            f"{path} can be read by other users (mode {stat.S_IMODE(mode):04o})", hint=f"Try: chmod 600 {path}"
        )
    return _checked(data.decode("ascii", "replace"), str(path))


def _checked(written: str, source: str) -> str:
    found = written.strip()
    if not (found.isascii() and found.isprintable()) or " " in found or len(found) > MAX_TOKEN_BYTES:
        raise EngineNotReadyError(f"{source} holds no token", hint="A token is one line of ASCII without spaces.")
    return found
