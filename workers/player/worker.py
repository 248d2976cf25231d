"""The player worker: stretches of the audio pool in, sound out."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.errors import EXIT_INCOMPLETE, AudioDeviceError, VoicestreamError
from voicestream.protocol.audio_pool import AudioPool
from voicestream.protocol.messages import (
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
    Stopping,
    WorkFailed,
)
from voicestream.workers.player.loudspeakers import Speakers
from voicestream.workers.player.null_output import NullSink
from voicestream.workers.player.output import AtOnce
from voicestream.workers.player.playlist import Playlist
from voicestream.workers.player.portaudio import PortAudio
from voicestream.workers.player.wav_output import WavSink

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import FromWorker, ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment
    from voicestream.workers.player.output import Output
    from voicestream.workers.player.playlist import Key

SWITCH_SECONDS: Final = 0.0005
"""How long another thread may keep the interpreter from the device's; with Python's own 5 ms, two of them empty its
buffer of 10 ms."""

NICENESS: Final = -11
"""Where we may; it is what sound servers have."""

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
        self._audio = PortAudio(self._give_up)
        self._devices: dict[str, Speakers] = {}
        """By the part of the name that the sessions gave."""
        self._opening = ""
        """The session whose output is being opened."""
        self._failed: set[Key] = set()
        """Sentences that we have given up and the supervisor has not taken back yet."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:  # noqa: ARG002 - there is nothing to report
        """Nothing but to be quick: sessions without speakers need no sound system, those with speakers open it."""
        sys.setswitchinterval(SWITCH_SECONDS)
        _raise_priority()
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
            case Pause() | Resume():
                self._hold(paused=isinstance(message, Pause))
            case Silence() | Cancel():
                self._let_go(message.session, message.sentence if isinstance(message, Cancel) else None)
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
        self._devices.clear()

    def _open(self, message: OpenOutput) -> None:
        session, options = message.session, message.output
        self._close(session)
        self._opening = session
        try:
            output = self._output(message)
        except VoicestreamError as error:
            _log.warning("session=%s output=%s failed reason=%r", session, options.kind, error.for_people())
            self._connection.send(OutputFailed(session=session, reason=error.for_people(), exit_code=error.exit_code))
            return
        finally:
            self._opening = ""
        self._outputs[session] = output
        _log.info("session=%s output=%s opened position=%d", session, options.kind, message.position)
        self._connection.send(OutputOpened(session=session, description=output.description))

    def _close(self, session: str) -> None:
        output = self._outputs.pop(session, None)
        if output is None:
            return
        self._drop(session, None, output)
        self._failed = {key for key in self._failed if key[0] != session}
        output.leave(session)

    def _output(self, message: OpenOutput) -> Output:
        match message.output.kind:
            case "null":
                return AtOnce(self._pool, NullSink())
            case "wav":
                return AtOnce(self._pool, WavSink(message.output.path, message.position))
            case "speakers":
                return self._speakers(message.session, message.output.device)

    def _speakers(self, session: str, device: str) -> Speakers:
        speakers = self._devices.get(device)
        if speakers is None:
            speakers = Speakers(self._pool, self._audio, device, self._give_up)
        speakers.add_session(session)
        self._devices[device] = speakers
        if self._playlist.paused:
            speakers.hold()
        return speakers

    def _give_up(self, reason: str) -> None:
        """PortAudio hangs: it can be neither stopped nor closed, so leave everything as it is and end. Any thread."""
        _log.critical("state=failed reason=%r", reason)
        if self._opening:
            # Not for the next player to find out: this session would cost one after the other.
            hint = "restart the sound server, or try: voicestream run --output FILE.wav"
            error = AudioDeviceError(reason, hint=hint)
            failed = OutputFailed(session=self._opening, reason=error.for_people(), exit_code=error.exit_code)
            self._connection.send(failed)
        self._connection.send(Stopping(reason=reason, exit_code=EXIT_INCOMPLETE))
        self._connection.close()
        os._exit(EXIT_INCOMPLETE)

    def _hold(self, *, paused: bool) -> None:
        if paused:
            self._playlist.pause()
        else:
            self._playlist.resume()
        for output in self._distinct_outputs():
            if paused:
                output.hold()
            else:
                output.go_on()

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
        self._report()  # up to which frame it was heard

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
            case OutputFailed(session=session):
                _log.warning("session=%s output failed reason=%r", session, news.reason)
                self._playlist.drop(session, None)
                self._outputs.pop(session, None)  # it may just be closed
            case WorkFailed(session=session, sentence=sentence):
                _log.warning("session=%s sentence=%d failed reason=%r", session, sentence, news.reason)
                self._failed.add((session, sentence))
                self._playlist.drop(session, sentence)
            case _:
                pass

    def _distinct_outputs(self) -> list[Output]:
        """Every output once: sessions may share a device, and a device may have no session any more."""
        outputs: list[Output] = [*self._outputs.values(), *self._devices.values()]
        return list({id(output): output for output in outputs}.values())


def _raise_priority() -> None:
    """For all threads: whichever is put aside with the interpreter in its hands makes the device's thread wait."""
    tasks = Path("/proc/self/task")
    # Elsewhere than on Linux the priority belongs to the process, and 0 is this one.
    threads = [int(task.name) for task in tasks.iterdir()] if tasks.is_dir() else [0]
    for thread in threads:
        # A thread may have ended, and most users may not.
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, thread, NICENESS)
    # Linux weighs sessions against each other before it looks at their threads, and every worker is a session.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")
