"""Lock-free playback queue between the main thread and the callback of the sound device.

The device thread calls ``read`` about 200 times a second and must never block, so there are no locks. The main thread
only appends segments and sets flags; only the callback advances. Under the interpreter lock each of these is atomic,
and each side sees the changes of the other in order. After setting ``dropped`` of a track, call ``wait_for_callback``
before its samples may change: from then on the callback does not access them.

A frame counts as played once so many further frames were requested that it must have left the device buffer. Unlike a
clock, this is correct when the device stops. A killed player leaves a cursor in the pool that loses nothing and repeats
at most the device buffer.
"""

from __future__ import annotations

import collections
import math
import time
from typing import TYPE_CHECKING, Final

from msgspec import field

from voicestream.protocol.audio_pool import SAMPLE_BYTES, SAMPLE_RATE
from voicestream.records import FrozenRecord, Record
from voicestream.workers.player.sinks.lead_in import ASLEEP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.audio_pool import AudioPool

_SILENCE: Final = memoryview(bytes(8192 * SAMPLE_BYTES))
"""Zeros to copy; longer gaps take several copies."""


class Track(Record, eq=False):
    """Sentence in the queue; each field names the thread that writes it."""

    session: str
    sentence: int
    serial: int
    played: int
    """Frames that were certainly played (callback)."""
    delivered: int = 0
    """Frames that were delivered to the device, played or not (callback)."""
    segments: collections.deque[QueuedSegment] = field(default_factory=collections.deque["QueuedSegment"])
    """Segments that were not completely played (main thread)."""
    dropped: bool = False
    """True if the callback must not access it (main thread)."""
    started: bool = False
    """True if a frame was delivered (callback)."""
    end: int | None = None
    """Its length, once its last frame was delivered (callback)."""
    underrun_frames: int = 0
    """Frames of silence within the sentence (callback)."""
    reported_started: bool = False
    """True if its start was reported (main thread)."""
    lead_in_frames: int | None = None
    """Lead-in that its session asks for; None: that of the device (main thread)."""
    signal: memoryview = field(default_factory=lambda: memoryview(b""))
    """Bytes of the samples of the rest of a sound before its first frame (callback)."""
    reported_played: int = 0
    """Frames that were reported as played (main thread)."""


class QueuedSegment(FrozenRecord, frozen=True, eq=False):
    """Segment of a track in the queue."""

    track: Track
    frame: int
    """First frame of the segment in the sentence."""
    frames: int
    samples: memoryview
    """The bytes of ``frames`` float32 samples in the pool."""
    last: bool

    @property
    def end(self) -> int:
        """Frame of the sentence after the segment."""
        return self.frame + self.frames

    def rest_from(self, played: int) -> QueuedSegment | None:
        """Return the rest of the segment from a frame on; None if there is none."""
        skipped = min(max(0, played - self.frame), self.frames)
        if skipped == self.frames and not self.last:
            return None
        return QueuedSegment(
            track=self.track,
            frame=self.frame + skipped,
            frames=self.frames - skipped,
            samples=self.samples[skipped * SAMPLE_BYTES :],
            last=self.last,
        )


