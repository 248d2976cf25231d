"""Detection of missed sentence ends: XTTS sometimes continues with noise or invented words. Sans-I/O.

At a missed end, the probability of the stop token is some percent; within a sentence it is close to zero. The sound
after a missed end begins with a silence of 0.6 s or more; pauses within a sentence take 0.12 to 0.18 s (reports of
users of XTTS v2).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestream.workers.text.duration_bounds import DurationBounds

TOKEN_SECONDS: Final = 1024 / 22_050
"""Duration of one audio token."""

STOP_PROBABILITY: Final = 0.03
"""Probability of the stop token from which a token may be a missed end."""

SILENCE_SECONDS: Final = 0.3
"""Silence after such a token that confirms the end."""

TAIL_SECONDS: Final = 0.25
"""Longest sound between such a token and the silence."""

SILENCE_RATIO: Final = 10 ** (-35 / 20)
"""RMS level, relative to the loudest frame so far, up to which a frame is silent."""

FRAME_SECONDS: Final = 0.02


class EndDetector:
    """End detector of one sentence, from its stop probabilities and its sound."""

    def __init__(self, bounds: DurationBounds, max_tokens: int, sample_rate: int, speed: float) -> None:
        """Start a sentence.

        Args:
            bounds: duration bounds at natural speed.
            max_tokens: limit of the model.
            sample_rate: of the sound, Hz.
            speed: 2.0: half the duration.
        """
        self.min_tokens = min(math.floor(bounds.minimum / TOKEN_SECONDS), max_tokens)
        """Tokens before which the stop token is not sampled."""
        self.token_limit = max(1, min(math.ceil(bounds.cutoff / TOKEN_SECONDS), max_tokens))
        """Tokens after which the sentence is cut."""
        self._samples_per_token = TOKEN_SECONDS * sample_rate / speed
        self._tail = TAIL_SECONDS * sample_rate
        self._silence = SILENCE_SECONDS * sample_rate
        self._frame_size = round(FRAME_SECONDS * sample_rate)
        self._remainder = np.zeros(0, dtype=np.float32)
        self._position = 0
        """Samples in complete frames."""
        self._loudest = 0.0
        self._silent_since: int | None = None
        self._ends: list[float] = []
        """Samples after which the sentence may have ended, ascending."""

    def record_stop_probability(self, token: int, stop_probability: float) -> None:
        """Record the probability of the stop token at the token with this index, from 0."""
        if stop_probability >= STOP_PROBABILITY and token >= self.min_tokens:
            self._ends.append(token * self._samples_per_token)

    def feed(self, samples: NDArray[np.float32]) -> bool:
        """Process the next samples; return whether the sentence ended before them."""
        signal = np.concatenate([self._remainder, samples])
        whole = len(signal) - len(signal) % self._frame_size
        self._remainder = signal[whole:]
        frames = signal[:whole].reshape(-1, self._frame_size)
        for rms in map(math.sqrt, np.mean(np.square(frames), axis=1).tolist()):
            self._loudest = max(self._loudest, rms)
            if rms > SILENCE_RATIO * self._loudest:
                self._silent_since = None
            elif self._silent_since is None:
                self._silent_since = self._position
            self._position += self._frame_size
            if self._has_ended():
                return True
        return False

    def _has_ended(self) -> bool:
        since = self._silent_since
        if since is None or self._position - since < self._silence:
            return False
        # The silence began shortly after a possible end, or contains one.
        return any(since - self._tail <= end <= self._position - self._silence for end in self._ends)
