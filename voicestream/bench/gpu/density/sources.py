"""Sources of speech for simulated listeners: an engine with continuous batching, and one sentence after another."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicestream.engines.synthesizer import BatchSynthesizer, SynthesisStream


@dataclass(frozen=True)
class Received:
    """Samples for one listener, or the end of a sentence."""

    listener: int
    seconds: float
    is_last: bool = False


class Source(Protocol):
    """Source of speech, called from one thread."""

    @property
    def is_busy(self) -> bool:
        """Return whether a listener waits for samples."""
        ...

    def ask(self, listener: int, seed: int) -> None:
        """Request a sentence for a listener who has none."""
        ...

    def step(self) -> list[Received]:
        """Compute a step, and return what is there for the listeners, possibly nothing."""
        ...

    def cancel(self) -> None:
        """Cancel all requests."""
        ...


class BatchSource:
    """Source with continuous batching."""

    def __init__(self, engine: BatchSynthesizer, text: str, language: str) -> None:
        self._engine: Final = engine
        self._text: Final = text
        self._language: Final = language
        self._streams: dict[int, SynthesisStream] = {}

    @property
    def is_busy(self) -> bool:
        """Return whether a stream is open."""
        return bool(self._streams)

    def ask(self, listener: int, seed: int) -> None:
        """Open a stream."""
        self._streams[listener] = self._engine.open(self._text, self._language, "", seed)

    def step(self) -> list[Received]:
        """Compute one step of the engine."""
        self._engine.advance()
        received: list[Received] = []
        for listener, stream in self._streams.items():
            while stream.is_ready:
                try:
                    samples = next(stream)
                except StopIteration:
                    received.append(Received(listener, 0.0, is_last=True))
                    break
                if len(samples):
                    received.append(Received(listener, len(samples) / self._engine.sample_rate))
        for one in received:
            if one.is_last:
                del self._streams[one.listener]
        return received

    def cancel(self) -> None:
        """Close all streams."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()


class OneByOneSource:
    """Source that synthesizes one sentence after another, in the order of the requests."""

    def __init__(self, speak: Callable[[int], Iterator[float]]) -> None:
        """``speak``: takes a seed; yields the seconds of sound of each chunk."""
        self._speak: Final = speak
        self._waiting: Final[collections.deque[tuple[int, int]]] = collections.deque()
        self._current: tuple[int, Iterator[float]] | None = None

    @property
    def is_busy(self) -> bool:
        """Return whether a request is not finished."""
        return self._current is not None or bool(self._waiting)

    def ask(self, listener: int, seed: int) -> None:
        """Append a request."""
        self._waiting.append((listener, seed))

    def step(self) -> list[Received]:
        """Compute the next chunk; the source must be busy."""
        if self._current is None:
            listener, seed = self._waiting.popleft()
            self._current = listener, self._speak(seed)
        listener, chunks = self._current
        seconds = next(chunks, None)
        if seconds is None:
            self._current = None
        return [Received(listener, seconds or 0.0, is_last=seconds is None)]

    def cancel(self) -> None:
        """Drop all requests."""
        self._waiting.clear()
        self._current = None
