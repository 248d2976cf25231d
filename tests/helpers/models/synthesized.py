"""Sound of a voice engine for one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer


def sound(
    synthesizer: Synthesizer,
    text: str,
    language: str = "en",
    *,
    voice: str = "",
    seed: int = 7,
    speed: float = 1.0,
) -> NDArray[np.float32]:
    """All samples; none for a text without words."""
    chunks = list(synthesizer.synthesize(text, language, voice, seed, speed=speed))
    return np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
