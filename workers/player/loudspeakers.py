"""Loudspeaker output: playback and its events for all sessions that use one device."""

from __future__ import annotations

import collections
import logging
import time
from typing import TYPE_CHECKING, Final

from voicestream.errors import AudioDeviceError
from voicestream.protocol.audio_pool import SAMPLE_RATE
from voicestream.protocol.messages import AudioPlayed, OutputFailed, PlaybackFinished, PlaybackStarted, Underrun
from voicestream.workers.player import chime
from voicestream.workers.player.adjusted_reader import AdjustedReader
from voicestream.workers.player.playback_queue import PlaybackQueue, QueuedSegment, Track
from voicestream.workers.player.sound_device import SoundDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.audio_pool import AudioPool
    from voicestream.protocol.messages import FromWorker, Play, PlaybackSettings
    from voicestream.workers.player.portaudio import PortAudio

PLAYING_POLL_SECONDS: Final = 0.005
"""Poll interval during playback: the maximum delay of progress reports."""

IDLE_POLL_SECONDS: Final = 0.25
"""Poll interval of an idle device."""

MAX_TAIL_SECONDS: Final = 0.050
"""Buffered audio up to which a cancelled sentence plays out, so that no sample of it is lost or repeated; a longer
buffer is flushed."""

FLUSHED_FRAMES: Final = round(0.020 * SAMPLE_RATE)
"""Played frames that are repeated after a flush: what a busy sound server has not played yet though PortAudio states
so, up to 18 ms, would be lost with the buffer."""

_log = logging.getLogger(__name__)


