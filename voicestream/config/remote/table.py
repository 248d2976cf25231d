"""Table ``[remote]`` of the user's file: hosts to which sentences may be sent, by role.

::

    [remote]
    tts = ["https://gpu-1.example", "https://gpu-2.example"]   # in order of preference
    translator = ["https://gpu-1.example"]
    tts_model = "kokoro"                # absent: the server's default
    voice = "af_heart"                  # where no other voice is named
    translator_model = "nllb"
    translator_api = "translate"        # or "chat": a language model with a prompt
    token_file = "~/.config/voicestream/remote-token"   # of yours, mode 0600
    token_variable = "VOICESTREAM_REMOTE_TOKEN"         # read if there is no token_file
    ca_file = "/etc/ssl/team.pem"       # instead of the system's certificates
    first_byte = 1.5                    # seconds until a server must have begun to answer
    extra_fields = true                 # false: only the fields of OpenAI's API are sent
"""

from __future__ import annotations

import ipaddress
import os
import re
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, cast

import msgspec

from voicestream.config import toml_places
from voicestream.protocol.messages import RemoteHosts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from voicestream.protocol.messages import EngineRole

    Refuse = Callable[[str, str], NoReturn]
    """Takes a key and the problem with its value, and raises the error."""

TABLE: Final = "remote"
"""Name of the table."""

EXAMPLE: Final = """
# [remote]                 # hosts to which sentences may be sent
# tts = ["https://gpu.example"]
# translator = ["https://gpu.example"]
"""
"""The table in a new file, as comments."""

MAX_HOSTS: Final = 16

MAX_CHARACTERS: Final = 500
"""Limit of a text."""

MIN_FIRST_BYTE_SECONDS: Final = 0.1
MAX_FIRST_BYTE_SECONDS: Final = 10.0
"""Limit of ``first_byte``: a sentence is given up that long after its first request."""

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_ROLES: Final[Mapping[str, EngineRole]] = {"tts": "tts", "translator": "translation"}
_APIS: Final = ("translate", "chat")


def check_url(url: str) -> str:
    """Return why a base URL cannot be used; empty if it can.

    Text and token are sent there, so ``http://`` is accepted for this machine only.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return f"is no address ({error})"
    if parts.scheme not in ("http", "https") or not host or port == 0 or not url.isascii() or not url.isprintable():
        return "must be the address of a server: https://gpu.example"
    if parts.username is not None or parts.password is not None:
        return "must not contain a password: use token_file"
    if parts.query or parts.fragment or " " in url:
        return "must be the address of a server, without a query: https://gpu.example"
    if parts.scheme == "http" and not _is_this_machine(host):
        return "must begin with https://, because the text of every sentence is sent there"
    return ""


def base_url(url: str) -> str:
    """Return a base URL without the ``/v1`` of OpenAI's clients and without a slash at its end."""
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def with_token(hosts: RemoteHosts) -> RemoteHosts:
    """Return hosts with the token in the environment of this process, unless a file has it."""
    if hosts.token_file:
        return hosts
    return msgspec.structs.replace(hosts, token=os.environ.get(hosts.token_variable, ""))


def parse(table: object, text: str, name: str) -> dict[EngineRole, RemoteHosts]:
    """Validate the table.

    Args:
        table: as read.
        text: contents of the file.
        name: name of the file, for errors.

    Raises:
        ConfigurationError: a value is invalid; the message has the line and the key.
    """
    if not isinstance(table, dict):
        raise toml_places.wrong(text, name, (TABLE,), f"must be a table: [{TABLE}]")
    values = cast("dict[str, object]", table)

    def refuse(key: str, problem: str) -> NoReturn:
        raise toml_places.wrong(text, name, (TABLE, key), problem)

    common: dict[str, object] = {}
    of_role: dict[EngineRole, dict[str, object]] = {"tts": {}, "translation": {}}
    for key, value in values.items():
        if key in _ROLES:
            of_role[_ROLES[key]]["hosts"] = _hosts(key, value, refuse)
        elif (place := _OWN_KEYS.get(key)) is not None:
            role, field = place
            of_role[role][field] = _text(key, value, refuse)
        elif key == "translator_api":
            of_role["translation"]["chat"] = _api(key, value, refuse)
        elif key in _COMMON:
            field, check = _COMMON[key]
            common[field] = check(key, value, refuse)
        else:
            refuse(key, f"is not known in [{TABLE}]; known are {', '.join(_known())}")
    return {role: msgspec.convert({**common, **own}, RemoteHosts) for role, own in of_role.items() if own.get("hosts")}


def _known() -> list[str]:
    return [*_ROLES, *_OWN_KEYS, "translator_api", *_COMMON]


def _hosts(key: str, value: object, refuse: Refuse) -> list[str]:
    items: list[object] = cast("list[object]", value) if isinstance(value, list) else [value]
    urls = [item for item in items if isinstance(item, str)]
    if len(urls) < len(items) or len(urls) > MAX_HOSTS:
        refuse(key, f'must be a list of at most {MAX_HOSTS} addresses: {key} = ["https://gpu.example"]')
    for url in urls:
        if problem := check_url(url):
            refuse(key, f"{url[:MAX_CHARACTERS]!r} {problem}")
    return list(dict.fromkeys(base_url(url) for url in urls))


def _text(key: str, value: object, refuse: Refuse) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > MAX_CHARACTERS:
        refuse(key, f"must be a line of text in quotes, of at most {MAX_CHARACTERS} characters")
    return value


def _api(key: str, value: object, refuse: Refuse) -> bool:
    if value not in _APIS:
        refuse(key, f"must be one of: {', '.join(_APIS)}")
    return value == "chat"


def _file(key: str, value: object, refuse: Refuse) -> str:
    path = Path(_text(key, value, refuse))
    try:
        path = path.expanduser()
    except RuntimeError:
        refuse(key, "names the home directory of an unknown user")
    if not path.is_absolute():
        refuse(key, "must be an absolute path, or begin with ~/")
    return str(path)


def _variable(key: str, value: object, refuse: Refuse) -> str:
    name = _text(key, value, refuse)
    if not _VARIABLE.fullmatch(name):
        refuse(key, "must be the name of an environment variable")
    return name


def _seconds(key: str, value: object, refuse: Refuse) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not MIN_FIRST_BYTE_SECONDS <= cast("float", value) <= MAX_FIRST_BYTE_SECONDS:
        refuse(key, f"must be a number of seconds, {MIN_FIRST_BYTE_SECONDS:g} to {MAX_FIRST_BYTE_SECONDS:g}")
    return float(cast("float", value))


def _switch(key: str, value: object, refuse: Refuse) -> bool:
    if not isinstance(value, bool):
        refuse(key, "must be true or false")
    return value


_OWN_KEYS: Final[Mapping[str, tuple[EngineRole, str]]] = {
    "tts_model": ("tts", "model"),
    "voice": ("tts", "voice"),
    "translator_model": ("translation", "model"),
}
"""Texts of one role: role and field by key."""

_COMMON: Final[Mapping[str, tuple[str, Callable[[str, object, Refuse], object]]]] = {
    "token_file": ("token_file", _file),
    "token_variable": ("token_variable", _variable),
    "ca_file": ("ca_file", _file),
    "first_byte": ("first_byte_seconds", _seconds),
    "extra_fields": ("extra_fields", _switch),
}
"""Keys of both roles: field and check."""


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
