"""Lifecycle of one sound device: reopened after it disappears, released when idle, with an adaptive buffer size.

It plays from the reader of a playback queue. Whenever the stream is reopened, the queue is empty, and its owner
refills it.
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Final

from voicestream.errors import AudioDeviceError
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.workers.player.portaudio import BLOCK_SECONDS, RateRejectedError
from voicestream.workers.player.sinks import lead_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.workers.player.adjusted_reader import AdjustedReader
    from voicestream.workers.player.portaudio import Latency, PortAudio, PortAudioStream

RELEASE_SECONDS: Final = 5.0
"""Idle time after which the device is released for others; reopening it takes 6 ms."""

RETRY_SECONDS: Final = 0.5
"""Interval of the attempts to reopen a device that disappeared."""

LOST_SECONDS: Final = 8.0
"""Time after which a device that disappeared has failed; a sound server restarts in 1 to 3 s."""

HUNG_SECONDS: Final = 3.0
"""Time without a callback after which PortAudio hangs; the maximum on an overloaded machine was 0.3 s."""

STALLED_POLLS: Final = 200
"""Polls of half a block without a requested frame after which a device has stalled: 0.5 s. A clock would also count the
time in which the whole process gets no processor."""

LATENCIES: Final[tuple[Latency, ...]] = ("low", 0.04, 0.1)
"""Sizes of the device buffer, in seconds. The lowest (10 ms) is enough on most machines; after an underflow the next
one is used. Three busy processes on two cores caused one gap in 8 s with 10 ms, and none with 30 ms."""

LATE_SECONDS: Final = 0.0025
"""Time that a busy sound server may play later than PortAudio states: 0.3 ms were measured. They would be lost with the
player."""

LOG_SECONDS: Final = 10.0
"""Minimum interval of log lines about underflows."""

_log = logging.getLogger(__name__)


class SoundDevice:
    """Sound device with its stream, closed until ``open``."""

    def __init__(
        self,
        reader: AdjustedReader,
        audio: PortAudio,
        name: str,
        hung: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare a device.

        Args:
            reader: of the playback queue.
            audio: PortAudio.
            name: number, or name or a part of it, of a device; empty: the default device.
            hung: called when PortAudio hangs; exits the process.
            clock: monotonic seconds.
            sleep: sleeps for so many seconds.
        """
        self._reader = reader
        self._queue = reader.queue
        self._audio = audio
        self._name = name
        self._hung = hung
        self._clock = clock
        self._sleep = sleep
        self._stream: PortAudioStream | None = None
        self._latency = 0
        """Index of the current entry of LATENCIES."""
        self._opened_at = 0.0
        self._used_at = 0.0
        self._lost_at: float | None = None
        """Time at which it disappeared; kept for a while after it is back."""
        self._retry_at = 0.0
        self._checked_at = 0.0
        self._watched_since = 0.0
        self._underflows_seen = 0
        self._underflow_logged_at = -math.inf

    @property
    def description(self) -> str:
        """Name of the device."""
        return self._stream.device if self._stream else self._name or "the default sound device"

    @property
    def latency_seconds(self) -> float | None:
        """Latency of the device buffer; None while it is closed."""
        return self._stream.latency_seconds if self._stream else None

    def open(self) -> None:
        """Start the stream with an empty queue.

        Raises:
            AudioDeviceError: the device cannot be opened.
        """
        queue, latency = self._queue, LATENCIES[self._latency]
        self._reader.reset()
        delay_frames = 0.0
        try:
            stream = self._audio.open(self._name, SAMPLE_RATE, latency, self._reader.read)
        except RateRejectedError as rejected:
            from voicestream.workers.player.resampled import ResamplingReader

            _log.info("device=%r rate=%d: resampling", self._name, rejected.rate)
            resampled = ResamplingReader(self._reader.read, rejected.rate)
            delay_frames += resampled.delay_frames
            stream = self._audio.open(self._name, rejected.rate, latency, resampled.read)
        if self._name.strip().isdecimal():
            # The number may be that of another device when this one is opened again.
            self._name = stream.name
        queue.lead_in_frames = round(lead_in.seconds_for(stream.sink, stream.device) * SAMPLE_RATE)
        # One block more than the buffer: the callback fills it before it is played.
        delay_frames += (stream.latency_seconds + BLOCK_SECONDS + LATE_SECONDS) * SAMPLE_RATE
        queue.delay_frames = math.ceil(delay_frames)
        self._stream = stream
        self._underflows_seen = queue.late_calls
        self._opened_at = self._used_at = self._watched_since = self._clock()

    def ensure_open(self) -> bool:
        """Open the device for playback if necessary; True if it was opened, with an empty queue."""
        self._used_at = self._clock()
        if self._stream is not None or self._lost_at is not None:
            return False
        return self._try_open(self._used_at)

    def maintain(self, *, wanted: bool) -> bool:
        """Check the device; True if it was reopened, with an empty queue.

        Args:
            wanted: whether there is something to play.

        Raises:
            AudioDeviceError: it is needed and has been missing for too long.
        """
        now = self._clock()
        if now - self._checked_at > HUNG_SECONDS / 2:
            # This process was stopped or suspended, so there were no callbacks either.
            self._watched_since = now
        self._checked_at = now
        if wanted:
            self._used_at = now
        if self._stream is None:
            return self._retry_open(now, wanted=wanted)
        if not self._stream.is_running:
            return self._handle_loss(now, wanted=wanted)
        if self._lost_at is not None and now - self._opened_at > RETRY_SECONDS:
            self._lost_at = None
        if now - max(self._queue.called_at, self._watched_since) > HUNG_SECONDS:
            self._hung(f"the sound device {self._stream.device!r} has taken nothing for {HUNG_SECONDS:g} s")
        if now - self._used_at > RELEASE_SECONDS:
            _log.info("device=%r released: nothing to play", self._stream.device)
            self.close()
            return False
        return self._adapt_buffer(self._stream, now, wanted=wanted)

    def drain(self) -> None:
        """Deliver no more frames, wait until the delivered ones were played, some milliseconds, and close the device.

        The next player continues at the reported frame, so the wait lasts as long as the device takes frames, however
        late it is on a busy machine. It ends when the device takes none within ``STALLED_POLLS``. Closing plays the
        buffer out: it may be longer than the latency that PortAudio states.
        """
        queue = self._queue
        queue.is_stopped = True
        requested, polls = queue.requested_frames, 0
        while self._stream is not None and self._stream.is_running and not queue.is_drained:
            self._sleep(BLOCK_SECONDS / 2)
            polls = 0 if queue.requested_frames != requested else polls + 1
            requested = queue.requested_frames
            if polls >= STALLED_POLLS:
                _log.warning("device=%r stalled: the last frames may be repeated", self._stream.device)
                return
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._audio.close(stream, plays_out=True)

    def flush(self) -> bool:
        """Flush the device buffer by reopening; True if it is open again, with an empty queue."""
        self.close()
        return self._try_open(self._clock())

    def close(self) -> None:
        """Stop playback at once, and close the device."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._audio.close(stream)

    def stop_retrying(self) -> None:
        """Stop waiting for a device that disappeared."""
        self._lost_at = None

    def _retry_open(self, now: float, *, wanted: bool) -> bool:
        if self._lost_at is None:
            return False
        if not wanted:
            self._lost_at = None
            return False
        return now >= self._retry_at and self._try_open(now)

    def _handle_loss(self, now: float, *, wanted: bool) -> bool:
        _log.warning("device=%r disappeared", self.description)
        self._queue.sounded_at = -math.inf  # another one may be asleep
        self.close()
        if not wanted:
            return False
        if self._lost_at is None:
            self._lost_at = now
            return self._try_open(now)
        # It was reopened a moment ago: a flapping device counts as missing.
        self._schedule_retry(now, AudioDeviceError("the sound device keeps going away"))
        return False

    def _try_open(self, now: float) -> bool:
        try:
            self.open()
        except AudioDeviceError as error:
            self._schedule_retry(now, error)
            return False
        return True

    def _schedule_retry(self, now: float, error: AudioDeviceError) -> None:
        if self._lost_at is None:
            self._lost_at = now
        if now - self._lost_at > LOST_SECONDS:
            raise error
        _log.warning("device=%r cannot be opened, retrying: %s", self._name, error)
        self._retry_at = self._clock() + RETRY_SECONDS

    def _adapt_buffer(self, stream: PortAudioStream, now: float, *, wanted: bool) -> bool:
        underflow_count = stream.underflows + self._queue.late_calls
        if underflow_count == self._underflows_seen:
            return False
        self._underflows_seen = underflow_count
        can_increase = wanted and self._latency + 1 < len(LATENCIES)
        if can_increase or now - self._underflow_logged_at > LOG_SECONDS:
            self._underflow_logged_at = now
            _log.warning("device=%r ran_empty=%d late=%d", stream.device, stream.underflows, self._queue.late_calls)
        if not can_increase:
            return False
        # Playback is interrupted by the underflow anyway.
        self._latency += 1
        self.drain()
        return self.flush()
