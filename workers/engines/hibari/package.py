"""Package of the engine ``hibari``, and the facts about it that its modules share."""

from __future__ import annotations

from typing import Final

NAME: Final = "hibari"
MODULE: Final = "hibari"
"""Module of the package ``hibari-tts``."""

PACKAGES: Final = (MODULE, "onnxruntime", "num2words")
"""Modules it cannot be loaded without; the last one writes numbers as words."""

INSTALL: Final = "pip install 'voicestream[voice]'"
REINSTALL: Final = "pip install --force-reinstall hibari-tts"
LANGUAGES: Final = frozenset(("en",))
"""Base languages that it speaks."""
