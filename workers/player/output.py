"""What the player asks of a place where sound goes, and the places that take sound as fast as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicestream.errors import VoicestreamError
from voicestream.protocol.messages import AudioPlayed, PlaybackFinished, PlaybackStarted, WorkFailed

if TYPE_CHECKING:
    from voicestream.protocol.audio_pool import AudioPool
    from voicestream.protocol.messages import FromWorker, Play


class Output(Protocol):
    """One place where sound goes. The worker's main thread alone calls it.

    Sessions may share one. It gets the stretches in the order in which they are to be heard, and gets none of a
    sentence before those ahead of it are here too, or were heard to their end elsewhere.
    """

    @property
    def description(self) -> str:
        """For people: the name of the device or the file."""
        ...

    def play(self, stretch: Play) -> None:
        """Take the next stretch; the samples stay valid until ``poll`` reported them played, or ``drop`` returned."""
        ...

    def poll(self) -> list[FromWorker]:
        """What has happened since the last call; called after ``play`` and whenever ``wait_seconds`` have passed."""
        ...

    def wait_seconds(self) -> float | None:
        """How soon it wants to be polled again; None: not before something was done to it."""
        ...

    def hold(self) -> None:
        """Be silent from the next frame on, until ``go_on``."""
        ...

    def go_on(self) -> None:
        """End ``hold``: the next frame is the one at which it was silenced."""
        ...

    def drop(self, session: str, sentence: int | None) -> None:
        """Be silent about a sentence (None: a session) at once; no sample of it is read after the return."""
        ...

    def drain(self) -> None:
        """Stop at a frame of which it is certain whether it was heard; ``poll`` then tells. It will only be closed."""
        ...

    def leave(self, session: str) -> None:
        """A session plays nothing more here; all of it was dropped."""
        ...

    def close(self) -> None:
        """Let go of the device or file, at once."""
        ...


class Sink(Protocol):
    """A place without a clock."""

    @property
    def description(self) -> str:
        """For people."""
        ...

    def write(self, frame: int, samples: memoryview) -> None:
        """Take samples (the bytes of mono float32) that belong at ``frame`` of the session's output.

        Raises:
            VoicestreamError: they could not be taken.
        """
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class AtOnce:
    """The output of one session to a sink: what comes is written while ``play`` runs, so nothing is ever waiting."""

    def __init__(self, pool: AudioPool, sink: Sink) -> None:
        self._pool = pool
        self._sink = sink
        self._started: tuple[str, int] | None = None
        self._news: list[FromWorker] = []

    @property
    def description(self) -> str:
        """For people."""
        return self._sink.description

    def play(self, stretch: Play) -> None:
        """Write the stretch, then say so in the pool, then in a message: killed in between, it is written again."""
        key = stretch.session, stretch.sentence
        if stretch.frames:
            try:
                with self._pool.frames(stretch.slot, stretch.start, stretch.frames) as samples:
                    self._sink.write(stretch.position + stretch.frame, samples)
            except VoicestreamError as error:
                self._news.append(
                    WorkFailed(
                        session=stretch.session,
                        sentence=stretch.sentence,
                        attempt=0,
                        reason=error.for_people(),
                        permanent=True,
                    )
                )
                return
            if self._started != key:
                self._started = key
                self._news.append(PlaybackStarted(session=stretch.session, sentence=stretch.sentence))
        end = stretch.frame + stretch.frames
        self._pool.set_cursor(stretch.serial, end)
        if stretch.last:
            self._news.append(PlaybackFinished(session=stretch.session, sentence=stretch.sentence, frames=end))
        else:
            self._news.append(AudioPlayed(session=stretch.session, sentence=stretch.sentence, frame=end))

    def poll(self) -> list[FromWorker]:
        """What ``play`` has done."""
        news, self._news = self._news, []
        return news

    def wait_seconds(self) -> float | None:
        """Nothing happens by itself."""
        return None

    def hold(self) -> None:
        """Nothing is under way; the playlist gives no more."""

    def go_on(self) -> None:
        """Nothing was held."""

    def drop(self, session: str, sentence: int | None) -> None:
        """Nothing is under way."""

    def drain(self) -> None:
        """Nothing is under way."""

    def leave(self, session: str) -> None:  # noqa: ARG002 - others are shared by sessions
        """Let go of the sink: it belongs to one session."""
        self._sink.close()

    def close(self) -> None:
        """Let go of the sink."""
        self._sink.close()
