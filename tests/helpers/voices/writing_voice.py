"""A voice that writes down what it is told to say, one text a line, in the order of synthesis."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice
from helpers.voices.plugging import offer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

NAME: Final = "writing"

FILE_VARIABLE: Final = "VOICESTREAM_TEST_SPOKEN"
"""Environment variable: path of the file."""

FRAMES: Final = 2_400
"""Of each sentence: 0.1 s."""


class WritingVoice(PlainVoice):
    """The same short silence for every text, which is written to a file."""

    name: Final = NAME

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """One chunk."""
        import numpy as np

        del language, voice, seed, speed
        file = os.open(os.environ[FILE_VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{text}\n".encode())
        os.close(file)
        yield np.zeros(FRAMES, np.float32)


def plug_in(directory: Path) -> str:
    """Make ``directory`` one that offers this voice; returns the ``PYTHONPATH`` with which it is found."""
    return offer(directory, "voicestream-writing", synthesizers={NAME: f"{__name__}:WritingVoice"})