class LoudspeakerOutput:
    """Output to one sound device, shared by sessions."""

    def __init__(
        self,
        pool: AudioPool,
        audio: PortAudio,
        device: str,
        hung: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the output; the device is opened for the first session.

        Args:
            pool: the audio pool.
            audio: PortAudio.
            device: number, or name or a part of it, of a device; empty: the default device.
            hung: called when PortAudio hangs; exits the process.
            clock: monotonic seconds.
            sleep: sleeps for so many seconds.
        """
        self._pool = pool
        self._queue = PlaybackQueue(pool, clock)
        self._reader = AdjustedReader(self._queue)
        self._device = SoundDevice(self._reader, audio, device, hung, clock=clock, sleep=sleep)
        self._tracks: collections.deque[Track] = collections.deque()
        self._sessions: set[str] = set()
        self._lead_ins: dict[str, int | None] = {}
        """Lead-in of each session in frames; None: that of the device."""
        self._events: list[FromWorker] = []

    @property
    def description(self) -> str:
        """Name of the device."""
        return self._device.description

    def add_session(self, session: str, lead_in_seconds: float | None = None) -> None:
        """Add a session; open the device for the first one.

        Args:
            session: the session.
            lead_in_seconds: quiet that wakes the device; None: that of its kind of device.

        Raises:
            AudioDeviceError: the device cannot be opened.
        """
        if self._device.latency_seconds is None:
            self._device.open()
            self._refill_queue()
        self._sessions.add(session)
        self._lead_ins[session] = None if lead_in_seconds is None else round(lead_in_seconds * SAMPLE_RATE)

    def remove_session(self, session: str) -> None:
        """Remove a session; the device is released later, because another session may follow soon."""
        self._sessions.discard(session)
        self._lead_ins.pop(session, None)

    def play(self, segment: Play) -> None:
        """Queue a segment."""
        track = self._tracks[-1] if self._tracks else None
        if track is None or (track.session, track.sentence) != (segment.session, segment.sentence):
            track = Track(
                session=segment.session,
                sentence=segment.sentence,
                serial=segment.serial,
                played=segment.frame,
                reported_played=segment.frame,
                lead_in_frames=self._lead_ins.get(segment.session),
                signal=memoryview(chime.samples() if segment.signal == "chime" else b""),
            )
            self._tracks.append(track)
        samples = self._pool.frames(segment.slot, segment.start, segment.frames)
        queued = QueuedSegment(
            track=track, frame=segment.frame, frames=segment.frames, samples=samples, last=segment.last
        )
        track.segments.append(queued)
        self._queue.add(queued)
        self._open_if_wanted()

    def poll(self) -> list[FromWorker]:
        """Maintain the device, and return the playback events."""
        self._run_guarded(lambda: self._device.maintain(wanted=self._is_wanted))
        while self._tracks:
            track = self._tracks[0]
            end = track.end
            self._report_progress(track)
            if end is None or track.played < end:
                break
            self._tracks.popleft()
            _release(track)
            self._report_underrun(track)
            self._events.append(PlaybackFinished(session=track.session, sentence=track.sentence, frames=end))
        events, self._events = self._events, []
        return events

    def wait_seconds(self) -> float | None:
        """Return the poll interval, shorter during playback."""
        is_open = self._device.latency_seconds is not None
        if self._is_wanted and is_open:
            return PLAYING_POLL_SECONDS
        return IDLE_POLL_SECONDS if self._is_wanted or is_open else None

    def pause(self) -> None:
        """Output silence from the next block on."""
        self._queue.pause()

    def resume(self) -> None:
        """Continue with the next frame."""
        self._queue.is_paused = False
        self._open_if_wanted()

    def adjust(self, settings: PlaybackSettings) -> None:
        """Change speed and volume from the next block on."""
        self._reader.adjust(settings)

    def prepare(self) -> None:
        """Load what a change of the speed needs."""
        self._reader.prepare()

    def drop(self, session: str, sentence: int | None) -> None:
        """Drop sentences; a short device buffer still plays out, a long one is flushed."""
        latency = self._device.latency_seconds
        is_flushed = latency is not None and latency > MAX_TAIL_SECONDS
        dropped = self._remove_tracks(session, sentence)
        for track in dropped:
            frame = track.played - FLUSHED_FRAMES if is_flushed else max(track.played, track.delivered)
            self._report_dropped(track, frame)
        if is_flushed and any(track.started for track in dropped):
            self._run_guarded(self._device.flush)

    def drain(self) -> None:
        """Deliver no more frames, wait until the delivered ones were played, and report the position."""
        self._device.drain()
        for track in self._tracks:
            self._report_underrun(track)
            if track.played > track.reported_played:
                self._report_played(track, track.played)

    def close(self) -> None:
        """Stop playback at once, and close the device."""
        self._device.close()
        for track in self._tracks:
            _release(track)
        self._tracks.clear()

    @property
    def _is_wanted(self) -> bool:
        """True if there is something to play now."""
        return bool(self._tracks) and not self._queue.is_paused

    def _open_if_wanted(self) -> None:
        if self._is_wanted:
            self._run_guarded(self._device.ensure_open)

    def _run_guarded(self, operation: Callable[[], bool]) -> None:
        """Run a device operation: refill the queue if it reopened the device, fail all sessions if it failed."""
        try:
            if operation():
                self._refill_queue()
        except AudioDeviceError as error:
            self._device.stop_retrying()
            for session in sorted(self._sessions):
                self._remove_tracks(session, None)
                failed = OutputFailed(session=session, reason=error.for_people(), exit_code=error.exit_code)
                self._events.append(failed)
            self._sessions.clear()

    def _refill_queue(self) -> None:
        """Queue everything that was not confirmed as played."""
        for track in self._tracks:
            track.end = None
            for queued in track.segments:
                rest = queued.rest_from(track.played)
                if rest is not None:
                    self._queue.add(rest)

    def _report_dropped(self, track: Track, frame: int) -> None:
        """Report the position of a dropped track, from which another output continues."""
        if track.started and not track.reported_started:
            self._events.append(PlaybackStarted(session=track.session, sentence=track.sentence))
        if frame > track.reported_played:
            self._report_played(track, frame)

    def _remove_tracks(self, session: str, sentence: int | None) -> list[Track]:
        """Remove tracks and return them; none of their samples is read after the return."""
        dropped = [t for t in self._tracks if t.session == session and sentence in (None, t.sentence)]
        for track in dropped:
            track.dropped = True
        self._queue.wait_for_callback()
        for track in dropped:
            self._tracks.remove(track)
            _release(track)
        return dropped

    def _report_progress(self, track: Track) -> None:
        if track.started and not track.reported_started:
            track.reported_started = True
            self._events.append(PlaybackStarted(session=track.session, sentence=track.sentence))
        played = track.played
        while track.segments and track.segments[0].end <= played and not track.segments[0].last:
            queued = track.segments.popleft()
            queued.samples.release()
            if queued.frames:
                self._report_played(track, queued.end)

    def _report_played(self, track: Track, frame: int) -> None:
        track.reported_played = frame
        self._events.append(AudioPlayed(session=track.session, sentence=track.sentence, frame=frame))

    def _report_underrun(self, track: Track) -> None:
        """Report the underrun frames of a sentence, once, at its end."""
        if track.underrun_frames:
            _log.warning(
                "session=%s sentence=%d underrun frames=%d", track.session, track.sentence, track.underrun_frames
            )
            self._events.append(Underrun(session=track.session, sentence=track.sentence, frames=track.underrun_frames))


def _release(track: Track) -> None:
    """Release the views of the pool; only after the callback is done with the track."""
    for queued in track.segments:
        queued.samples.release()
    track.segments.clear()
