"""What the sound device's callback plays from: stretches of the pool, in order.

The device's thread calls ``read`` some 200 times a second and must never wait, so nothing here is locked. The main
thread only appends to the queue, and sets flags; the callback alone moves along. Under the interpreter lock each of
these is one step, and each side sees the other's steps in order. Whoever flags a track as dropped calls ``settle``
before its samples may change: from then on the callback does not touch them.

A frame counts as heard once so many further frames were asked for that it must have left the device's buffer. That is
certain also when the device stands still, as a clock would not be; a player that is killed leaves a cursor in the
pool that loses nothing and repeats at most what was in that buffer.
"""

from __future__ import annotations

import collections
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from voicestream.protocol.audio_pool import SAMPLE_BYTES, SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.audio_pool import AudioPool

_SILENCE: Final = memoryview(bytes(8192 * SAMPLE_BYTES))
"""Zeros to copy from; longer gaps are filled in several steps."""


@dataclass(eq=False)
class Track:
    """One sentence on the tape. Who writes a field stands under it."""

    session: str
    sentence: int
    serial: int
    heard: int
    """Frames of the sentence that were heard for certain (callback)."""
    handed: int = 0
    """Frames of the sentence that were handed over, heard or not yet (callback)."""
    pieces: collections.deque[Piece] = field(default_factory=collections.deque["Piece"])
    """What was not wholly heard (main thread)."""
    dropped: bool = False
    """Not to be touched any more (main thread)."""
    started: bool = False
    """Whether a frame was handed over (callback)."""
    end: int | None = None
    """Its length, once its last frame was handed over (callback)."""
    missing: int = 0
    """Frames of silence inside it (callback)."""
    told_started: bool = False
    """Whether its start was reported (main thread)."""
    told_heard: int = 0
    """Up to which frame it was reported played (main thread)."""


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A stretch of a track."""

    track: Track
    frame: int
    """Frame of the sentence at which it begins."""
    frames: int
    samples: memoryview
    """The bytes of ``frames`` float32 samples in the pool."""
    last: bool

    @property
    def end(self) -> int:
        """Frame of the sentence after it."""
        return self.frame + self.frames

    def after(self, heard: int) -> Piece | None:
        """What of it is still to be played when all frames before ``heard`` were; None: nothing."""
        skip = min(max(0, heard - self.frame), self.frames)
        if skip == self.frames and not self.last:
            return None
        return Piece(
            track=self.track,
            frame=self.frame + skip,
            frames=self.frames - skip,
            samples=self.samples[skip * SAMPLE_BYTES :],
            last=self.last,
        )


class Tape:
    """The pieces to be played next."""

    def __init__(self, pool: AudioPool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = clock
        self.held = False
        """Silence from the next callback on, because somebody wants it (main thread)."""
        self.still = False
        """Silence from the next callback on, because the device is to be opened anew or closed (main thread)."""
        self.delay_frames = 0
        """After so many further frames one is heard for certain (main thread, while no callback comes)."""
        self.called_at = 0.0
        """Monotonic time of the last callback (callback)."""
        self.late_calls = 0
        """Callbacks that came after the device had run out of frames, within a sentence (callback)."""
        self._queue: collections.deque[Piece] = collections.deque()
        self._marks: collections.deque[tuple[int, Track, int]] = collections.deque()
        """Frames asked for until then, and what of which track was handed over by then."""
        self._was_held = False
        """Whether ``held`` was set at the last callback, or since then."""
        self._inside: Track | None = None
        """The track whose next frames are not there yet; None between tracks."""
        self._gap = 0
        """Frames of silence since then."""
        self._clear()

    def add(self, piece: Piece) -> None:
        """Play this after what was added before."""
        self._queue.append(piece)

    def hold(self) -> None:
        """Be silent from the next callback on: what is silent from here on is not missing."""
        self.held = self._was_held = True

    def settle(self) -> None:
        """Wait until a callback that may not have seen a flag has returned: microseconds."""
        turn = self._turns
        while self._busy and self._turns == turn:
            time.sleep(0)

    def reset(self) -> None:
        """Forget what was queued and handed over; only while no callback can come.

        In the middle of a track, the silence until its next frame comes is missing sound.
        """
        self._inside = self._under_way or (self._marks[-1][1] if self._marks else None)
        self._queue.clear()
        self._marks.clear()
        self._clear()
        self.still = False

    @property
    def is_settled(self) -> bool:
        """Whether all that was handed over was heard."""
        return not self._marks

    @property
    def _under_way(self) -> Track | None:
        """The track in which the next frame belongs; None between tracks."""
        return self._piece.track if self._piece is not None else self._inside

    def _clear(self) -> None:
        self._piece: Piece | None = None
        self._offset = 0
        self._clock = 0
        """Frames asked for so far."""
        self._turns = 0
        self._busy = False

    def read(self, out: memoryview) -> None:
        """Fill ``out`` (bytes of float32) with what comes next, or with silence. For the device's thread."""
        self._busy = True
        try:
            wanted = len(out) // SAMPLE_BYTES
            self._note_time(wanted)
            filled = 0 if self.held or self.still else self._hand_over(out, wanted)
            if filled < wanted:
                _be_silent(out, filled * SAMPLE_BYTES)
                if self._under_way is not None and not self.held:
                    self._gap += wanted - filled
            self._clock += wanted
            self._note_heard()
        finally:
            self._turns += 1
            self._busy = False

    def _hand_over(self, out: memoryview, wanted: int) -> int:
        filled = 0
        while True:
            piece = self._piece
            if piece is None:
                try:
                    piece = self._piece = self._queue.popleft()
                except IndexError:
                    return filled
                self._offset = 0
            track = piece.track
            if track.dropped:
                self._piece = None
                if self._inside is track:
                    self._inside = None
                continue
            frames = min(piece.frames - self._offset, wanted - filled)
            if frames:
                self._end_gap(track)
                first = self._offset * SAMPLE_BYTES
                place = filled * SAMPLE_BYTES
                size = frames * SAMPLE_BYTES
                out[place : place + size] = piece.samples[first : first + size]
                filled += frames
                self._offset += frames
                track.started = True
                track.handed = piece.frame + self._offset
                self._marks.append((self._clock + filled, track, piece.frame + self._offset))
            if self._offset < piece.frames:
                return filled
            self._piece = None
            self._inside = None if piece.last else track
            if piece.last:
                self._gap = 0
                track.end = piece.end

    def _end_gap(self, track: Track) -> None:
        """Frames come again: the silence before them was inside the sentence if it is still the same one."""
        if self._gap and self._inside is track:
            track.missing += self._gap
        self._gap = 0

    def _note_heard(self) -> None:
        limit = self._clock - self.delay_frames
        while self._marks and self._marks[0][0] <= limit:
            _, track, frame = self._marks.popleft()
            if not track.dropped:
                self._pool.set_cursor(track.serial, frame)
                track.heard = frame

    def _note_time(self, wanted: int) -> None:
        now = self._now()
        track = self._under_way
        if track is not None and track.started and not self.held and not self._was_held:
            # The device plays on while nobody calls: what goes beyond its buffer was silence.
            late = int((now - self.called_at) * SAMPLE_RATE) - self.delay_frames - wanted
            if late > 0:
                track.missing += late
                # The first call after a reset is the device's first: it had to be opened.
                self.late_calls += self._clock > 0
        self.called_at = now
        self._was_held = self.held


def _be_silent(out: memoryview, start: int) -> None:
    while start < len(out):
        size = min(len(out) - start, len(_SILENCE))
        out[start : start + size] = _SILENCE[:size]
        start += size
