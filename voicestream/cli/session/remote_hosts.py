"""Hosts of a session: where its sentences are sent to, and the line that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.config.remote import table
from voicestream.engines import registry
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from voicestream.protocol.messages import EngineRole, RemoteHosts, SessionOptions

_WORDS: Final[Mapping[EngineRole, str]] = {"tts": "spoken", "translation": "translated"}


def of_session(
    named: Mapping[EngineRole, RemoteHosts], translator: str, voice_engines: Sequence[str]
) -> dict[EngineRole, RemoteHosts]:
    """Return the hosts of the roles whose engines send text to hosts.

    Args:
        named: hosts in the user's file.
        translator: name of the translator.
        voice_engines: names of all voice engines of the session.
    """
    if not named:
        return {}
    in_use: dict[EngineRole, bool] = {
        "translation": _sends_text(registry.TRANSLATORS, [translator]),
        "tts": _sends_text(registry.SYNTHESIZERS, voice_engines),
    }
    # The supervisor inherits no secrets of its first caller.
    return {role: table.with_token(hosts) for role, hosts in named.items() if in_use[role]}


def notice(options: SessionOptions, *, translates: bool) -> str:
    """Return the line that names the hosts to which sentences are sent; empty if none are sent."""
    parts = [
        f"{_WORDS[role]} by {', '.join(hosts.hosts)}"
        for role, hosts in sorted(options.remote.items())
        if role == "tts" or translates
    ]
    return f"sentences are sent to other hosts: {'; '.join(parts)}" if parts else ""


def _sends_text(group: registry.EngineGroup[registry.Spec], names: Sequence[str]) -> bool:
    """Return whether one of the engines sends text; one whose spec cannot be read fails when it is loaded."""
    try:
        return any(registry.sends_text(group, name) for name in names)
    except VoicestreamError:
        return False
