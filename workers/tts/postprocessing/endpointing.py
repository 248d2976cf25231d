"""Where a sentence begins and where it has ended, found while it is being made.

Natural quiet inside speech lasts 0.12 to 0.18 s; what a model adds after the end (a run-on: noise, breath, words of
its own) comes after 0.6 s of quiet or more. So quiet that gets longer than ``_HELD`` is held back. Sound that returns
sooner than ``_RUN_ON`` is speech, and what was held back goes out before it. Later, the sentence had ended at the
beginning of that quiet if it was long enough by then to say its text; if not, the pause is real, and is shortened.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from voicestream.workers.tts.postprocessing.frames import WINDOWS_A_SECOND

if TYPE_CHECKING:
    from voicestream.workers.text.duration_bounds import Limits
    from voicestream.workers.tts.postprocessing.frames import Window

_HELD: Final = 20
"""Windows of quiet that go out: 0.2 s."""
_RUN_ON: Final = 60
"""0.6 s."""
_LONGEST_LEAD: Final = 300
"""3 s without any sound at the beginning: there will be none."""
_PAUSE: Final = 10
"""Windows of quiet at which a sentence that is too long is ended."""
_BEFORE: Final = 5
"""Windows of quiet that are kept before a sound: a consonant may begin softly."""
_BEGINS: Final = 2
_RETURNS: Final = 3
"""Loud windows in a row that are a sound; fewer are a click."""

_SOUND: Final = 10 ** (-45 / 20)
"""Root mean square with which a sentence begins; one that never gets there is silent."""
_FLOOR: Final = 10 ** (-60 / 20)
"""What is softer is quiet, whatever came before."""
_BELOW: Final = 10 ** (-34 / 20)
"""What is softer than this share of the loudest speech (all of ``_RETURNS`` windows in a row, so that a click does not
count) is quiet: noise of the vocoder, not a consonant."""


class Cutter:
    """One sentence, window by window."""

    def __init__(self, limits: Limits) -> None:
        """``limits``: of the length of its speech."""
        self._least = limits.least * WINDOWS_A_SECOND
        self._most = limits.most * WINDOWS_A_SECOND
        self._hard = limits.hard * WINDOWS_A_SECOND
        self._held: collections.deque[Window] = collections.deque()
        self._loudest = 0.0
        self._latest: collections.deque[float] = collections.deque(maxlen=_RETURNS)
        """How loud the windows were that came last."""
        self._begun = False
        self._made = 0
        """Windows since the beginning of speech, whether they went out or not; before that, windows of the lead."""
        self._out = 0
        self._quiet = 0
        """Windows since the last sound."""
        self._loud = 0
        """Windows in a row that may be a sound after a held quiet."""
        self._shortened = False
        self.trailing = 0
        """Windows of quiet at the end of what went out."""
        self.over = False
        """The sentence has ended: what follows is not to be made."""
        self.too_long = False

    @property
    def is_short(self) -> bool:
        """Whether what went out does not say the text."""
        return self._out - self.trailing < self._least

    def feed(self, window: Window) -> list[Window | None]:
        """What goes out now; None among it: here something was left out."""
        self._made += 1
        self._latest.append(window.rms)
        if not self._begun:
            return self._lead(window)
        if self._made >= self._hard:
            self.over = self.too_long = True
            return []
        if window.rms < max(_FLOOR, self._loudest * _BELOW):
            return self._feed_quiet(window)
        if self._held:
            self._held.append(window)
            self._loud += 1
            return self._resume() if self._loud >= _RETURNS else []
        self._quiet = 0
        self._loudest = max(self._loudest, min(self._latest))
        return self._let_out([window])

    def _feed_quiet(self, window: Window) -> list[Window | None]:
        self._quiet += 1 + self._loud
        self._loud = 0
        self._judge()
        if self.over:
            return []
        if self._quiet <= _HELD:
            return self._let_out([window])
        self._hold(window)
        return []

    def _lead(self, window: Window) -> list[Window | None]:
        self._held.append(window)
        self._loud = self._loud + 1 if window.rms >= _SOUND else 0
        if self._loud >= _BEGINS:
            self._begun = True
            self._made = len(self._held)
            return self._resume()
        if len(self._held) > _BEFORE + self._loud:
            self._held.popleft()
        self.over = self._made >= _LONGEST_LEAD
        return []

    def _judge(self) -> None:
        """Whether the quiet that goes on is the end."""
        if self._out - self.trailing > self._most and self._quiet >= _PAUSE:
            self.over = self.too_long = True
        elif self._quiet >= _RUN_ON:
            self.over = not self.is_short
            self._shortened = True

    def _hold(self, window: Window) -> None:
        self._held.append(window)
        while self._shortened and len(self._held) > _BEFORE:
            self._held.popleft()

    def _resume(self) -> list[Window | None]:
        """The sound that was awaited is there."""
        held = list(self._held)
        self._held.clear()
        self._loudest = max(self._loudest, min(window.rms for window in held[-self._loud :]))
        cut: list[Window | None] = [None] if self._shortened else []
        self._quiet = self._loud = 0
        self._shortened = False
        return cut + self._let_out(held)

    def _let_out(self, windows: list[Window]) -> list[Window | None]:
        self._out += len(windows)
        self.trailing = self._quiet
        return list(windows)
