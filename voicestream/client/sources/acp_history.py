"""Filter of repeated messages in the Agent Client Protocol. Sans-I/O.

An editor that opens an earlier session asks for it with ``session/load``, and the agent sends all of its messages again
before it answers. They were spoken when they were written. The editor's requests tell which messages these are.
"""

from __future__ import annotations

from typing import Final

import msgspec

_LOAD: Final = "session/load"
_PROMPT: Final = "session/prompt"
_WORDS: Final = tuple(word.encode() for word in (_LOAD, _LOAD.replace("/", r"\/")))
"""Spellings in JSON of the request."""


class _Parameters(msgspec.Struct, rename="camel"):
    session_id: str | None = None


class _Line(msgspec.Struct):
    id: int | str | None = None
    method: str | None = None
    params: _Parameters | None = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class HistoryFilter:
    """Sessions that are being loaded; one thread may call ``request`` and another ``is_new``."""

    def __init__(self) -> None:
        self._loads: dict[int | str, str] = {}
        """Session by the id of the request that loads it."""

    def request(self, line: bytes) -> None:
        """Take a line of the editor, before the agent gets it."""
        if not self._loads and not any(word in line for word in _WORDS):
            return
        found = _decode(line)
        if found is None or found.params is None or found.params.session_id is None:
            return
        session = found.params.session_id
        if found.method == _LOAD and found.id is not None:
            self._loads[found.id] = session
        elif found.method == _PROMPT:
            # An answer to a prompt is new, even if the load was never answered.
            self._loads = {id_: loading for id_, loading in self._loads.items() if loading != session}

    def is_new(self, line: bytes) -> bool:
        """Return whether a line of the agent may be spoken."""
        if not self._loads:
            return True
        found = _decode(line)
        if found is None:
            return True
        if found.method is None:
            if found.id is not None:
                self._loads.pop(found.id, None)
            return True
        return found.params is None or found.params.session_id not in self._loads.values()


def _decode(line: bytes) -> _Line | None:
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
