"""Postprocessing pipeline of a sentence: endpointing, quality checks, one retry, loudness control. Streaming.

The same seed and samples give the same output, whatever the chunks of the engine, so that an interrupted sentence can
be synthesized again and continued. docs/internals/speech.md has the table of all cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from voicestream.errors import UnusableSoundError
from voicestream.workers.tts.postprocessing.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray

    from voicestream.workers.text.duration_bounds import DurationBounds

_SEED_COUNT: Final = 1 << 63
_RETRY_OFFSET: Final = 0x9E37_79B9_7F4A_7C15
"""Odd constant without a pattern, so that the retry seed of a sentence is not the first seed of another."""


def retry_seed(seed: int) -> int:
    """Return the seed of the retry."""
    return (seed + _RETRY_OFFSET) % _SEED_COUNT


def postprocess(
    synthesize: Callable[[int], Iterator[NDArray[np.float32]]],
    seed: int,
    *,
    sample_rate: int,
    bounds: DurationBounds,
    pause_seconds: float = 0.0,
    report: Callable[[str], None],
) -> Generator[NDArray[np.float32]]:
    """Synthesize and postprocess a text, streaming.

    Args:
        synthesize: starts synthesis with a seed; its iterator is closed when no more samples are needed.
        seed: of the first attempt.
        sample_rate: of the sound, Hz.
        bounds: duration bounds.
        pause_seconds: silence after the last sound, including that of the engine.
        report: receives defects, for the log.

    Yields:
        One array for each chunk of the engine, often empty, and further ones at the end. An empty one is a point for
        cancellation.

    Raises:
        UnusableSoundError: both attempts were rejected.
        Exception: any error of ``synthesize``.
    """
    rejection = ""
    for is_last, with_seed in enumerate((seed, retry_seed(seed))):
        attempt = Attempt(sample_rate, bounds, is_last=bool(is_last))
        chunks = synthesize(with_seed)
        try:
            for chunk in chunks:
                yield attempt.feed(chunk)
                if attempt.is_over:
                    break
        finally:
            _close(chunks)
        rest = attempt.end()
        if not attempt.rejection:
            for defect in attempt.defects:
                report(defect)
            yield rest
            yield np.zeros(max(0, round(pause_seconds * sample_rate) - attempt.trailing_samples), np.float32)
            return
        if not bounds.minimum:
            return  # the text has no words
        rejection = attempt.rejection
        report(f"{rejection}; " + ("giving up" if is_last else "retrying with another seed"))
    raise UnusableSoundError(f"the voice made a sound that cannot be heard: {rejection}")


def _close(chunks: Iterator[NDArray[np.float32]]) -> None:
    """Stop an engine; the iterator of a plug-in need not be a generator."""
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
