"""Cleaning of recordings into one voice sample: mono, trimmed, resampled, several files joined."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.errors import UsageError
from voicestream.voices import sample, sample_checks, sound_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from voicestream.voices.sample import Sample
    from voicestream.voices.sample_checks import Measures

MAX_SECONDS: Final = 30.0
"""XTTS uses no more."""

_GAP_SECONDS: Final = 0.15
"""Gap between two files, as between two words."""

_FADE_SECONDS: Final = 0.005

_AGAIN: Final = "Record 6 to 30 seconds of one person who speaks, in a quiet room."


@dataclass(frozen=True)
class Cleaned:
    """A voice sample, and warnings about it."""

    sample: Sample
    warnings: tuple[str, ...]


def clean(files: Sequence[Path]) -> Cleaned:
    """Return the voice sample of one or several files.

    Raises:
        UsageError: a file cannot be read, or is unusable as a voice; the message gives the reason.
        ConfigurationError: the package that reads audio is missing.
    """
    import numpy as np  # noqa: PLC0415 - only where there is sound

    what = str(files[0]) if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    pieces: list[NDArray[np.float32]] = []
    clipped: list[tuple[float, int]] = []
    for file in files:
        recorded, rate = sound_file.read(file)
        if rate < sample_checks.MIN_RATE:
            raise UsageError(
                f"{file} cannot be a voice: it was recorded at {rate} Hz, and {sample_checks.MIN_RATE} are needed.",
                hint=_AGAIN,
            )
        if not np.isfinite(recorded).all():
            raise UsageError(f"{file} cannot be a voice: it is damaged, some of its samples are not numbers.")
        clipped.append((sample_checks.clipped_share(recorded), len(recorded)))
        pieces.append(_alone(_resampled(recorded.mean(axis=1, dtype=np.float32), rate)))
    whole = _joined(pieces)
    warnings: list[str] = []
    if len(whole) > MAX_SECONDS * sample.SAMPLE_RATE:
        warnings.append(f"only the first {MAX_SECONDS:.0f} s are used.")
        whole = _faded(whole[: round(MAX_SECONDS * sample.SAMPLE_RATE)])
    result = sample_checks.judge(_measured(whole, clipped))
    if result.refusals:
        raise UsageError(f"{what} cannot be a voice: {' Also, '.join(result.refusals)}", hint=_AGAIN)
    return Cleaned(sample.make(whole), (*result.warnings, *warnings))


def read(path: Path | str) -> Sample:
    """Read a voice sample: a stored one unchanged, any other recording cleaned.

    Raises:
        UsageError: it cannot be read, or is not a voice sample.
        ConfigurationError: the package that reads audio is missing.
    """
    file = Path(path)
    return sample.read(file) or clean([file]).sample


def _measured(whole: NDArray[np.float32], clipped: Sequence[tuple[float, int]]) -> Measures:
    total = sum(frames for _, frames in clipped)
    share = sum(share * frames for share, frames in clipped) / total if total else 0.0
    return sample_checks.measure(whole, sample.SAMPLE_RATE, share)


def _resampled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    if rate == sample.SAMPLE_RATE:
        return samples
    import soxr  # noqa: PLC0415

    return soxr.resample(samples, rate, sample.SAMPLE_RATE, quality="VHQ")


def _alone(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Trim silence before and after speech."""
    begin, end = sample_checks.speech_span(samples, sample.SAMPLE_RATE)
    return _faded(samples[begin:end])


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fade in and out, so that the edges do not click."""
    import numpy as np  # noqa: PLC0415

    count = min(round(_FADE_SECONDS * sample.SAMPLE_RATE), len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, count, dtype=np.float32)
    faded = samples.copy()
    faded[:count] *= ramp
    faded[len(faded) - count :] *= ramp[::-1]
    return faded


def _joined(pieces: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    import numpy as np  # noqa: PLC0415

    gap = np.zeros(round(_GAP_SECONDS * sample.SAMPLE_RATE), np.float32)
    with_gaps: list[NDArray[np.float32]] = []
    for piece in pieces:
        with_gaps += [gap, piece] if with_gaps else [piece]
    return np.concatenate(with_gaps)
