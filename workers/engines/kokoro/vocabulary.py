"""Phoneme symbols of Kokoro and their ids."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, cast

from voicestream.errors import EngineNotReadyError
from voicestream.models import weights

if TYPE_CHECKING:
    from pathlib import Path

_BOUNDARY: Final = 0
"""Id at the start and the end of each text."""

_EXPECTED: Final = " ;:,.!?aiuəɹˈː"
"""Symbols that every tokenizer of Kokoro has."""


class SymbolTable:
    """Symbols from a ``tokenizer.json``."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            EngineNotReadyError: it is damaged, or belongs to another model.
        """
        model = weights.table(file).get("model")
        symbols = cast("dict[str, object]", model).get("vocab") if isinstance(model, dict) else None
        if not isinstance(symbols, dict):
            raise EngineNotReadyError(f"{file} is damaged: it has no vocabulary", hint=weights.AGAIN)
        self._ids = cast("dict[str, int]", symbols)
        missing = [symbol for symbol in _EXPECTED if not isinstance(self._ids.get(symbol), int)]
        if missing:
            raise EngineNotReadyError(
                f"{file} is not Kokoro's: it has no {', '.join(map(repr, missing))}", hint=weights.AGAIN
            )

    @property
    def largest(self) -> int:
        """The largest id."""
        return max(self._ids.values())

    def known(self, phonemes: str) -> str:
        """Remove unknown symbols; letters with diacritics are decomposed if necessary."""
        decomposed = "".join(
            symbol if symbol in self._ids else unicodedata.normalize("NFD", symbol) for symbol in phonemes
        )
        return "".join(symbol for symbol in decomposed if symbol in self._ids)

    def ids(self, known: str) -> list[int]:
        """Return the ids of known symbols with the boundary ids."""
        return [_BOUNDARY, *(self._ids[symbol] for symbol in known), _BOUNDARY]
