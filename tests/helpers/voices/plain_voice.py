"""What the voices of tests have in common: they speak every language, load nothing, and their sound is let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class PlainVoice:
    """All of a ``Synthesizer`` but its name and its ``synthesize``."""

    device = "cpu"
    sample_rate = 24_000
    needs_normalized_text = False
    needs_postprocessing = False

    def max_characters(self, language: str) -> int:
        """No limit."""
        del language
        return 0

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Import what is heavy."""
        import numpy as np

        report(f"numpy {np.__version__}", None)

    def supports(self, language: str) -> bool:
        """Every language."""
        return bool(language)

    def close(self) -> None:
        """Nothing to let go of."""
