"""Detection of texts without translatable words."""

from __future__ import annotations

import re
from typing import Final

from voicestream.workers.translation import code_names

_WORD: Final = re.compile(r"[^\W\d_]{2,}|[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
"""Word; a single letter is a list mark or a variable, except in Chinese, Japanese or Korean."""
_NUMBER_WITH_LETTERS: Final = re.compile(r"(?<![^\W_])(?:[vV]?\d[\d.,:]*[A-Za-z]{0,3}|[A-Za-z]\d+)(?![^\W_])")
_UNIT: Final = re.compile(r"\d\s(?:[kKMGT]i?[bB]|[mµμn]?s|px|[kMG]?Hz)(?![^\W_])")
_EVERYWHERE: Final = frozenset(("ok", "okay"))


def is_worth_translating(text: str) -> bool:
    """Return whether a text has translatable words: not only digits, symbols, identifiers, file names, hashes, URLs.

    NLLB-200 invents sentences for fragments, so language-independent texts are not passed to it: ``3.11.2``,
    ``useEffect``, ``main.py``, ``10 ms``, and ``OK.``.
    """
    text = _NUMBER_WITH_LETTERS.sub(" ", _UNIT.sub(" ", code_names.without(text)))
    return any(word.casefold() not in _EVERYWHERE for word in _WORD.findall(text))
