"""One attempt at a sentence: what of it is heard, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from voicestream.workers.tts.postprocessing.endpointing import Cutter
from voicestream.workers.tts.postprocessing.fades import Edges
from voicestream.workers.tts.postprocessing.frames import Windows
from voicestream.workers.tts.postprocessing.loudness import Leveller

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from voicestream.workers.text.duration_bounds import Limits
    from voicestream.workers.tts.postprocessing.frames import Window

FIRST: Final = 25
"""Windows that are heard whole before the first of them goes out, 0.25 s: until then another attempt can be made."""

MOST_CLIPPED: Final = 0.01
"""Share of samples at full scale; loud speech touches it with fewer, and distorted speech with many more."""


class Take:
    """An attempt, chunk by chunk."""

    def __init__(self, sample_rate: int, limits: Limits, *, is_last: bool) -> None:
        """Begin.

        Args:
            sample_rate: of what comes, in Hertz.
            limits: of the length of its speech.
            is_last: there will be no other, so what can be heard is to be heard.
        """
        self._limits = limits
        self._is_last = is_last
        self._windows = Windows(sample_rate)
        self._cutter = Cutter(limits)
        self._level = Leveller()
        self._edges = Edges(sample_rate)
        self._first: list[Window | None] = []
        """What is held back until it is known to be usable."""
        self._is_open = False
        self._clipped = 0
        self._samples = 0
        self.over = False
        """Nothing more is wanted of the engine."""
        self.failure = ""
        """Why nothing of it can be heard; empty = it can."""
        self.faults: list[str] = []
        """What was wrong with what is heard all the same."""

    def feed(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """What goes out with the next chunk, possibly nothing."""
        return self._take(self._windows.feed(chunk))

    def end(self) -> NDArray[np.float32]:
        """What goes out at the end, be it the engine's or ours."""
        out = [] if self.over else [self._take(self._windows.end())]
        if not (self._is_open or self.failure):
            self._judge_whole()
            if not self.failure:
                out.append(self._open())
        if self.failure:
            return _nothing()
        if self._is_open:
            self._find_faults()
        return np.concatenate([*out, self._edges.feed(self._level.end()), self._edges.end()])

    @property
    def trailing_samples(self) -> int:
        """Samples of quiet at the end of what went out."""
        return self._cutter.trailing * self._windows.size

    def _take(self, windows: Iterable[Window]) -> NDArray[np.float32]:
        out: list[NDArray[np.float32]] = []
        for window in windows:
            if self.over:
                break
            if not window.is_finite:
                self._break_off()
                break
            out.append(self._pass_on(self._cutter.feed(window)))
            self.over |= self._cutter.over
        return np.concatenate(out) if out else _nothing()

    def _break_off(self) -> None:
        """There are samples that are no numbers."""
        self.over = True
        if self._is_open:
            self.faults.append("it was ended at samples that are no numbers")
        else:
            self.failure = "there are samples in it that are no numbers"

    def _pass_on(self, steps: Sequence[Window | None]) -> NDArray[np.float32]:
        for step in steps:
            if step is not None:
                self._clipped += step.clipped
                self._samples += len(step.samples)
        if self._is_open:
            return self._shape(steps)
        self._first.extend(steps)
        return self._open() if len(self._first) >= FIRST else _nothing()

    def _open(self) -> NDArray[np.float32]:
        """Let out what was held back, unless it is of no use."""
        if self._is_clipped and not self._is_last:
            self.failure = "it is distorted: cut off at full scale"
            self.over = True
            return _nothing()
        self._is_open = True
        first, self._first = self._first, []
        for window in first:
            if window is not None:
                self._level.listen(window)
        return self._shape(first, heard=True)

    def _shape(self, steps: Sequence[Window | None], *, heard: bool = False) -> NDArray[np.float32]:
        out: list[NDArray[np.float32]] = []
        for step in steps:
            if step is None:
                out.extend((self._edges.feed(self._level.end()), self._edges.end()))
                continue
            if not heard:
                self._level.listen(step)
            out.append(self._edges.feed(self._level.feed(step)))
        return np.concatenate(out) if out else _nothing()

    def _judge_whole(self) -> None:
        """All of it is there, and nothing went out yet."""
        if not self._first:
            self.failure = "it is silent"
        elif self._cutter.is_short and not self._is_last:
            self.failure = "it is too short for its text"

    def _find_faults(self) -> None:
        if self._cutter.too_long:
            self.faults.append("it was too long for its text, and was ended")
        if self._cutter.is_short:
            self.faults.append("it is too short for its text")
        if self._is_clipped:
            self.faults.append("it is distorted: cut off at full scale")

    @property
    def _is_clipped(self) -> bool:
        return self._clipped > MOST_CLIPPED * self._samples


def _nothing() -> NDArray[np.float32]:
    return np.zeros(0, np.float32)
