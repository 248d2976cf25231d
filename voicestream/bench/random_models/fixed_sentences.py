"""What is translated and said: a sentence of a usual length, with as many tokens as the goals speak of."""

from __future__ import annotations

from typing import Final

SOURCE: Final = "en"
TARGET: Final = "es"
"""A language of which both engines need no package of its own."""

QUESTION: Final = "I found the cause of the failing build, so now we can fix it and run all tests."
"""20 tokens to the random NLLB, to which each word is one: the language before them, the end behind them."""

ANSWER: Final = (
    "Ya sé por qué no se pudo compilar, así que ahora mismo lo arreglo y te paso todas las pruebas otra vez más."
)
"""25 tokens of an answer: the language, these words, and the end."""

ANSWER_TOKENS: Final = 25
