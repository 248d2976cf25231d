"""The output that is heard: one long-lived stream on one device, for all sessions that use it.

The stream runs on zeros between sentences (ending it would cut the tail and cost the next start), is let go of when
nothing was heard for a while, and is opened again when its device went away, at the frame that was heard last.
"""

from __future__ import annotations

import collections
import logging
import math
import time
from typing import TYPE_CHECKING, Final

from voicestream.audio_pool import SAMPLE_RATE
from voicestream.errors import AudioDeviceError
from voicestream.messages import AudioPlayed, OutputFailed, PlaybackFinished, PlaybackStarted, Underrun
from voicestream.workers.player.portaudio import BLOCK_SECONDS, RateRefusedError
from voicestream.workers.player.tape import Piece, Tape, Track

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.audio_pool import AudioPool
    from voicestream.messages import FromWorker, Play
    from voicestream.workers.player.portaudio import PortAudio, Stream

WATCH_SECONDS: Final = 0.005
"""Between two looks while a sentence is heard: what was heard is reported that much later at most."""

RARE_SECONDS: Final = 0.25
"""Between two looks at a stream that plays nothing."""

RELEASE_SECONDS: Final = 5.0
"""Without sound for so long, the device is let go of: it can sleep, and others can have it. Opening it again takes 6
ms."""

RETRY_SECONDS: Final = 0.5
"""Between two tries to open a device that went away."""

GONE_SECONDS: Final = 8.0
"""A device that stays away so long has failed; a sound server that is restarted is back in 1 to 3 s."""

HUNG_SECONDS: Final = 3.0
"""Without a callback for so long, PortAudio hangs. The longest seen on an overloaded machine was 0.1 s."""

SILENT_WITHIN_SECONDS: Final = 0.020
"""A device with more than that in its buffer is emptied by force when it is to be silent at once."""

FLAGS_LOG_SECONDS: Final = 10.0
"""Between two log lines about a device that runs empty."""

_log = logging.getLogger(__name__)


