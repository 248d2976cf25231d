"""A voice that speaks many sentences at once, the smallest with continuous batching; it records its steps."""

from __future__ import annotations

import collections
import zlib
from typing import TYPE_CHECKING, Final

from helpers.voices.plain_voice import PlainVoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

NAME: Final = "choir"
CHUNK_FRAMES: Final = 2_400
FRAMES_PER_CHARACTER: Final = 800
FAILURE: Final = "this voice cannot say 13"


def sound_of(text: str, seed: int) -> NDArray[np.float32]:
    """All samples of a text: noise that neither repeats nor depends on other texts."""
    import numpy as np

    noise = np.random.default_rng(seed + zlib.crc32(text.encode()))
    return noise.uniform(-0.5, 0.5, FRAMES_PER_CHARACTER * len(text)).astype(np.float32)


class ChoirStream:
    """One text; ``ChoirVoice.advance`` computes its chunks."""

    def __init__(self, text: str, samples: NDArray[np.float32], *, fails: bool = False) -> None:
        """``fails``: after its first chunk."""
        self.text: Final = text
        self.ready: collections.deque[NDArray[np.float32] | Exception | None] = collections.deque()
        self.is_over = False
        """It needs no further step."""
        self._rest = samples
        self._fails = fails

    @property
    def is_ready(self) -> bool:
        return bool(self.ready)

    def __next__(self) -> NDArray[np.float32]:
        if not self.ready:
            return self._rest[:0]
        item = self.ready.popleft()
        if item is None:
            raise StopIteration
        if isinstance(item, Exception):
            raise item
        return item

    def compute(self) -> None:
        chunk, self._rest = self._rest[:CHUNK_FRAMES], self._rest[CHUNK_FRAMES:]
        if len(chunk):
            self.ready.append(chunk)
        if self._fails:
            self.ready.append(ValueError(FAILURE))
            self.is_over = True
        elif not len(self._rest):
            self.ready.append(None)
            self.is_over = True

    def close(self) -> None:
        self.is_over = True


class ChoirVoice(PlainVoice):
    """Computes one chunk of each text that has a slot in each step; cannot say 13 after its first chunk."""

    name: Final = NAME
    max_streams = 4
    step_seconds = 0.0
    """Duration of a step."""

    def __init__(self) -> None:
        self.opened: list[ChoirStream] = []
        """Texts that are not computed yet, in the order of their opening."""
        self.steps: list[list[str]] = []
        """Texts of which a chunk was computed, by step."""

    def open(self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0) -> ChoirStream:
        del language, voice, speed
        stream = ChoirStream(text, self.sound_of(text, seed), fails="13" in text)
        self.opened.append(stream)
        return stream

    def sound_of(self, text: str, seed: int) -> NDArray[np.float32]:
        """All samples of a text."""
        return sound_of(text, seed)

    def advance(self) -> bool:
        import time

        self.opened = [stream for stream in self.opened if not stream.is_over]
        running = self.opened[: self.max_streams]
        for stream in running:
            stream.compute()
        if running:
            self.steps.append([stream.text for stream in running])
            time.sleep(self.step_seconds)
        return bool(running)

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        stream = self.open(text, language, voice, seed, speed=speed)
        try:
            while True:
                while not stream.is_ready:
                    self.advance()
                try:
                    chunk = next(stream)
                except StopIteration:
                    return
                yield chunk
        finally:
            stream.close()
