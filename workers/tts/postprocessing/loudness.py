"""Automatic gain control with a peak limiter. Sans-I/O."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicestream.workers.tts.postprocessing.frames import Frame

TARGET: Final = 10 ** (-20 / 20)
"""Target RMS level of speech without pauses: -20 dBFS."""
MAX_GAIN: Final = 10 ** (9 / 20)
"""Maximum amplification and attenuation, 9 dB: more would raise noise."""
CEILING: Final = 0.98
"""Maximum output sample."""

_CONFIDENCE_FRAMES: Final = 15
"""Frames of speech after which half of the missing gain (in dB) is applied: a soft first vowel is not decisive."""
_MAX_STEP: Final = 10 ** (0.06 / 20)
"""Maximum gain change of a frame: 6 dB a second, which is not audible."""
_RELEASE: Final = 10 ** (0.4 / 20)
"""Release of the limiter in each frame after a peak."""
_AUDIBLE_LEVEL: Final = 10 ** (-50 / 20)
_PAUSE_SHARE: Final = 0.01
"""Share of the mean power below which a frame is a pause."""
_CLAMP: Final = 4.0
"""Multiple of the mean power to which a frame is clamped in the measurement, so that cracks do not count."""


class LoudnessControl:
    """Gain control of one sentence, with a lookahead of one frame, because the gain falls before a peak."""

    def __init__(self) -> None:
        self._power = 0.0
        self._count = 0
        self._gain: float | None = None
        self._start_gain = 0.0
        """Gain at the start of the pending frame."""
        self._pending: Frame | None = None

    def measure(self, frame: Frame) -> None:
        """Include a frame in the loudness measurement."""
        power = frame.rms**2
        if frame.rms > _AUDIBLE_LEVEL and power * self._count >= _PAUSE_SHARE * self._power:
            if self._count >= _CONFIDENCE_FRAMES:
                power = min(power, _CLAMP * self._power / self._count)
            self._power += power
            self._count += 1

    def feed(self, frame: Frame) -> NDArray[np.float32]:
        """Process a frame; return the previous one with its gain, nothing for the first frame."""
        target = self._target_gain()
        if self._gain is None:
            self._gain = target
        else:
            self._gain = min(max(target, self._gain / _MAX_STEP), self._gain * _MAX_STEP)
        pending = self._pending
        end = min(self._gain, _peak_gain(frame))
        if self._start_gain:
            end = min(end, self._start_gain * _RELEASE)
        self._pending = frame
        if pending is None:
            self._start_gain = end
            return np.zeros(0, np.float32)
        end = min(end, _peak_gain(pending))
        start, self._start_gain = self._start_gain, end
        # The same numbers as np.linspace, whose calls would be half of the time of all postprocessing.
        size = len(pending.samples)
        gain = _positions(size) * ((end - start) / size) + start if end != start else np.float64(start)
        return (pending.samples * gain).astype(np.float32)

    def _target_gain(self) -> float:
        if not self._count:
            return 1.0
        full_gain = TARGET / math.sqrt(self._power / self._count)
        applied = math.pow(full_gain, self._count / (self._count + _CONFIDENCE_FRAMES))
        return min(max(applied, 1 / MAX_GAIN), MAX_GAIN)

    def end(self) -> NDArray[np.float32]:
        """Return the pending frame; another sound may follow."""
        pending, self._pending = self._pending, None
        if pending is None:
            return np.zeros(0, np.float32)
        return (pending.samples * np.float64(self._start_gain)).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _positions(size: int) -> NDArray[np.float64]:
    """Return the positions in a frame; not to be changed."""
    return np.arange(size, dtype=np.float64)


def _peak_gain(frame: Frame) -> float:
    return CEILING / frame.peak if frame.peak > 0 else math.inf
