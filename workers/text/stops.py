"""The marks that end a sentence, by what may follow them.

Unicode's property Sentence_Terminal (UAX #29) has many more; these are those of the languages that voices speak.
"""

from __future__ import annotations

from typing import Final

SPACED: Final = ".!?…؟۔"
"""End a sentence only before a space, if at all: Western ones, and the Arabic and Urdu ones."""

FULL: Final = "。！？｡।॥።။។։"
"""End a sentence wherever they stand outside brackets: Chinese and Japanese, Devanagari, Ethiopic, Burmese, Khmer,
Armenian."""

ALL: Final = SPACED + FULL

ASKING: Final = "!?؟"
"""Of the spaced ones those that no abbreviation or number has."""
