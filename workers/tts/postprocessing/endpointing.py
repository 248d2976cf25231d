"""Streaming endpointing: detection of the start and the end of speech during synthesis. Sans-I/O.

Pauses within speech last 0.12 to 0.18 s; a run-on of a model (noise, breath, invented words) comes after 0.6 s of
silence or more. So silence beyond ``_MAX_SILENCE`` is buffered. If sound returns before ``_RUN_ON``, it is speech,
and the buffered silence is output first. Otherwise the sentence ended where the silence began, if it was long enough
for its text by then; if not, the pause is real, and is shortened.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from voicestream.workers.tts.postprocessing.frames import FRAMES_PER_SECOND

if TYPE_CHECKING:
    from voicestream.workers.text.duration_bounds import DurationBounds
    from voicestream.workers.tts.postprocessing.frames import Frame

_MAX_SILENCE: Final = 20
"""Frames of silence that are output at once: 0.2 s."""
_RUN_ON: Final = 60
"""Frames of silence after which sound is a run-on: 0.6 s."""
_MAX_LEAD: Final = 300
"""Frames of leading silence after which synthesis is stopped: 3 s."""
_CUT_PAUSE: Final = 10
"""Frames of silence at which a run-on is cut."""
_ONSET_MARGIN: Final = 5
"""Frames of silence that are kept before a sound: consonants have soft onsets."""
_ONSET_FRAMES: Final = 2
_RESUME_FRAMES: Final = 3
"""Consecutive loud frames of a sound; fewer are a click."""

_SPEECH_LEVEL: Final = 10 ** (-45 / 20)
"""RMS level at which speech starts, -45 dBFS."""
_SILENCE_FLOOR: Final = 10 ** (-60 / 20)
"""RMS level of absolute silence, -60 dBFS."""
_SILENCE_RATIO: Final = 10 ** (-34 / 20)
"""RMS level of silence relative to the loudest speech, -34 dB: vocoder noise, not a consonant. The loudest speech is
measured over ``_RESUME_FRAMES`` consecutive frames, so that clicks do not count."""


class Endpointer:
    """Endpointer of one sentence, fed frame by frame."""

    def __init__(self, bounds: DurationBounds) -> None:
        """``bounds``: duration bounds of its speech."""
        self._minimum = bounds.minimum * FRAMES_PER_SECOND
        self._maximum = bounds.maximum * FRAMES_PER_SECOND
        self._cutoff = bounds.cutoff * FRAMES_PER_SECOND
        self._buffered: collections.deque[Frame] = collections.deque()
        self._loudest = 0.0
        self._levels: collections.deque[float] = collections.deque(maxlen=_RESUME_FRAMES)
        """RMS levels of the latest frames."""
        self._has_started = False
        self._count = 0
        """Frames since the start of speech, output or not; before that, frames of leading silence."""
        self._output_count = 0
        self._silent_frames = 0
        """Frames since the last sound."""
        self._loud_frames = 0
        """Consecutive frames that may be a sound after buffered silence."""
        self._is_shortened = False
        self.trailing = 0
        """Frames of silence at the end of the output."""
        self.is_over = False
        """True if the sentence has ended, so that synthesis is to be stopped."""
        self.is_too_long = False

    @property
    def is_short(self) -> bool:
        """True if the output is too short for its text."""
        return self._output_count - self.trailing < self._minimum

    def feed(self, frame: Frame) -> list[Frame | None]:
        """Process a frame; return the frames to output, None where silence was removed."""
        self._count += 1
        self._levels.append(frame.rms)
        if not self._has_started:
            return self._feed_lead(frame)
        if self._count >= self._cutoff:
            self.is_over = self.is_too_long = True
            return []
        if frame.rms < max(_SILENCE_FLOOR, self._loudest * _SILENCE_RATIO):
            return self._feed_silence(frame)
        if self._buffered:
            self._buffered.append(frame)
            self._loud_frames += 1
            return self._resume() if self._loud_frames >= _RESUME_FRAMES else []
        self._silent_frames = 0
        self._loudest = max(self._loudest, min(self._levels))
        return self._output([frame])

    def _feed_silence(self, frame: Frame) -> list[Frame | None]:
        self._silent_frames += 1 + self._loud_frames
        self._loud_frames = 0
        self._check_end()
        if self.is_over:
            return []
        if self._silent_frames <= _MAX_SILENCE:
            return self._output([frame])
        self._buffer(frame)
        return []

    def _feed_lead(self, frame: Frame) -> list[Frame | None]:
        self._buffered.append(frame)
        self._loud_frames = self._loud_frames + 1 if frame.rms >= _SPEECH_LEVEL else 0
        if self._loud_frames >= _ONSET_FRAMES:
            self._has_started = True
            self._count = len(self._buffered)
            return self._resume()
        if len(self._buffered) > _ONSET_MARGIN + self._loud_frames:
            self._buffered.popleft()
        self.is_over = self._count >= _MAX_LEAD
        return []

    def _check_end(self) -> None:
        """Decide whether the current silence is the end."""
        if self._output_count - self.trailing > self._maximum and self._silent_frames >= _CUT_PAUSE:
            self.is_over = self.is_too_long = True
        elif self._silent_frames >= _RUN_ON:
            self.is_over = not self.is_short
            self._is_shortened = True

    def _buffer(self, frame: Frame) -> None:
        self._buffered.append(frame)
        while self._is_shortened and len(self._buffered) > _ONSET_MARGIN:
            self._buffered.popleft()

    def _resume(self) -> list[Frame | None]:
        """Output the buffered frames after the return of sound."""
        buffered = list(self._buffered)
        self._buffered.clear()
        self._loudest = max(self._loudest, min(frame.rms for frame in buffered[-self._loud_frames :]))
        cut: list[Frame | None] = [None] if self._is_shortened else []
        self._silent_frames = self._loud_frames = 0
        self._is_shortened = False
        return cut + self._output(buffered)

    def _output(self, frames: list[Frame]) -> list[Frame | None]:
        self._output_count += len(frames)
        self.trailing = self._silent_frames
        return list(frames)
