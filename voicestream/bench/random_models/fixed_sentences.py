"""Fixed sentences for translation and speech: of typical length, with the token counts of the goals."""

from __future__ import annotations

from typing import Final

SOURCE: Final = "en"
TARGET: Final = "es"
"""A language for which neither engine needs another package."""

OTHER_TARGETS: Final = ("fr", "de", "ja")
"""Further languages into which the random NLLB gives the same answer."""

QUESTION: Final = "I found the cause of the failing build, so now we can fix it and run all tests."
"""20 tokens for the random NLLB, with one token a word: the language first, the end last."""

ANSWER: Final = (
    "Ya sé por qué no se pudo compilar, así que ahora mismo lo arreglo y te paso todas las pruebas otra vez más."
)
"""25 tokens of output: the language, these words, and the end."""

ANSWER_TOKENS: Final = 25
