"""Keeps one sound device open while it is needed: opened again when it went away, let go of when nothing is played.

It plays from a tape. Whenever the stream was opened anew the tape is empty, and whoever owns the sentences fills it
again.
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Final

from voicestream.errors import AudioDeviceError
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.workers.player.portaudio import BLOCK_SECONDS, RateRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.workers.player.playback_queue import Tape
    from voicestream.workers.player.portaudio import Latency, PortAudio, Stream

RELEASE_SECONDS: Final = 5.0
"""Without sound for so long, the device is let go of: it can sleep, and others can have it. Opening it again takes
6 ms."""

RETRY_SECONDS: Final = 0.5
"""Between two tries to open a device that went away."""

GONE_SECONDS: Final = 8.0
"""A device that stays away so long has failed; a sound server that is restarted is back in 1 to 3 s."""

HUNG_SECONDS: Final = 3.0
"""Without a callback for so long, PortAudio hangs. The longest seen on an overloaded machine was 0.3 s."""

LATENCIES: Final[tuple[Latency, ...]] = ("low", 0.04, 0.1)
"""Of the device's buffer. The least (10 ms) is enough on most machines; where it ran empty, the next is used from then
on. Three busy processes on two cores made one gap in 8 s with the first, and none with 30 ms."""

LOG_SECONDS: Final = 10.0
"""Between two log lines about a device that runs empty."""

_log = logging.getLogger(__name__)


class Device:
    """One device and the stream on it. Nothing is opened before ``open``."""

    def __init__(
        self,
        tape: Tape,
        audio: PortAudio,
        name: str,
        hung: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make one.

        Args:
            tape: what it plays.
            audio: PortAudio.
            name: part of the device's name; empty = the default.
            hung: called when PortAudio hangs; ends the process.
            clock: seconds, monotonic.
            sleep: waits for so many seconds.
        """
        self._tape = tape
        self._audio = audio
        self._name = name
        self._hung = hung
        self._clock = clock
        self._sleep = sleep
        self._stream: Stream | None = None
        self._latency = 0
        """Which of LATENCIES is used."""
        self._opened_at = 0.0
        self._used_at = 0.0
        self._lost_at: float | None = None
        """Since when it is away, or was until a moment ago."""
        self._try_at = 0.0
        self._looked_at = 0.0
        self._watched_since = 0.0
        self._trouble_seen = 0
        self._trouble_logged_at = -math.inf

    @property
    def description(self) -> str:
        """Its name."""
        return self._stream.device if self._stream else self._name or "the default sound device"

    @property
    def latency_seconds(self) -> float | None:
        """How long a frame is in its buffer; None while it is not open."""
        return self._stream.latency_seconds if self._stream else None

    def open(self) -> None:
        """Start the stream, on an empty tape.

        Raises:
            AudioDeviceError: it cannot be opened.
        """
        tape, latency = self._tape, LATENCIES[self._latency]
        tape.reset()
        delay_frames = 0.0
        try:
            stream = self._audio.open(self._name, SAMPLE_RATE, latency, tape.read)
        except RateRefusedError as refused:
            from voicestream.workers.player.resampled import Resampled

            _log.info("device=%r rate=%d: resampling", self._name, refused.rate)
            resampled = Resampled(tape.read, refused.rate)
            delay_frames += resampled.delay_frames
            stream = self._audio.open(self._name, refused.rate, latency, resampled.read)
        # One block more than the buffer: the callback has filled it before it is played.
        delay_frames += (stream.latency_seconds + BLOCK_SECONDS) * SAMPLE_RATE
        tape.delay_frames = math.ceil(delay_frames)
        self._stream = stream
        self._trouble_seen = tape.late_calls
        self._opened_at = self._used_at = self._watched_since = self._clock()

    def use(self) -> bool:
        """There is something to play; True when it had to be opened for that, on an empty tape."""
        self._used_at = self._clock()
        if self._stream is not None or self._lost_at is not None:
            return False
        return self._opened_or_later(self._used_at)

    def look_after(self, *, wanted: bool) -> bool:
        """See how it is; True when it was opened anew, on an empty tape.

        Args:
            wanted: whether there is something to play.

        Raises:
            AudioDeviceError: it is wanted, and away for too long.
        """
        now = self._clock()
        if now - self._looked_at > HUNG_SECONDS / 2:
            # We were stopped or suspended ourselves; then nobody could call back either.
            self._watched_since = now
        self._looked_at = now
        if wanted:
            self._used_at = now
        if self._stream is None:
            return self._look_for_it(now, wanted=wanted)
        if not self._stream.is_running:
            return self._went_away(now, wanted=wanted)
        if self._lost_at is not None and now - self._opened_at > RETRY_SECONDS:
            self._lost_at = None
        if now - max(self._tape.called_at, self._watched_since) > HUNG_SECONDS:
            self._hung(f"the sound device {self._stream.device!r} has taken nothing for {HUNG_SECONDS:g} s")
        if now - self._used_at > RELEASE_SECONDS:
            _log.info("device=%r released: nothing to play", self._stream.device)
            self.close()
            return False
        return self._look_after_buffer(self._stream, now, wanted=wanted)

    def stand_still(self) -> None:
        """Have nothing more handed over, and wait until all that was handed over is heard: some milliseconds."""
        self._tape.still = True
        if self._stream is not None:
            until = self._clock() + 2 * self._tape.delay_frames / SAMPLE_RATE + 0.1
            while not self._tape.is_settled and self._stream.is_running and self._clock() < until:
                self._sleep(BLOCK_SECONDS / 2)

    def empty(self) -> bool:
        """Throw away what is in its buffer; True when it was opened anew for that, on an empty tape."""
        self.close()
        return self._opened_or_later(self._clock())

    def close(self) -> None:
        """Silent at once."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._audio.close(stream)

    def give_up(self) -> None:
        """Nobody waits for it any more."""
        self._lost_at = None

    def _look_for_it(self, now: float, *, wanted: bool) -> bool:
        if self._lost_at is None:
            return False
        if not wanted:
            self._lost_at = None
            return False
        return now >= self._try_at and self._opened_or_later(now)

    def _went_away(self, now: float, *, wanted: bool) -> bool:
        _log.warning("device=%r went away", self.description)
        self.close()
        if not wanted:
            return False
        if self._lost_at is None:
            self._lost_at = now
            return self._opened_or_later(now)
        # It was opened a moment ago: one that comes and goes is as bad as one that is away.
        self._later(now, AudioDeviceError("the sound device keeps going away"))
        return False

    def _opened_or_later(self, now: float) -> bool:
        try:
            self.open()
        except AudioDeviceError as error:
            self._later(now, error)
            return False
        return True

    def _later(self, now: float, error: AudioDeviceError) -> None:
        if self._lost_at is None:
            self._lost_at = now
        if now - self._lost_at > GONE_SECONDS:
            raise error
        _log.warning("device=%r cannot be opened now: %s", self._name, error)
        self._try_at = self._clock() + RETRY_SECONDS

    def _look_after_buffer(self, stream: Stream, now: float, *, wanted: bool) -> bool:
        trouble = stream.underflows + self._tape.late_calls
        if trouble == self._trouble_seen:
            return False
        self._trouble_seen = trouble
        is_mendable = wanted and self._latency + 1 < len(LATENCIES)
        if is_mendable or now - self._trouble_logged_at > LOG_SECONDS:
            self._trouble_logged_at = now
            _log.warning("device=%r ran_empty=%d late=%d", stream.device, stream.underflows, self._tape.late_calls)
        if not is_mendable:
            return False
        # At once: it is interrupted here anyway.
        self._latency += 1
        self.stand_still()
        return self.empty()
