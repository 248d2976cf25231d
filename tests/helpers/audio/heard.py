"""What of a session's sentences a listener has heard, sample by sample.

What it is compared with is a file of the same session: the voice makes the same samples for the same sentence.
"""

from __future__ import annotations

import itertools
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from helpers.process.running import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from helpers.process.running import Voicestream

PATTERNS = (48, 12)
"""Samples by which a place in a sentence is known: 2 ms of speech, or less where there is no more before a break."""


def as_written(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples as a WAV file has them."""
    return np.rint(np.clip(samples, -1, 1).astype(np.float64) * 32767).astype(np.int16)


def sentences_of(place: Voicestream, texts: Sequence[str]) -> list[NDArray[np.int16]]:
    """The samples of each sentence, from a file of the same session."""
    run = place.run(output="reference.wav")
    run.write(b"".join(line(text) for text in texts))
    assert run.finish() == 0, run.stderr
    with wave.open(str(place.cwd / "reference.wav"), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    lengths = [event["frames"] for event in run.of("playback_finished")]
    assert sum(lengths) == len(samples)
    return np.split(samples, np.cumsum(lengths)[:-1])


def find(heard: NDArray[np.int16], sentence: NDArray[np.int16], start: int) -> int:
    """Where a sentence is heard without a gap, from sample ``start`` on; -1 if nowhere.

    Looked for by the fifty samples around its first loud one: the silence with which sentences begin is everywhere.
    """
    loud = int(np.argmax(np.abs(sentence) > 300))
    pattern = sentence[loud : loud + 50]
    windows = np.lib.stride_tricks.sliding_window_view(heard[start:], len(pattern))
    for found in np.flatnonzero((windows[:, 0] == pattern[0]) & (windows[:, -1] == pattern[-1])):
        at = start + int(found) - loud
        if at >= 0 and np.array_equal(heard[at : at + len(sentence)], sentence):
            return at
    return -1


def places_in(heard: NDArray[np.int16], sentences: list[NDArray[np.int16]]) -> list[int]:
    """Where each sentence is heard whole, one after another; -1 for one that is not."""
    places: list[int] = []
    end = 0
    for sentence in sentences:
        at = find(heard, sentence, end)
        places.append(at)
        end = end if at < 0 else at + len(sentence)
    return places


@dataclass(frozen=True)
class Passage:
    """A stretch of what was wanted that was heard without a break; it begins and ends with a sample that is not 0."""

    at: int
    """Sample of the recording at which it begins."""
    first: int
    """The wanted sample that was heard there."""
    end: int
    """The wanted sample after its last."""

    @property
    def stop(self) -> int:
        """Sample of the recording after its last."""
        return self.at + self.end - self.first


@dataclass(frozen=True)
class Break:
    """What lies between two passages."""

    at: int
    """Sample of the recording before which it begins."""
    end: int
    """The wanted sample after the last that was heard before it."""
    first: int
    """The wanted sample with which it goes on."""
    silence: int
    """Samples of silence there that nobody wanted."""
    lost: int
    """Wanted samples, other than 0, that were not heard there."""
    doubled: int
    """Samples, other than 0, that were heard before it and again after it."""


class Account:
    """Says of every sample of a recording which of the wanted ones it is."""

    def __init__(self, heard: NDArray[np.int16], wanted: NDArray[np.int16]) -> None:
        """Raises AssertionError when something was heard, other than silence, that nobody wanted."""
        self._wanted = wanted
        self.passages: list[Passage] = []
        loud = np.flatnonzero(heard)
        at = expected = 0
        while (i := int(np.searchsorted(loud, at))) < len(loud):
            at = int(loud[i])
            first = self._place_of(heard, at, expected)
            size = min(len(heard) - at, len(wanted) - first)
            differs = np.flatnonzero(heard[at : at + size] != wanted[first : first + size])
            size = int(differs[0]) if len(differs) else size
            spoken = int(np.flatnonzero(wanted[first : first + size])[-1]) + 1
            self.passages.append(Passage(at=at, first=first, end=first + spoken))
            expected = first + size
            at += size

    @property
    def breaks(self) -> list[Break]:
        """Wherever what was heard does not go on at once and with the next sample, from the first wanted to the last.

        How long it took until the first was heard does not count.
        """
        loud = np.flatnonzero(self._wanted)
        first, end = (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)
        after_all = Passage(at=self.passages[-1].stop if self.passages else 0, first=end, end=end)
        before_all = Passage(at=self.passages[0].at if self.passages else 0, first=first, end=first)
        found = [self._break(a, b) for a, b in itertools.pairwise([before_all, *self.passages, after_all])]
        return [b for b in found if b.silence or b.lost or b.doubled]

    @property
    def lost(self) -> int:
        """Samples that were never heard."""
        return sum(b.lost for b in self.breaks)

    def _break(self, before: Passage, after: Passage) -> Break:
        lost = int(np.count_nonzero(self._wanted[before.end : after.first]))
        wanted = max(0, after.first - before.end) - lost
        return Break(
            at=before.stop,
            end=before.end,
            first=after.first,
            silence=max(0, after.at - before.stop - wanted),
            lost=lost,
            doubled=int(np.count_nonzero(self._wanted[after.first : before.end])),
        )

    def _place_of(self, heard: NDArray[np.int16], at: int, expected: int) -> int:
        """Which of the wanted samples is heard there: of all that fit, the nearest to the one expected."""
        piece = heard[at : at + PATTERNS[0]]
        piece = piece[: int(np.argmax(piece == 0)) or len(piece)]
        if np.array_equal(piece, self._wanted[expected : expected + len(piece)]):
            return expected  # also a few samples before a gap, which with its silence are like the end of a word
        for size in PATTERNS:
            pattern = heard[at : at + size]
            found = np.flatnonzero(self._wanted[: len(self._wanted) - len(pattern) + 1] == pattern[0])
            for i in range(1, len(pattern)):
                found = found[self._wanted[found + i] == pattern[i]]
            if len(found):
                return int(found[np.argmin(np.abs(found - expected))])
        raise AssertionError(f"what is heard from sample {at} on is in no sentence: {heard[at : at + PATTERNS[-1]]}")