class Speakers:
    """One device."""

    def __init__(
        self,
        pool: AudioPool,
        audio: PortAudio,
        device: str,
        hung: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is opened before ``open``.

        Args:
            pool: where the samples are.
            audio: PortAudio.
            device: part of the device's name; empty = the default.
            hung: called when PortAudio hangs; ends the process.
            clock: seconds, monotonic.
        """
        self._pool = pool
        self._audio = audio
        self._device = device
        self._hung = hung
        self._clock = clock
        self._tape = Tape(pool)
        self._stream: Stream | None = None
        self._tracks: collections.deque[Track] = collections.deque()
        self._sessions: set[str] = set()
        self._news: list[FromWorker] = []
        self._opened_at = 0.0
        self._lost_at: float | None = None
        """Since when the device is away, or was until a moment ago."""
        self._try_at = 0.0
        self._busy_at = 0.0
        self._looked_at = 0.0
        self._watched_since = 0.0
        self._flags_logged = 0
        self._flags_logged_at = -math.inf

    @property
    def description(self) -> str:
        """The device's name."""
        return self._stream.device if self._stream else self._device or "the default sound device"

    def add_session(self, session: str) -> None:
        """A session uses this device from now on.

        Raises:
            AudioDeviceError: it cannot be opened.
        """
        if self._stream is None:
            self._open()
        self._sessions.add(session)

    def leave(self, session: str) -> None:
        """A session has ended; the device is let go of after a while, for the next may come soon."""
        self._sessions.discard(session)

    @property
    def _is_wanted(self) -> bool:
        """Whether there is something to be heard now."""
        return bool(self._tracks) and not self._tape.held

    def play(self, stretch: Play) -> None:
        """Queue a stretch."""
        track = self._tracks[-1] if self._tracks else None
        if track is None or (track.session, track.sentence) != (stretch.session, stretch.sentence):
            track = Track(
                session=stretch.session,
                sentence=stretch.sentence,
                serial=stretch.serial,
                heard=stretch.frame,
                told_heard=stretch.frame,
            )
            self._tracks.append(track)
        samples = self._pool.frames(stretch.slot, stretch.start, stretch.frames)
        piece = Piece(track=track, frame=stretch.frame, frames=stretch.frames, samples=samples, last=stretch.last)
        track.pieces.append(piece)
        self._busy_at = self._clock()
        if self._stream is not None:
            self._tape.add(piece)
        elif self._lost_at is None and not self._tape.held:
            self._open_again(self._busy_at)

    def poll(self) -> list[FromWorker]:
        """What was heard, and look after the stream."""
        now = self._clock()
        self._look_after_stream(now)
        while self._tracks:
            track = self._tracks[0]
            end = track.end
            self._tell_progress(track)
            if end is None or track.heard < end:
                break
            self._tracks.popleft()
            _release(track)
            self._tell_underrun(track)
            self._news.append(PlaybackFinished(session=track.session, sentence=track.sentence, frames=end))
            self._busy_at = now
        news, self._news = self._news, []
        return news

    def wait_seconds(self) -> float | None:
        """Often while something is heard."""
        if self._is_wanted and self._stream is not None:
            return WATCH_SECONDS
        return RARE_SECONDS if self._is_wanted or self._stream is not None else None

    def hold(self) -> None:
        """Zeros from the next block on."""
        self._tape.held = True

    def go_on(self) -> None:
        """The frames go on."""
        self._tape.held = False
        if self._is_wanted and self._stream is None and self._lost_at is None:
            self._open_again(self._clock())

    def drop(self, session: str, sentence: int | None) -> None:
        """Be silent about these: what is in the device's buffer is still heard if that is short, else thrown away."""
        dropped = [t for t in self._tracks if t.session == session and sentence in (None, t.sentence)]
        if not dropped:
            return
        for track in dropped:
            track.dropped = True
        self._tape.settle()
        for track in dropped:
            self._tracks.remove(track)
            _release(track)
        was_heard = any(track.started for track in dropped)
        if was_heard and self._stream is not None and self._stream.latency_seconds > SILENT_WITHIN_SECONDS:
            self._let_go_of_stream()
            self._open_again(self._clock())

    def drain(self) -> None:
        """Hand over nothing more, wait until what was handed over is heard, and say up to which frame that is."""
        self._tape.held = True
        if self._stream is not None:
            until = self._clock() + 2 * self._tape.delay_frames / SAMPLE_RATE + 0.1
            while not self._tape.is_settled and self._stream.is_running and self._clock() < until:
                time.sleep(BLOCK_SECONDS / 2)
        for track in self._tracks:
            self._tell_underrun(track)
            if track.heard > track.told_heard:
                self._tell_played(track, track.heard)

    def close(self) -> None:
        """Silent at once."""
        self._let_go_of_stream()
        for track in self._tracks:
            track.dropped = True
            _release(track)
        self._tracks.clear()

    def _look_after_stream(self, now: float) -> None:
        # We may have been stopped or suspended ourselves; then nobody could call back either.
        if now - self._looked_at > HUNG_SECONDS / 2:
            self._watched_since = now
        self._looked_at = now
        if self._stream is None:
            if self._lost_at is not None and now >= self._try_at:
                self._open_again(now)
            return
        if not self._stream.is_running:
            _log.warning("device=%r went away", self._stream.device)
            self._let_go_of_stream()
            if self._lost_at is not None:
                # It was opened a moment ago: one that comes and goes is as bad as one that is away.
                self._try_later(now, AudioDeviceError("the sound device keeps going away"))
            else:
                self._lost_at = now
                self._open_again(now)
            return
        if self._lost_at is not None and now - self._opened_at > RETRY_SECONDS:
            self._lost_at = None
        if now - max(self._tape.called_at, self._watched_since) > HUNG_SECONDS:
            self._hung(f"the sound device {self._stream.device!r} has taken nothing for {HUNG_SECONDS:g} s")
        self._log_flags(self._stream, now)
        if not self._is_wanted and now - self._busy_at > RELEASE_SECONDS:
            _log.info("device=%r released: nothing to play", self._stream.device)
            self._let_go_of_stream()

    def _open(self) -> None:
        """Start the stream, on an empty tape."""
        tape = self._tape
        tape.reset()
        delay_frames = 0.0
        try:
            stream = self._audio.open(self._device, SAMPLE_RATE, tape.read)
        except RateRefusedError as refused:
            from voicestream.workers.player.resampled import Resampled

            _log.info("device=%r rate=%d: resampling", self._device, refused.rate)
            resampled = Resampled(tape.read, refused.rate)
            delay_frames += resampled.delay_frames
            stream = self._audio.open(self._device, refused.rate, resampled.read)
        # One block more than the buffer: the callback has filled it before it is played.
        delay_frames += (stream.latency_seconds + BLOCK_SECONDS) * SAMPLE_RATE
        tape.delay_frames = math.ceil(delay_frames)
        self._stream = stream
        self._opened_at = self._busy_at = self._watched_since = self._clock()

    def _open_again(self, now: float) -> None:
        """Open the device and put on the tape what was not heard yet; if it cannot be opened now, later."""
        if not self._is_wanted:
            self._lost_at = None
            return
        try:
            self._open()
        except AudioDeviceError as error:
            self._try_later(now, error)
            return
        for track in self._tracks:
            track.end = None
            for piece in track.pieces:
                rest = piece.after(track.heard)
                if rest is not None:
                    self._tape.add(rest)

    def _try_later(self, now: float, error: AudioDeviceError) -> None:
        if self._lost_at is None:
            self._lost_at = now
        _log.warning("device=%r cannot be opened now: %s", self._device, error)
        self._try_at = self._clock() + RETRY_SECONDS
        if now - self._lost_at > GONE_SECONDS:
            self._fail(error)

    def _fail(self, error: AudioDeviceError) -> None:
        """Give up: every session hears of it."""
        self._lost_at = None
        for session in sorted(self._sessions):
            self.drop(session, None)
            failed = OutputFailed(session=session, reason=error.for_people(), exit_code=error.exit_code)
            self._news.append(failed)
        self._sessions.clear()

    def _let_go_of_stream(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._audio.close(stream)

    def _tell_progress(self, track: Track) -> None:
        if track.started and not track.told_started:
            track.told_started = True
            self._news.append(PlaybackStarted(session=track.session, sentence=track.sentence))
        heard = track.heard
        while track.pieces and track.pieces[0].end <= heard and not track.pieces[0].last:
            piece = track.pieces.popleft()
            piece.samples.release()
            if piece.frames:
                self._tell_played(track, piece.end)

    def _tell_played(self, track: Track, frame: int) -> None:
        track.told_heard = frame
        self._news.append(AudioPlayed(session=track.session, sentence=track.sentence, frame=frame))

    def _tell_underrun(self, track: Track) -> None:
        """Once a sentence, when it is over: how much silence there was inside it."""
        if track.missing:
            _log.warning("session=%s sentence=%d underrun frames=%d", track.session, track.sentence, track.missing)
            self._news.append(Underrun(session=track.session, sentence=track.sentence, frames=track.missing))

    def _log_flags(self, stream: Stream, now: float) -> None:
        count = stream.underflows + self._tape.late_calls
        if count > self._flags_logged and now - self._flags_logged_at > FLAGS_LOG_SECONDS:
            _log.warning(
                "device=%r ran_empty=%d late_calls=%d", stream.device, stream.underflows, self._tape.late_calls
            )
            self._flags_logged = count
            self._flags_logged_at = now


def _release(track: Track) -> None:
    """Give the pool its views back; only when the callback has done with the track."""
    for piece in track.pieces:
        piece.samples.release()
    track.pieces.clear()
