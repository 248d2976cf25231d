"""Decoder of the bytes that a terminal sends for keys. Sans-I/O."""

from __future__ import annotations

from typing import Final, Literal

Key = Literal["pause", "skip", "back", "quit"]
"""Function of a key."""

HELP: Final = "keys: space pause, ← back, → skip, q quit"
"""One line for people."""

_ESCAPE: Final = "\x1b"
_KEYS: Final[dict[str, Key]] = {" ": "pause", "q": "quit", "Q": "quit"}
_ARROWS: Final[dict[str, Key]] = {"C": "skip", "D": "back"}
"""Last byte of the escape sequences of the arrow keys (``ESC [ C``, in the application mode ``ESC O C``)."""


class KeyDecoder:
    """Decoder with the escape sequence that has begun; sequences of other keys are ignored."""

    def __init__(self) -> None:
        self._begun = ""

    def feed(self, data: bytes) -> list[Key]:
        """Return the keys in the next bytes, which may end inside a sequence."""
        found: list[Key | None] = [self._take(character) for character in data.decode("latin-1")]
        return [key for key in found if key is not None]

    def _take(self, character: str) -> Key | None:
        begun, self._begun = self._begun, ""
        if character == _ESCAPE or (begun == _ESCAPE and character in "[O"):
            self._begun = character if character == _ESCAPE else begun + character
            return None
        if begun in ("", _ESCAPE):
            return _KEYS.get(character)  # ESC alone is a key without a function
        if begun.startswith(f"{_ESCAPE}[") and character < "@":
            self._begun = begun + "…"  # a parameter: the key was pressed with a modifier, or is another one
            return None
        return _ARROWS.get(character) if begun in (f"{_ESCAPE}[", f"{_ESCAPE}O") else None
