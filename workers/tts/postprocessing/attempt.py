"""One synthesis attempt of a sentence: its postprocessed samples and its defects. Sans-I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from voicestream.workers.tts.postprocessing.endpointing import Endpointer
from voicestream.workers.tts.postprocessing.fades import Fades
from voicestream.workers.tts.postprocessing.frames import Framer
from voicestream.workers.tts.postprocessing.loudness import LoudnessControl

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from voicestream.workers.text.duration_bounds import DurationBounds
    from voicestream.workers.tts.postprocessing.frames import Frame

BUFFERED_FRAMES: Final = 25
"""Frames that are buffered before the first output, 0.25 s: until then the attempt can be rejected."""

MAX_CLIPPED: Final = 0.01
"""Maximum share of samples at full scale; loud speech has fewer, distorted speech many more."""


class Attempt:
    """Attempt that is fed chunk by chunk."""

    def __init__(self, sample_rate: int, bounds: DurationBounds, *, is_last: bool) -> None:
        """Start an attempt.

        Args:
            sample_rate: Hz.
            bounds: duration bounds of its speech.
            is_last: whether there is no retry, so that defects are tolerated.
        """
        self._bounds = bounds
        self._is_last = is_last
        self._framer = Framer(sample_rate)
        self._endpointer = Endpointer(bounds)
        self._agc = LoudnessControl()
        self._fades = Fades(sample_rate)
        self._buffered: list[Frame | None] = []
        """Frames that are buffered until the attempt is accepted."""
        self._is_accepted = False
        self._clipped = 0
        self._samples = 0
        self.is_over = False
        """True if synthesis is to be stopped."""
        self.rejection = ""
        """Reason of the rejection; empty: not rejected."""
        self.defects: list[str] = []
        """Defects of an accepted attempt."""

    def feed(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Process the next chunk; return the samples to output, possibly none."""
        return self._process(self._framer.feed(chunk))

    def end(self) -> NDArray[np.float32]:
        """Finish the attempt; return the last samples to output."""
        out = [] if self.is_over else [self._process(self._framer.end())]
        if not (self._is_accepted or self.rejection):
            self._check_complete()
            if not self.rejection:
                out.append(self._accept())
        if self.rejection:
            return _no_samples()
        if self._is_accepted:
            self._note_defects()
        return np.concatenate([*out, self._fades.feed(self._agc.end()), self._fades.end()])

    @property
    def trailing_samples(self) -> int:
        """Samples of silence at the end of the output."""
        return self._endpointer.trailing * self._framer.size

    def _process(self, frames: Iterable[Frame]) -> NDArray[np.float32]:
        out: list[NDArray[np.float32]] = []
        accepted: list[Frame | None] = []
        for frame in frames:
            if self.is_over:
                break
            if not frame.is_finite:
                self._stop_at_invalid()
                break
            found = self._endpointer.feed(frame)
            if self._is_accepted:
                accepted.extend(found)
            else:
                out.append(self._forward(found))
            self.is_over |= self._endpointer.is_over
        if accepted:
            out.append(self._forward(accepted))
        return np.concatenate(out) if out else _no_samples()

    def _stop_at_invalid(self) -> None:
        """Stop at samples that are not finite."""
        self.is_over = True
        if self._is_accepted:
            self.defects.append("it was ended at samples that are no numbers")
        else:
            self.rejection = "there are samples in it that are no numbers"

    def _forward(self, frames: Sequence[Frame | None]) -> NDArray[np.float32]:
        for frame in frames:
            if frame is not None:
                self._clipped += frame.clipped
                self._samples += len(frame.samples)
        if self._is_accepted:
            return self._adjust(frames)
        self._buffered.extend(frames)
        return self._accept() if len(self._buffered) >= BUFFERED_FRAMES else _no_samples()

    def _accept(self) -> NDArray[np.float32]:
        """Accept the attempt and output the buffered frames, unless they are distorted."""
        if self._is_clipped and not self._is_last:
            self.rejection = "it is distorted: cut off at full scale"
            self.is_over = True
            return _no_samples()
        self._is_accepted = True
        first, self._buffered = self._buffered, []
        for frame in first:
            if frame is not None:
                self._agc.measure(frame)
        return self._adjust(first, is_measured=True)

    def _adjust(self, frames: Sequence[Frame | None], *, is_measured: bool = False) -> NDArray[np.float32]:
        out: list[NDArray[np.float32]] = []
        sound: list[NDArray[np.float32]] = []
        for frame in frames:
            if frame is None:
                out.extend((self._fades.feed(np.concatenate((*sound, self._agc.end()))), self._fades.end()))
                sound = []
                continue
            if not is_measured:
                self._agc.measure(frame)
            sound.append(self._agc.feed(frame))
        if sound:
            out.append(self._fades.feed(np.concatenate(sound)))
        return np.concatenate(out) if out else _no_samples()

    def _check_complete(self) -> None:
        """Check a complete attempt before its first output."""
        if not self._buffered:
            self.rejection = "it is silent"
        elif self._endpointer.is_short and not self._is_last:
            self.rejection = "it is too short for its text"

    def _note_defects(self) -> None:
        if self._endpointer.is_too_long:
            self.defects.append("it was too long for its text, and was ended")
        if self._endpointer.is_short:
            self.defects.append("it is too short for its text")
        if self._is_clipped:
            self.defects.append("it is distorted: cut off at full scale")

    @property
    def _is_clipped(self) -> bool:
        return self._clipped > MAX_CLIPPED * self._samples


def _no_samples() -> NDArray[np.float32]:
    return np.zeros(0, np.float32)