class PlaybackQueue:
    """Queue of the segments to play next."""

    def __init__(self, pool: AudioPool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = clock
        self.is_paused = False
        """True if playback is paused from the next callback on (main thread)."""
        self.is_stopped = False
        """True if playback stops at the next callback, before the device is reopened or closed (main thread)."""
        self.delay_frames = 0
        """Latency: frames after which one was certainly played (main thread, while there are no callbacks)."""
        self.lead_in_frames = 0
        """Quiet before the first sound after a silence, which wakes the device (main thread, as before)."""
        self.sounded_at = -math.inf
        """Monotonic time of the last sound (callback)."""
        self.speed = 1.0
        """Frames that are requested for each frame of the device (main thread)."""
        self.held_frames = 0
        """Upper estimate of the frames that were read and not passed to the device (callback)."""
        self.called_at = 0.0
        """Monotonic time of the last callback (callback)."""
        self.late_calls = 0
        """Callbacks within a sentence that came after the device buffer ran empty (callback)."""
        self._queue: collections.deque[QueuedSegment] = collections.deque()
        self._deliveries: collections.deque[tuple[int, Track, int]] = collections.deque()
        """Delivery marks: requested frames so far, track, delivered frames of the track."""
        self._was_paused = False
        """True if ``is_paused`` was set at the last callback, or since then."""
        self._interrupted: Track | None = None
        """Track whose next frames have not arrived yet; None between tracks."""
        self._gap = 0
        """Frames of silence since then."""
        self._lead_in_left = 0
        self._clear()

    def add(self, segment: QueuedSegment) -> None:
        """Append a segment."""
        self._queue.append(segment)

    def pause(self) -> None:
        """Pause from the next callback on; the silence does not count as an underrun."""
        self.is_paused = self._was_paused = True

    def wait_for_callback(self) -> None:
        """Wait until a running callback, which may not have seen a flag, returns: microseconds."""
        callbacks = self._callbacks
        while self._is_in_callback and self._callbacks == callbacks:
            time.sleep(0)

    def reset(self) -> None:
        """Clear the queue and the delivery marks; only while there are no callbacks.

        Within a track, the silence until its next frame counts as an underrun.
        """
        self._interrupted = self._current_track or (self._deliveries[-1][1] if self._deliveries else None)
        self._queue.clear()
        self._deliveries.clear()
        self._clear()
        self.is_stopped = False

    @property
    def is_drained(self) -> bool:
        """True if all delivered frames were played."""
        return not self._deliveries

    @property
    def _current_track(self) -> Track | None:
        """Track of the next frame; None between tracks."""
        return self._segment.track if self._segment is not None else self._interrupted

    def _clear(self) -> None:
        self._segment: QueuedSegment | None = None
        self._offset = 0
        self.requested_frames = 0
        """Frames requested so far (callback)."""
        self._callbacks = 0
        self._is_in_callback = False

    def read(self, out: memoryview) -> None:
        """Fill ``out`` (bytes of float32) with the next samples, or with silence. Runs on the device thread."""
        self._is_in_callback = True
        try:
            requested = len(out) // SAMPLE_BYTES
            self._update_time(requested)
            filled = 0 if self.is_paused or self.is_stopped else self._deliver(out, requested)
            if filled < requested:
                _fill_silence(out, filled * SAMPLE_BYTES)
                if self._current_track is not None and not self.is_paused:
                    self._gap += requested - filled
            self.requested_frames += requested
            self._update_played()
        finally:
            self._callbacks += 1
            self._is_in_callback = False

    def skip_call(self) -> None:
        """Record a callback that requests no frames, during a pause. Runs on the device thread."""
        self.called_at = self._now()
        self._was_paused = True

    def _deliver(self, out: memoryview, requested: int) -> int:
        filled = 0
        while True:
            segment = self._segment
            if segment is None:
                try:
                    segment = self._segment = self._queue.popleft()
                except IndexError:
                    return filled
                self._offset = 0
            track = segment.track
            if track.dropped:
                self._segment = None
                if self._interrupted is track:
                    self._interrupted = None
                continue
            if segment.frames > self._offset:
                filled = self._introduce(track, out, filled, requested)
            frames = min(segment.frames - self._offset, requested - filled)
            if frames:
                self._count_gap(track)
                first = self._offset * SAMPLE_BYTES
                start = filled * SAMPLE_BYTES
                size = frames * SAMPLE_BYTES
                out[start : start + size] = segment.samples[first : first + size]
                filled += frames
                self._offset += frames
                track.started = True
                track.delivered = segment.frame + self._offset
                self._deliveries.append((self.requested_frames + filled, track, segment.frame + self._offset))
            if self._offset < segment.frames:
                return filled
            self._segment = None
            self._interrupted = None if segment.last else track
            if segment.last:
                self._gap = 0
                track.end = segment.end

    def _introduce(self, track: Track, out: memoryview, filled: int, requested: int) -> int:
        """Fill with what precedes the next frames of a track and is in no position: lead-in and signal."""
        if self.called_at - self.sounded_at > ASLEEP_SECONDS:
            self._lead_in_left = self.lead_in_frames if track.lead_in_frames is None else track.lead_in_frames
        self.sounded_at = self.called_at
        quiet = min(self._lead_in_left, requested - filled)
        if quiet:
            self._lead_in_left -= quiet
            _fill_silence(out[: (filled + quiet) * SAMPLE_BYTES], filled * SAMPLE_BYTES)
            filled += quiet
        size = min(len(track.signal), (requested - filled) * SAMPLE_BYTES)
        if size:
            start = filled * SAMPLE_BYTES
            out[start : start + size] = track.signal[:size]
            track.signal = track.signal[size:]
            filled += size // SAMPLE_BYTES
        return filled

    def _count_gap(self, track: Track) -> None:
        """Count the silence before new frames as an underrun if it was within their track."""
        if self._gap and self._interrupted is track:
            track.underrun_frames += self._gap
        self._gap = 0

    def _update_played(self) -> None:
        limit = self.requested_frames - math.ceil(self.delay_frames * self.speed) - self.held_frames
        while self._deliveries and self._deliveries[0][0] <= limit:
            _, track, frame = self._deliveries.popleft()
            if not track.dropped:
                self._pool.set_cursor(track.serial, frame)
                track.played = frame

    def _update_time(self, requested: int) -> None:
        now = self._now()
        track = self._current_track
        if track is not None and track.started and not self.is_paused and not self._was_paused:
            # The device plays its buffer while there is no callback; beyond that it played silence.
            late = int((now - self.called_at) * SAMPLE_RATE) - self.delay_frames - requested
            if late > 0:
                track.underrun_frames += late
                # The first callback after a reset comes late, because the device was opened.
                self.late_calls += self.requested_frames > 0
        self.called_at = now
        self._was_paused = self.is_paused


def _fill_silence(out: memoryview, start: int) -> None:
    while start < len(out):
        size = min(len(out) - start, len(_SILENCE))
        out[start : start + size] = _SILENCE[:size]
        start += size
