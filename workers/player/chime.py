"""Chime before the first sentence of a session's turn: two short sine tones with fades. Pure."""

from __future__ import annotations

import array
import math
from functools import cache
from typing import Final

from voicestream.protocol.audio_pool import SAMPLE_RATE

TONES_HZ: Final = (660.0, 880.0)
TONE_SECONDS: Final = 0.07
FADE_SECONDS: Final = 0.015
PAUSE_SECONDS: Final = 0.12
"""Quiet between the chime and the sentence."""

LEVEL: Final = 0.1
"""Amplitude, where 1 is full scale: -20 dBFS, below speech."""


@cache
def samples() -> bytes:
    """Return the chime and the quiet after it: mono float32 at the rate of the pool."""
    frames, fade = round(TONE_SECONDS * SAMPLE_RATE), FADE_SECONDS * SAMPLE_RATE
    sound = array.array("f")
    for hertz in TONES_HZ:
        step = 2 * math.pi * hertz / SAMPLE_RATE
        sound.extend(LEVEL * min(1.0, at / fade, (frames - at) / fade) * math.sin(step * at) for at in range(frames))
    sound.extend([0.0] * round(PAUSE_SECONDS * SAMPLE_RATE))
    return sound.tobytes()
