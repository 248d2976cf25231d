"""The player worker: plays segments of the audio pool, in the order of one playlist."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.errors import EXIT_NO_AUDIO, AudioDeviceError, VoicestreamError
from voicestream.protocol.audio_pool import AudioPool
from voicestream.protocol.messages import (
    AdjustPlayback,
    Cancel,
    Cancelled,
    CloseOutput,
    OpenOutput,
    OutputFailed,
    OutputOpened,
    Pause,
    Play,
    PlaybackFinished,
    PlaybackSettings,
    Ready,
    Resume,
    Silence,
    Stopping,
    WorkFailed,
)
from voicestream.workers.player.loudspeakers import LoudspeakerOutput
from voicestream.workers.player.null_output import NullSink
from voicestream.workers.player.output import ImmediateOutput
from voicestream.workers.player.playlist import Playlist
from voicestream.workers.player.portaudio import PortAudio
from voicestream.workers.player.wav_output import WavSink

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import FromWorker, OutputOptions, ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment
    from voicestream.workers.player.output import Output
    from voicestream.workers.player.playlist import Key

SWITCH_INTERVAL_SECONDS: Final = 0.0005
"""Switch interval of the interpreter: with Python's default of 5 ms, two busy threads would empty a device buffer of
10 ms."""

NICENESS: Final = -11
"""Niceness of the process, if permitted: that of sound servers."""

_log = logging.getLogger(__name__)


class PlayerWorker:
    """Worker with an output for each session and one playlist for all."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        if assignment.pool is None:
            raise ValueError("the player needs the audio pool")
        self._connection = connection
        self._pool = AudioPool(assignment.pool)
        self._playlist = Playlist()
        self._outputs: dict[str, Output] = {}
        """Outputs by session."""
        self._audio = PortAudio(self._give_up)
        self._devices: dict[str, LoudspeakerOutput] = {}
        """Devices by the requested name."""
        self._settings = PlaybackSettings()
        self._opening = ""
        """Session whose output is being opened."""
        self._failed: set[Key] = set()
        """Failed sentences that the supervisor has not cancelled yet."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:  # noqa: ARG002 - nothing to report
        """Set the thread priorities; the sound system is loaded for the first session that needs it."""
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        _raise_priority()
        return Ready(engine="sounddevice", device="")

    def handle(self, message: ToWorker) -> None:
        """Process a message, then continue playback."""
        match message:
            case OpenOutput():
                self._open(message)
            case Play(session=session, sentence=sentence):
                # A segment that was sent before the supervisor received OutputFailed or WorkFailed is not played.
                if session in self._outputs and (session, sentence) not in self._failed:
                    self._playlist.add(message, self._outputs[session])
            case Pause() | Resume():
                self._set_paused(paused=isinstance(message, Pause))
            case AdjustPlayback(settings=settings):
                self._settings = settings
                for output in self._distinct_outputs():
                    output.adjust(settings)
            case Silence() | Cancel():
                self._cancel(message.session, message.sentence if isinstance(message, Cancel) else None)
            case CloseOutput(session=session):
                self._close(session)
            case _:
                _log.warning("dropped a %s: it is not for the player", type(message).__name__)
        self._continue()

    def idle_seconds(self) -> float | None:
        """Return the shortest poll interval of the outputs."""
        waits = [wait for output in self._distinct_outputs() if (wait := output.wait_seconds()) is not None]
        return min(waits, default=None)

    def tick(self) -> None:
        """Poll the outputs."""
        self._continue()
        if not len(self._playlist):
            for speakers in self._devices.values():
                speakers.prepare()

    def drain(self) -> None:
        """Stop at the current frame, from which the next player continues."""
        for output in self._distinct_outputs():
            output.drain()
        self._report()

    def close(self) -> None:
        """Stop playback and close all outputs."""
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
        output.remove_session(session)

    def _output(self, message: OpenOutput) -> Output:
        match message.output.kind:
            case "null":
                return ImmediateOutput(self._pool, NullSink())
            case "wav":
                return ImmediateOutput(self._pool, WavSink(message.output.path, message.position))
            case "flac" | "opus" as encoding:
                from voicestream.workers.player.encoded_output import EncodedSink

                return ImmediateOutput(self._pool, EncodedSink(message.output.path, message.position, encoding))
            case "speakers":
                return self._speakers(message.session, message.output)

    def _speakers(self, session: str, options: OutputOptions) -> LoudspeakerOutput:
        device = options.device
        speakers = self._devices.get(device)
        if speakers is None:
            speakers = LoudspeakerOutput(self._pool, self._audio, device, self._give_up)
        speakers.add_session(session, options.lead_in_seconds)
        self._devices[device] = speakers
        speakers.adjust(self._settings)
        if self._playlist.paused:
            speakers.pause()
        return speakers

    def _give_up(self, reason: str) -> None:
        """Exit because PortAudio hangs and can neither be stopped nor closed. Called from any thread."""
        _log.critical("state=failed reason=%r", reason)
        if self._opening:
            # Fail the session, or it would hang each following player, too.
            hint = "restart the sound server, or try: voicestream run --output FILE.wav"
            error = AudioDeviceError(reason, hint=hint)
            failed = OutputFailed(session=self._opening, reason=error.for_people(), exit_code=error.exit_code)
            self._connection.send(failed)
        self._connection.send(Stopping(reason=reason, exit_code=EXIT_NO_AUDIO))
        self._connection.close()
        os._exit(EXIT_NO_AUDIO)

    def _set_paused(self, *, paused: bool) -> None:
        if paused:
            self._playlist.pause()
        else:
            self._playlist.resume()
        for output in self._distinct_outputs():
            if paused:
                output.pause()
            else:
                output.resume()

    def _cancel(self, session: str, sentence: int | None) -> None:
        output = self._outputs.get(session)
        if output is not None:
            self._drop(session, sentence, output)
        self._failed = {key for key in self._failed if not (key[0] == session and sentence in (None, key[1]))}
        self._connection.forget_cancelled(session, sentence)
        self._connection.send(Cancelled(session=session, sentence=sentence))

    def _drop(self, session: str, sentence: int | None, output: Output) -> None:
        # Before the drop: playback so far must be reported before Cancelled.
        self._report()
        self._playlist.drop(session, sentence)
        output.drop(session, sentence)
        self._report()  # the last played frame

    def _continue(self) -> None:
        self._report()
        while not self._connection.stopping.is_set():
            segment = self._playlist.next_segment()
            if segment is None:
                return
            self._outputs[segment.session].play(segment)
            self._report()

    def _report(self) -> None:
        for output in self._distinct_outputs():
            for event in output.poll():
                self._handle_event(event)
                self._connection.send(event)

    def _handle_event(self, event: FromWorker) -> None:
        match event:
            case PlaybackFinished(session=session, sentence=sentence):
                self._playlist.finished(session, sentence)
            case OutputFailed(session=session):
                _log.warning("session=%s output failed reason=%r", session, event.reason)
                self._playlist.drop(session, None)
                self._outputs.pop(session, None)  # it may have been closed
            case WorkFailed(session=session, sentence=sentence):
                _log.warning("session=%s sentence=%d failed reason=%r", session, sentence, event.reason)
                self._failed.add((session, sentence))
                self._playlist.drop(session, sentence)
            case _:
                pass

    def _distinct_outputs(self) -> list[Output]:
        """Return each output once: sessions may share a device, and a device may have no session."""
        outputs: list[Output] = [*self._outputs.values(), *self._devices.values()]
        return list({id(output): output for output in outputs}.values())


def _raise_priority() -> None:
    """Raise the priority of all threads: one that is preempted with the interpreter lock blocks the device thread."""
    tasks = Path("/proc/self/task")
    # On other systems than Linux the priority belongs to the process; 0 is this one.
    threads = [int(task.name) for task in tasks.iterdir()] if tasks.is_dir() else [0]
    for thread in threads:
        # A thread may have exited, and most users lack the permission.
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, thread, NICENESS)
    # Autogroup scheduling of Linux weighs sessions before threads, and every worker is a session.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")
