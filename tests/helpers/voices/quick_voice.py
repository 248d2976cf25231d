"""A voice that takes next to no time, for tests in which thousands of sentences flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpers.voices.plugging import offer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

NAME: Final = "quick"

FRAMES: Final = 2_400
"""Of each sentence: 0.1 s."""


class QuickVoice:
    """The same short silence for every text."""

    name: Final = NAME
    device: Final = "cpu"
    sample_rate: Final = 24_000
    needs_normalized_text: Final = False
    needs_postprocessing: Final = False

    def load(self, report: Callable[[str, float | None], None]) -> None:
        """Nothing to load."""
        del report

    def max_characters(self, language: str) -> int:
        """No limit."""
        del language
        return 0

    def supports(self, language: str) -> bool:
        """Every language."""
        del language
        return True

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """One chunk."""
        import numpy as np

        del text, language, voice, seed, speed
        yield np.zeros(FRAMES, np.float32)

    def close(self) -> None:
        """Release nothing."""


def plug_in(directory: Path) -> str:
    """Make ``directory`` one that offers this voice; returns the ``PYTHONPATH`` with which it is found."""
    return offer(directory, "voicestream-quick", synthesizers={NAME: f"{__name__}:QuickVoice"})
