"""Engines without batches behind the contract of those with: one text after another, in the order of their opening."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from voicestream.workers.tts.batch_rendering import EngineView

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer


class OneAtATime(EngineView):
    """``BatchSynthesizer`` with one slot around any engine."""

    def __init__(self, engine: Synthesizer) -> None:
        super().__init__(engine)
        self.max_streams: Final = 1
        self._plain: Final = engine
        self._streams: Final[collections.deque[_Stream]] = collections.deque()

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """Synthesize a text outside of the queue."""
        return self._plain.synthesize(text, language, voice, seed, speed=speed)

    def open(self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0) -> _Stream:
        """Append a text."""
        stream = _Stream(self._plain.synthesize(text, language, voice, seed, speed=speed))
        self._streams.append(stream)
        return stream

    def advance(self) -> bool:
        """Compute the next chunk of the first text that is not over."""
        while self._streams and self._streams[0].is_over:
            self._streams.popleft()
        if self._streams:
            self._streams[0].compute()
        return bool(self._streams)


class _Stream:
    """One text of such an engine."""

    def __init__(self, chunks: Iterator[NDArray[np.float32]]) -> None:
        self._chunks: Final = chunks
        self._ready: Final[collections.deque[NDArray[np.float32] | Exception]] = collections.deque()
        self.is_over = False

    @property
    def is_ready(self) -> bool:
        """True if a chunk, the end or an error is there."""
        return bool(self._ready) or self.is_over

    def __next__(self) -> NDArray[np.float32]:
        """Return the next chunk, or an empty array."""
        if not self._ready:
            if self.is_over:
                raise StopIteration
            import numpy as np

            return np.zeros(0, np.float32)
        item = self._ready.popleft()
        if isinstance(item, Exception):
            raise item
        return item

    def compute(self) -> None:
        """Compute a chunk."""
        try:
            self._ready.append(next(self._chunks))
        except StopIteration:
            self.is_over = True
        except Exception as error:  # noqa: BLE001 - raised again by the one who takes the chunks
            self._ready.append(error)
            self.is_over = True

    def close(self) -> None:
        """End it; the engine stops after the present chunk."""
        self.is_over = True
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
