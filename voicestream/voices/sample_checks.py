"""Quality checks of a voice sample: measurements, then limits. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_RATE: Final = 16_000
"""Hertz; XTTS's speaker encoder uses up to 8 kHz, and a telephone sends half of that."""

MIN_SECONDS: Final = 3.0
"""Speech; below it coqui itself warns that the voice is not matched."""

GOOD_SECONDS: Final = 6.0
"""Recommendation of XTTS's authors."""

MIN_LEVEL: Final = -45.0
"""Speech level in decibels of full scale; below it, room noise is as loud."""

GOOD_LEVEL: Final = -35.0

MAX_CLIPPED: Final = 0.01
"""Share of samples at full scale above which the voice is distorted throughout."""

WARN_CLIPPED: Final = 0.0005

MAX_SILENT: Final = 0.5
"""Share of a trimmed recording without speech."""

_FRAME_SECONDS: Final = 0.02
_BELOW_SPEECH: Final = 30.0
"""Decibels below loud speech that count as silence; the level falls further between words."""

_LOUD_SHARE: Final = 0.9
"""Quantile of frame levels that is loud speech, robust against a slammed door."""

_FLOOR: Final = -70.0
"""Decibels of full scale; below the noise of any microphone."""

_AT_FULL_SCALE: Final = 0.9985


@dataclass(frozen=True)
class Measures:
    """Measurements of one recording, or of several together."""

    speech_seconds: float
    level: float
    """RMS level of speech in decibels of full scale."""
    silent_share: float
    clipped_share: float


@dataclass(frozen=True)
class CheckResult:
    """Problems of a recording, for people."""

    refusals: tuple[str, ...]
    """Reasons to refuse it."""
    warnings: tuple[str, ...]


def is_speech(samples: NDArray[np.float32], rate: int) -> NDArray[np.bool_]:
    """Return for each frame of 20 ms whether it is speech or as loud; a rest is left out."""
    import numpy as np  # noqa: PLC0415 - only where there is sound

    length = round(_FRAME_SECONDS * rate)
    frames = samples[: len(samples) // length * length].reshape(-1, length)
    if not len(frames):
        return np.zeros(0, np.bool_)
    levels = _decibels(np.square(frames, dtype=np.float64).mean(axis=1))
    threshold = max(float(np.quantile(levels, _LOUD_SHARE)) - _BELOW_SPEECH, _FLOOR)
    return np.asarray(levels > threshold)


def speech_span(samples: NDArray[np.float32], rate: int) -> tuple[int, int]:
    """Return start and end of speech as sample indices; (0, 0) if there is none."""
    found = is_speech(samples, rate).nonzero()[0]
    length = round(_FRAME_SECONDS * rate)
    return (int(found[0]) * length, (int(found[-1]) + 1) * length) if len(found) else (0, 0)


def clipped_share(samples: NDArray[np.float32]) -> float:
    """Return the share of a raw recording's samples at full scale."""
    import numpy as np  # noqa: PLC0415

    return float(np.mean(np.abs(samples) >= _AT_FULL_SCALE)) if samples.size else 0.0


def measure(samples: NDArray[np.float32], rate: int, clipped: float) -> Measures:
    """Measure trimmed mono audio; ``clipped`` is the result of ``clipped_share``."""
    import numpy as np  # noqa: PLC0415

    speech = is_speech(samples, rate)
    length = round(_FRAME_SECONDS * rate)
    spoken = samples[: len(speech) * length].reshape(-1, length)[speech]
    level = float(_decibels(np.square(spoken, dtype=np.float64).mean())) if len(spoken) else _FLOOR
    silent = 1.0 - float(speech.mean()) if len(speech) else 1.0
    return Measures(len(spoken) * _FRAME_SECONDS, level, silent, clipped)


def judge(measures: Measures) -> CheckResult:
    """Compare measurements with the limits."""
    refusals: list[str] = []
    warnings: list[str] = []
    seconds = measures.speech_seconds
    if seconds == 0.0:
        return CheckResult(("it is silent.",), ())
    if seconds < MIN_SECONDS:
        refusals.append(f"there are only {seconds:.1f} s of speech in it; at least {MIN_SECONDS:.0f} are needed.")
    elif seconds < GOOD_SECONDS:
        warnings.append(
            f"there are only {seconds:.1f} s of speech in it; from {GOOD_SECONDS:.0f} s on the voice matches better."
        )
    level = f"its level is {-measures.level:.0f} dB below full scale"
    if measures.level < MIN_LEVEL:
        refusals.append(f"it is too quiet: {level}. Record it again, closer to the microphone.")
    elif measures.level < GOOD_LEVEL:
        warnings.append(f"it is quiet: {level}. The voice will be as noisy as the room.")
    clipped = f"{measures.clipped_share:.1%} of it is clipped"
    if measures.clipped_share > MAX_CLIPPED:
        refusals.append(f"it is distorted: {clipped}. Record it again, less loud.")
    elif measures.clipped_share > WARN_CLIPPED:
        warnings.append(f"{clipped}: it was recorded too loud.")
    if measures.silent_share > MAX_SILENT:
        warnings.append(f"{measures.silent_share:.0%} of it is silence: the voice will pause as often.")
    return CheckResult(tuple(refusals), tuple(warnings))


def _decibels(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64] | np.float64:
    """Convert power to decibels of full scale; zero becomes a level below any signal."""
    import numpy as np  # noqa: PLC0415

    return 10.0 * np.log10(np.maximum(power, 1e-12))
