"""Protocols of audio outputs and sinks, and the output that writes to a sink immediately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicestream.errors import VoicestreamError
from voicestream.protocol.messages import AudioPlayed, PlaybackFinished, PlaybackStarted, WorkFailed

if TYPE_CHECKING:
    from voicestream.protocol.audio_pool import AudioPool
    from voicestream.protocol.messages import FromWorker, Play, PlaybackSettings


class Output(Protocol):
    """Audio output, which sessions may share; called from the main thread of the worker only.

    It receives segments in playback order. Those of a sentence come only after all earlier sentences are in this
    output, too, or were played to their end in another one.
    """

    @property
    def description(self) -> str:
        """Name of the device or the file, for users."""
        ...

    def play(self, segment: Play) -> None:
        """Take the next segment; its samples stay valid until ``poll`` reports them as played, or ``drop`` returns."""
        ...

    def poll(self) -> list[FromWorker]:
        """Return the events since the last call; called after ``play`` and every ``wait_seconds``."""
        ...

    def wait_seconds(self) -> float | None:
        """Return the time until the next poll; None: not before another call."""
        ...

    def pause(self) -> None:
        """Pause at the next frame, until ``resume``."""
        ...

    def resume(self) -> None:
        """Resume at the frame at which playback was paused."""
        ...

    def adjust(self, settings: PlaybackSettings) -> None:
        """Change the settings of the loudspeakers, at once."""
        ...

    def drop(self, session: str, sentence: int | None) -> None:
        """Drop a sentence (None: a session) at once; none of its samples is read after the return."""
        ...

    def drain(self) -> None:
        """Stop at a known frame, which ``poll`` then reports. Only ``close`` follows."""
        ...

    def remove_session(self, session: str) -> None:
        """Remove a session, all of which was dropped."""
        ...

    def close(self) -> None:
        """Release the device or file at once."""
        ...


class Sink(Protocol):
    """Sink without a clock: it takes samples as fast as they come."""

    @property
    def description(self) -> str:
        """Description for users."""
        ...

    def write(self, frame: int, samples: memoryview) -> None:
        """Write samples (bytes of mono float32) at ``frame`` of the output of the session.

        Raises:
            VoicestreamError: they could not be written.
        """
        ...

    def close(self) -> None:
        """Close the sink."""
        ...


class ImmediateOutput:
    """Output of one session to a sink, which writes each segment immediately."""

    def __init__(self, pool: AudioPool, sink: Sink) -> None:
        self._pool = pool
        self._sink = sink
        self._started: tuple[str, int] | None = None
        self._events: list[FromWorker] = []

    @property
    def description(self) -> str:
        """Description for users."""
        return self._sink.description

    def play(self, segment: Play) -> None:
        """Write the segment, then its cursor in the pool, then the event; after a kill it is written again."""
        key = segment.session, segment.sentence
        if segment.frames:
            try:
                with self._pool.frames(segment.slot, segment.start, segment.frames) as samples:
                    self._sink.write(segment.position + segment.frame, samples)
            except VoicestreamError as error:
                self._events.append(
                    WorkFailed(
                        session=segment.session,
                        sentence=segment.sentence,
                        attempt=0,
                        reason=error.for_people(),
                        permanent=True,
                    )
                )
                return
            if self._started != key:
                self._started = key
                self._events.append(PlaybackStarted(session=segment.session, sentence=segment.sentence))
        end = segment.frame + segment.frames
        self._pool.set_cursor(segment.serial, end)
        if segment.last:
            self._events.append(PlaybackFinished(session=segment.session, sentence=segment.sentence, frames=end))
        else:
            self._events.append(AudioPlayed(session=segment.session, sentence=segment.sentence, frame=end))

    def poll(self) -> list[FromWorker]:
        """Return the events of ``play``."""
        events, self._events = self._events, []
        return events

    def wait_seconds(self) -> float | None:
        """Return None: there are no events without a call."""
        return None

    def pause(self) -> None:
        """Do nothing: the playlist passes no segments while paused."""

    def resume(self) -> None:
        """Do nothing."""

    def adjust(self, settings: PlaybackSettings) -> None:
        """Do nothing: a file has the samples of the voice."""

    def drop(self, session: str, sentence: int | None) -> None:
        """Do nothing: no segment is pending."""

    def drain(self) -> None:
        """Do nothing: no segment is pending."""

    def remove_session(self, session: str) -> None:  # noqa: ARG002 - part of the protocol
        """Close the sink, which belongs to one session."""
        self._sink.close()

    def close(self) -> None:
        """Close the sink."""
        self._sink.close()
