"""The symbols Kokoro's network knows, and their numbers."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, cast

from voicestream.errors import EngineNotReadyError
from voicestream.models import weights

if TYPE_CHECKING:
    from pathlib import Path

_EDGE: Final = 0
"""Stands before and behind each text."""

_EXPECTED: Final = " ;:,.!?aiuəɹˈː"
"""Symbols without which it is another network's vocabulary."""


class Vocabulary:
    """Reads ``tokenizer.json``."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            EngineNotReadyError: it is damaged, or another network's.
        """
        model = weights.table(file).get("model")
        symbols = cast("dict[str, object]", model).get("vocab") if isinstance(model, dict) else None
        if not isinstance(symbols, dict):
            raise EngineNotReadyError(f"{file} is damaged: it has no vocabulary", hint=weights.AGAIN)
        self._numbers = cast("dict[str, int]", symbols)
        missing = [symbol for symbol in _EXPECTED if not isinstance(self._numbers.get(symbol), int)]
        if missing:
            raise EngineNotReadyError(
                f"{file} is not Kokoro's: it has no {', '.join(map(repr, missing))}", hint=weights.AGAIN
            )

    @property
    def largest(self) -> int:
        """The largest number."""
        return max(self._numbers.values())

    def known(self, phonemes: str) -> str:
        """The same without what the network does not know; letters with a mark above are taken apart if need be."""
        apart = "".join(
            symbol if symbol in self._numbers else unicodedata.normalize("NFD", symbol) for symbol in phonemes
        )
        return "".join(symbol for symbol in apart if symbol in self._numbers)

    def ids(self, known: str) -> list[int]:
        """The numbers of known symbols, between those of two edges."""
        return [_EDGE, *(self._numbers[symbol] for symbol in known), _EDGE]
