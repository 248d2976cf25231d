"""Evens out how loud voices are, and sees to it that nothing is cut off at full scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestream.workers.tts.postprocessing.frames import Window

TARGET: Final = 10 ** (-20 / 20)
"""Root mean square of the speech, its pauses not counted: -20 dB below full scale."""
MOST_GAIN: Final = 10 ** (9 / 20)
"""A voice is made louder by at most 9 dB, and softer by as much: beyond that, noise would come up."""
CEILING: Final = 0.98
"""No sample gets larger."""

_DOUBT: Final = 15
"""After so many windows of speech half of what seems to be missing is added: a soft first vowel does not decide."""
_STEP: Final = 10 ** (0.06 / 20)
"""The gain moves by at most so much a window: 6 dB a second, which is not heard as a movement."""
_RISE: Final = 10 ** (0.4 / 20)
"""After a peak that had to be made smaller, it comes back by so much a window."""
_AUDIBLE: Final = 10 ** (-50 / 20)
_ACTIVE: Final = 0.01
"""A window with less than this share of the mean power is a pause,"""
_LOUDEST: Final = 4.0
"""and one with more than so many times the mean power counts as if it had this much: a crack is not the voice."""


class Leveller:
    """One sentence; gives each window out when the next is known, because the gain falls before a peak."""

    def __init__(self) -> None:
        self._power = 0.0
        self._count = 0
        self._gain: float | None = None
        self._left = 0.0
        """Gain at the left edge of the window that waits."""
        self._waiting: Window | None = None

    def listen(self, window: Window) -> None:
        """Take a window into account."""
        power = window.rms**2
        if window.rms > _AUDIBLE and power * self._count >= _ACTIVE * self._power:
            if self._count >= _DOUBT:
                power = min(power, _LOUDEST * self._power / self._count)
            self._power += power
            self._count += 1

    def feed(self, window: Window) -> NDArray[np.float32]:
        """The window before, as it is to be heard; nothing before the second."""
        wanted = self._wanted()
        if self._gain is None:
            self._gain = wanted
        else:
            self._gain = min(max(wanted, self._gain / _STEP), self._gain * _STEP)
        waiting = self._waiting
        right = min(self._gain, _limit(window))
        if self._left:
            right = min(right, self._left * _RISE)
        self._waiting = window
        if waiting is None:
            self._left = right
            return np.zeros(0, np.float32)
        right = min(right, _limit(waiting))
        left, self._left = self._left, right
        ramp = np.linspace(left, right, len(waiting.samples), endpoint=False)
        return (waiting.samples * ramp).astype(np.float32)

    def _wanted(self) -> float:
        if not self._count:
            return 1.0
        missing = TARGET / math.sqrt(self._power / self._count)
        sure = math.pow(missing, self._count / (self._count + _DOUBT))
        return min(max(sure, 1 / MOST_GAIN), MOST_GAIN)

    def end(self) -> NDArray[np.float32]:
        """The window that waits; another sound may follow."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return np.zeros(0, np.float32)
        return (waiting.samples * np.float64(self._left)).astype(np.float32)


def _limit(window: Window) -> float:
    return CEILING / window.peak if window.peak > 0 else math.inf
