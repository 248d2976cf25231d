"""The output that is heard: the sentences of all sessions that use one device, and what is said about them."""

from __future__ import annotations

import collections
import logging
import time
from typing import TYPE_CHECKING, Final

from voicestream.errors import AudioDeviceError
from voicestream.protocol.messages import AudioPlayed, OutputFailed, PlaybackFinished, PlaybackStarted, Underrun
from voicestream.workers.player.playback_queue import Piece, Tape, Track
from voicestream.workers.player.sound_device import Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.audio_pool import AudioPool
    from voicestream.protocol.messages import FromWorker, Play
    from voicestream.workers.player.portaudio import PortAudio

WATCH_SECONDS: Final = 0.005
"""Between two looks while a sentence is heard: what was heard is reported that much later at most."""

RARE_SECONDS: Final = 0.25
"""Between two looks at a device that plays nothing."""

SILENT_WITHIN_SECONDS: Final = 0.020
"""A device with more than that in its buffer is emptied by force when it is to be silent at once."""

_log = logging.getLogger(__name__)


class Speakers:
    """One device, for the sessions that use it."""

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
        """Nothing is opened before a session comes.

        Args:
            pool: where the samples are.
            audio: PortAudio.
            device: part of the device's name; empty = the default.
            hung: called when PortAudio hangs; ends the process.
            clock: seconds, monotonic.
            sleep: waits for so many seconds.
        """
        self._pool = pool
        self._tape = Tape(pool, clock)
        self._device = Device(self._tape, audio, device, hung, clock=clock, sleep=sleep)
        self._tracks: collections.deque[Track] = collections.deque()
        self._sessions: set[str] = set()
        self._news: list[FromWorker] = []

    @property
    def description(self) -> str:
        """The device's name."""
        return self._device.description

    def add_session(self, session: str) -> None:
        """A session uses this device from now on.

        Raises:
            AudioDeviceError: it cannot be opened.
        """
        if self._device.latency_seconds is None:
            self._device.open()
            self._fill_tape()
        self._sessions.add(session)

    def leave(self, session: str) -> None:
        """A session has ended; the device is let go of after a while, for the next may come soon."""
        self._sessions.discard(session)

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
        self._tape.add(piece)
        self._ensure_open()

    def poll(self) -> list[FromWorker]:
        """What was heard, and look after the device."""
        self._guarded(lambda: self._device.look_after(wanted=self._is_wanted))
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
        news, self._news = self._news, []
        return news

    def wait_seconds(self) -> float | None:
        """Often while something is heard."""
        is_open = self._device.latency_seconds is not None
        if self._is_wanted and is_open:
            return WATCH_SECONDS
        return RARE_SECONDS if self._is_wanted or is_open else None

    def hold(self) -> None:
        """Zeros from the next block on."""
        self._tape.hold()

    def go_on(self) -> None:
        """The frames go on."""
        self._tape.held = False
        self._ensure_open()

    def drop(self, session: str, sentence: int | None) -> None:
        """Be silent about these: what is in the device's buffer is still heard if that is short, else thrown away."""
        latency = self._device.latency_seconds
        is_emptied = latency is not None and latency > SILENT_WITHIN_SECONDS
        dropped = self._forget(session, sentence)
        for track in dropped:
            self._tell_dropped(track, track.heard if is_emptied else max(track.heard, track.handed))
        if is_emptied and any(track.started for track in dropped):
            self._guarded(self._device.empty)

    def drain(self) -> None:
        """Hand over nothing more, wait until what was handed over is heard, and say up to which frame that is."""
        self._device.stand_still()
        for track in self._tracks:
            self._tell_underrun(track)
            if track.heard > track.told_heard:
                self._tell_played(track, track.heard)

    def close(self) -> None:
        """Silent at once."""
        self._device.close()
        for track in self._tracks:
            _release(track)
        self._tracks.clear()

    @property
    def _is_wanted(self) -> bool:
        """Whether there is something to be heard now."""
        return bool(self._tracks) and not self._tape.held

    def _ensure_open(self) -> None:
        if self._is_wanted:
            self._guarded(self._device.use)

    def _guarded(self, act: Callable[[], bool]) -> None:
        """Do something with the device: fill the tape if it was opened anew, tell every session if it has failed."""
        try:
            if act():
                self._fill_tape()
        except AudioDeviceError as error:
            self._device.give_up()
            for session in sorted(self._sessions):
                self._forget(session, None)
                failed = OutputFailed(session=session, reason=error.for_people(), exit_code=error.exit_code)
                self._news.append(failed)
            self._sessions.clear()

    def _fill_tape(self) -> None:
        """Put on it what was not heard for certain."""
        for track in self._tracks:
            track.end = None
            for piece in track.pieces:
                rest = piece.after(track.heard)
                if rest is not None:
                    self._tape.add(rest)

    def _tell_dropped(self, track: Track, frame: int) -> None:
        """Whoever plays the rest goes on at this frame: tell of it, if it is not known."""
        if track.started and not track.told_started:
            self._news.append(PlaybackStarted(session=track.session, sentence=track.sentence))
        if frame > track.told_heard:
            self._tell_played(track, frame)

    def _forget(self, session: str, sentence: int | None) -> list[Track]:
        """No sample of these is read after the return; what was forgotten."""
        dropped = [t for t in self._tracks if t.session == session and sentence in (None, t.sentence)]
        for track in dropped:
            track.dropped = True
        self._tape.settle()
        for track in dropped:
            self._tracks.remove(track)
            _release(track)
        return dropped

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


def _release(track: Track) -> None:
    """Give the pool its views back; only when the callback has done with the track."""
    for piece in track.pieces:
        piece.samples.release()
    track.pieces.clear()
