"""A sentence on its way from a voice engine that may be wrong: trimmed, judged, made once more, evened out.

The same seed and chunks give the same samples, however the engine cuts its sound into chunks, so that a sentence can be
made again and continued where it broke off. docs/internals/speech.md has the table of what is done in which case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from voicestream.errors import UnusableSoundError
from voicestream.workers.tts.postprocessing.attempt import Take

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray

    from voicestream.workers.text.duration_bounds import Limits

_SEEDS: Final = 1 << 63
_OTHER: Final = 0x9E37_79B9_7F4A_7C15
"""An odd number without a pattern: the other seed of a sentence is not the first of another."""


def other_seed(seed: int) -> int:
    """The seed of the second attempt."""
    return (seed + _OTHER) % _SEEDS


def shaped(
    make: Callable[[int], Iterator[NDArray[np.float32]]],
    seed: int,
    *,
    sample_rate: int,
    limits: Limits,
    pause_seconds: float = 0.0,
    tell: Callable[[str], None],
) -> Generator[NDArray[np.float32]]:
    """The sound of a text as it is to be heard, while it is being made.

    Args:
        make: begins to make the sound with a seed; what it gives is closed when no more is wanted.
        seed: of the first attempt.
        sample_rate: of the sound, in Hertz.
        limits: how long it may be.
        pause_seconds: quiet after the last sound; what the engine made of it counts.
        tell: hears what was wrong, in words for the log.

    Yields:
        One array for each chunk of the engine, often empty, and further ones at the end. An empty one is a moment at
        which the sentence can be let go of.

    Raises:
        UnusableSoundError: there was nothing in it that could be heard, twice.
        Exception: whatever ``make`` raises.
    """
    failure = ""
    for is_last, with_seed in enumerate((seed, other_seed(seed))):
        take = Take(sample_rate, limits, is_last=bool(is_last))
        chunks = make(with_seed)
        try:
            for chunk in chunks:
                yield take.feed(chunk)
                if take.over:
                    break
        finally:
            _close(chunks)
        rest = take.end()
        if not take.failure:
            for fault in take.faults:
                tell(fault)
            yield rest
            yield np.zeros(max(0, round(pause_seconds * sample_rate) - take.trailing_samples), np.float32)
            return
        if not limits.least:
            return  # there was nothing to say
        failure = take.failure
        tell(f"{failure}; " + ("it is given up" if is_last else "it is made once more"))
    raise UnusableSoundError(f"the voice made a sound that cannot be heard: {failure}")


def _close(chunks: Iterator[NDArray[np.float32]]) -> None:
    """Have an engine make no more; those of other people may not be generators."""
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
