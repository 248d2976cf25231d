"""The player worker: stretches of the audio pool in, sound out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from voicestream.audio_pool import AudioPool
from voicestream.errors import VoicestreamError
from voicestream.messages import (
    Cancel,
    Cancelled,
    CloseOutput,
    OpenOutput,
    OutputFailed,
    OutputOpened,
    Pause,
    Play,
    PlaybackFinished,
    Ready,
    Resume,
    Silence,
    WorkFailed,
)
from voicestream.workers.player.null import NullSink
from voicestream.workers.player.output import AtOnce
from voicestream.workers.player.playlist import Playlist
from voicestream.workers.player.wav import WavSink

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.messages import FromWorker, ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment
    from voicestream.workers.player.output import Output
    from voicestream.workers.player.playlist import Key

_log = logging.getLogger(__name__)


class PlayerWorker:
    """Has an output for each session, and one playlist for all."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        if assignment.pool is None:
            raise ValueError("the player needs the audio pool")
        self._connection = connection
        self._pool = AudioPool(assignment.pool)
        self._playlist = Playlist()
        self._outputs: dict[str, Output] = {}
        """By session."""
        self._failed: set[Key] = set()
        """Sentences that we have given up and the supervisor has not taken back yet."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Nothing: sessions without speakers need no sound system, and those with speakers open it."""
        return Ready(engine="sounddevice", device="")

    def handle(self, message: ToWorker) -> None:
        """Do what the supervisor says, then go on playing."""
        match message:
            case OpenOutput():
                self._open(message)
            case Play(session=session, sentence=sentence):
                # A stretch that crossed our OutputFailed or WorkFailed on its way is not played.
                if session in self._outputs and (session, sentence) not in self._failed:
                    self._playlist.add(message, self._outputs[session])
            case Pause():
                self._playlist.pause()
                for output in self._distinct_outputs():
                    output.hold()
            case Resume():
                self._playlist.resume()
                for output in self._distinct_outputs():
                    output.go_on()
            case Silence(session=session):
                self._let_go(session, None)
            case Cancel(session=session, sentence=sentence):
                self._let_go(session, sentence)
            case CloseOutput(session=session):
                self._close(session)
            case _:
                _log.warning("dropped a %s: it is not for the player", type(message).__name__)
        self._go_on()

    def idle_seconds(self) -> float | None:
        """As soon as an output wants to be looked at."""
        waits = [wait for output in self._distinct_outputs() if (wait := output.wait_seconds()) is not None]
        return min(waits, default=None)

    def tick(self) -> None:
        """See how far the outputs are."""
        self._go_on()

    def drain(self) -> None:
        """Stop at the frame where we are: the next player goes on from there."""
        for output in self._distinct_outputs():
            output.drain()
        self._report()

    def close(self) -> None:
        """Be silent, let go of everything."""
        for output in self._distinct_outputs():
            output.close()
        self._outputs.clear()

    def _open(self, message: OpenOutput) -> None:
        session, options = message.session, message.output
        self._close(session)
        try:
            match options.kind:
                case "null":
                    output: Output = AtOnce(self._pool, NullSink())
                case "wav":
                    output = AtOnce(self._pool, WavSink(options.path, message.position))
                case "speakers":
                    raise VoicestreamError("speakers: not yet")
        except VoicestreamError as error:
            _log.warning("session=%s output=%s failed reason=%r", session, options.kind, error.for_people())
            self._connection.send(OutputFailed(session=session, reason=error.for_people(), exit_code=error.exit_code))
            return
        self._outputs[session] = output
        _log.info("session=%s output=%s opened position=%d", session, options.kind, message.position)
        self._connection.send(OutputOpened(session=session, description=output.description))

    def _close(self, session: str) -> None:
        output = self._outputs.pop(session, None)
        if output is None:
            return
        self._drop(session, None, output)
        self._failed = {key for key in self._failed if key[0] != session}
        if output not in self._outputs.values():
            output.close()

    def _let_go(self, session: str, sentence: int | None) -> None:
        output = self._outputs.get(session)
        if output is not None:
            self._drop(session, sentence, output)
        self._failed = {key for key in self._failed if not (key[0] == session and sentence in (None, key[1]))}
        self._connection.forget_cancelled(session, sentence)
        self._connection.send(Cancelled(session=session, sentence=sentence))

    def _drop(self, session: str, sentence: int | None, output: Output) -> None:
        # Not behind the drop: what was heard before it is to be reported before Cancelled.
        self._report()
        self._playlist.drop(session, sentence)
        output.drop(session, sentence)

    def _go_on(self) -> None:
        self._report()
        while not self._connection.stopping.is_set():
            stretch = self._playlist.take()
            if stretch is None:
                return
            self._outputs[stretch.session].play(stretch)
            self._report()

    def _report(self) -> None:
        for output in self._distinct_outputs():
            for news in output.poll():
                self._note(news)
                self._connection.send(news)

    def _note(self, news: FromWorker) -> None:
        match news:
            case PlaybackFinished(session=session, sentence=sentence):
                self._playlist.finished(session, sentence)
            case WorkFailed(session=session, sentence=sentence):
                _log.warning("session=%s sentence=%d failed reason=%r", session, sentence, news.reason)
                self._failed.add((session, sentence))
                self._playlist.drop(session, sentence)
            case _:
                pass

    def _distinct_outputs(self) -> list[Output]:
        """Every output once, though sessions may share one."""
        return list({id(output): output for output in self._outputs.values()}.values())
