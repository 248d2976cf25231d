"""When a sentence ends: XTTS is known to go on after its end, with noise or with words that nobody wrote. Pure.

Where a sentence ends and the stop token is not drawn, it was at least likely: some percent, while within a sentence it
is next to nothing. And what follows a missed end begins with a quiet of 0.6 s or more, where natural quiet within a
sentence takes 0.12 to 0.18 s (reports of users of XTTS v2).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestream.workers.text.duration_bounds import Limits

TOKEN_SECONDS: Final = 1024 / 22_050
"""Sound of one audio token."""

LIKELY: Final = 0.03
"""Chance of the stop token from which on a token may have been the end."""

MISSED_SECONDS: Final = 0.3
"""Quiet after such a token that says that it was."""

REST_SECONDS: Final = 0.25
"""The last sound may go on for so long after it."""

QUIET: Final = 10 ** (-35 / 20)
"""Share of the loudest window so far: what is not louder than this is quiet."""

WINDOW_SECONDS: Final = 0.02


class Ending:
    """Watches one sentence: its tokens, and then their sound."""

    def __init__(self, limits: Limits, max_tokens: int, sample_rate: int, speed: float) -> None:
        """Begin.

        Args:
            limits: of the sound at natural speed.
            max_tokens: more the model cannot make.
            sample_rate: of the sound, in Hertz.
            speed: how it is stretched; 2.0 = to half.
        """
        self.least_tokens = min(math.floor(limits.least / TOKEN_SECONDS), max_tokens)
        """Before so many the sentence does not end."""
        self.most_tokens = max(1, min(math.ceil(limits.hard / TOKEN_SECONDS), max_tokens))
        """After so many it does."""
        self._samples_per_token = TOKEN_SECONDS * sample_rate / speed
        self._rest = REST_SECONDS * sample_rate
        self._missed = MISSED_SECONDS * sample_rate
        self._window = round(WINDOW_SECONDS * sample_rate)
        self._rest_of_window = np.zeros(0, dtype=np.float32)
        self._heard = 0
        """Samples, whole windows only."""
        self._loudest = 0.0
        self._quiet_since: int | None = None
        self._ends: list[float] = []
        """Samples after which the sentence may have ended, ascending."""

    def chance(self, token: int, stop_chance: float) -> None:
        """How likely the stop token was instead of the token of this number, from 0."""
        if stop_chance >= LIKELY and token >= self.least_tokens:
            self._ends.append(token * self._samples_per_token)

    def hear(self, samples: NDArray[np.float32]) -> bool:
        """Take the next samples; returns whether the sentence has ended before them."""
        signal = np.concatenate([self._rest_of_window, samples])
        whole = len(signal) - len(signal) % self._window
        self._rest_of_window = signal[whole:]
        for window in signal[:whole].reshape(-1, self._window):
            level = math.sqrt(float(np.mean(np.square(window))))
            self._loudest = max(self._loudest, level)
            if level > QUIET * self._loudest:
                self._quiet_since = None
            elif self._quiet_since is None:
                self._quiet_since = self._heard
            self._heard += self._window
            if self._has_ended():
                return True
        return False

    def _has_ended(self) -> bool:
        since = self._quiet_since
        if since is None or self._heard - since < self._missed:
            return False
        # The quiet began shortly after a likely end, or such an end lies in it.
        return any(since - self._rest <= end <= self._heard - self._missed for end in self._ends)
