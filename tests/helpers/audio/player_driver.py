"""Plays the part of the supervisor for one real player process: real hub, real pool, real command line.

A test opens outputs, puts samples into the pool, has sentences played, kills the player, and has the next one go on
at the cursor, as the ledger would. Everything the player says is kept.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import zmq

from helpers.audio.device_buffer import joined
from helpers.fixtures.deadline import remaining
from voicestream.protocol import audio_pool, transport
from voicestream.protocol.audio_pool import SAMPLE_BYTES, SLOT_FRAMES, AudioPool
from voicestream.protocol.messages import (
    AudioPlayed,
    Beat,
    Hello,
    OpenOutput,
    OutputOpened,
    OutputOptions,
    Play,
    PlaybackFinished,
    PlaybackStarted,
    Ready,
)
from voicestream.supervisor.processes.process import Launch, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from helpers.audio.pulse import Reading
    from voicestream.protocol.messages import Message, OutputKind, ToWorker

M = TypeVar("M")


@dataclass
class Sentence:
    """A sentence in the pool."""

    session: str
    sentence: int
    serial: int
    position: int
    segments: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """Slot, first frame in it, frames."""
    frames: int = 0
    is_whole: bool = False
    sent_frames: int = 0
    last_sent: bool = False
    played_frames: int = 0
    finished: bool = False


@dataclass(frozen=True)
class Heard:
    """A message of the player, and when it arrived on the monotonic clock."""

    message: Message
    at: float
    incarnation: int


class PlayerDriver:
    """Use it as a context manager: the player is gone after the block, whatever happened in it."""

    def __init__(self, folder: Path, *, slots: int = 256) -> None:
        self._descriptor = audio_pool.create(slots)
        self.pool = AudioPool(self._descriptor)
        self._slots = slots
        self._next_slot = 0
        self._hub_path = folder / "hub"
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._hub = transport.hub_socket(self._context, self._hub_path)
        self.process: WorkerProcess | None = None
        self.incarnation = 0
        self.news: list[Heard] = []
        self.output = b""
        """What the player printed and logged."""
        self.sentences: dict[tuple[str, int], Sentence] = {}
        self._opened: dict[str, OutputOptions] = {}
        self._ends: dict[str, int] = {}
        self._serial = 0
        self._read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.kill()
        # Shown with a test that failed: pytest does not tell its fixtures.
        print(self.output.decode(errors="replace"))
        self._hub.close(linger=0)
        self._context.term()
        self.pool.close()
        os.close(self._descriptor)

    # --- the process

    def start(self) -> None:
        """Start the next incarnation and wait until it is ready."""
        self.incarnation += 1
        launch = Launch(
            role="player",
            incarnation=self.incarnation,
            hub=self._hub_path,
            engine="",
            pool=self._descriptor,
            threads=1,
        )
        self.process = WorkerProcess(launch)
        self.wait_for(Hello)
        self.wait_for(Ready)

    def kill(self) -> None:
        """SIGKILL, and reap."""
        assert self.process is not None
        if self.process.reap() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.wait_for_exit()

    def wait_for_exit(self) -> int:
        """Reap the player; returns its exit status. What it said before is read first."""
        process = self.process
        assert process is not None
        limit = time.monotonic() + remaining()
        while (status := process.reap()) is None:
            assert time.monotonic() < limit, "the player does not end"
            self.pump(0.005)
        while self.pump(0.2):
            pass
        process.close()
        self.process = None
        return status

    # --- messages

    def send(self, message: ToWorker) -> None:
        """To the player of now."""
        assert self.process is not None
        self._hub.send_multipart([self.process.identity, transport.pack(message)])

    def pump(self, seconds: float = 0.0) -> bool:
        """Take what arrives within ``seconds``; whether anything did."""
        self._read_output()
        if not self._hub.poll(seconds * 1000):
            return False
        while self._hub.poll(0):
            identity, frame = self._hub.recv_multipart()
            message = transport.unpack(frame)
            if isinstance(message, Beat):
                continue
            incarnation = int(identity.split(b".")[1])
            self.news.append(Heard(message=message, at=time.monotonic(), incarnation=incarnation))
            if incarnation == self.incarnation:
                self._note(message)
        return True

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Pump until ``condition`` holds."""
        limit = time.monotonic() + remaining()
        while not condition():
            assert time.monotonic() < limit, f"waited in vain: {what}; heard {self.news[-5:]}"
            has_ended = self.process is not None and self.process.reap() is not None
            self.pump(0.005)
            if has_ended:
                # What it said before it ended may still be on its way through our own I/O thread.
                while not condition():
                    assert self.pump(0.5), f"the player ended; {self.output.decode()}"
                return

    def wait_for(self, kind: type[M]) -> M:
        """The next message of this kind after those that were waited for before."""
        found: list[M] = []

        def has_come() -> bool:
            while self._read < len(self.news):
                message = self.news[self._read].message
                self._read += 1
                if isinstance(message, kind):
                    found.append(message)
                    return True
            return False

        self.wait_until(has_come, kind.__name__)
        return found[0]

    def all_of(self, kind: type[M]) -> list[M]:
        """Every message of a kind so far, of all incarnations."""
        return [heard.message for heard in self.news if isinstance(heard.message, kind)]

    @property
    def ran_empty(self) -> bool:
        """Whether a player has logged an underrun of its device buffer (``ran_empty=``)."""
        self.pump()
        return b"ran_empty=" in self.output

    def pieces(self, heard: Reading) -> list[tuple[int, int]]:
        """Return the pieces that were heard; a device that ran empty may have thrown away some frames in each."""
        return joined(heard.pieces, ran_empty=self.ran_empty)

    # --- what a supervisor does

    def open(
        self, session: str, kind: OutputKind = "speakers", path: Path | None = None, *, device: str = ""
    ) -> OutputOpened:
        """Open an output and wait for it."""
        self.ask_to_open(session, kind, path, device=device)
        return self.wait_for(OutputOpened)

    def ask_to_open(
        self, session: str, kind: OutputKind = "speakers", path: Path | None = None, *, device: str = ""
    ) -> None:
        """Open an output and do not wait."""
        options = OutputOptions(kind=kind, path=str(path or ""), device=device)
        self._opened[session] = options
        self._ends.setdefault(session, 0)
        self.send(OpenOutput(session=session, output=options, position=self._ends[session]))

    def say(self, session: str, sentence: int, samples: bytes, *, last: bool = True) -> Sentence:
        """Put samples (float32) of a sentence into the pool and have them played; ``last``: it ends here."""
        row = self.sentences.get((session, sentence))
        if row is None:
            self._serial += 1
            row = Sentence(session=session, sentence=sentence, serial=self._serial, position=self._ends[session])
            self.sentences[session, sentence] = row
        row.segments.extend(self._store(samples))
        row.frames += len(samples) // SAMPLE_BYTES
        row.is_whole = last
        if last:
            self._ends[session] = row.position + row.frames
        self._send_row(row)
        return row

    def go_on_after_kill(self) -> None:
        """Start the next player and have it go on at the cursor, as the ledger does."""
        cursor = self.pool.cursor
        rows = [row for row in sorted(self.sentences.values(), key=lambda row: row.serial) if not row.finished]
        for row in rows:
            if row.serial < cursor.serial and any(later.serial == cursor.serial for later in rows):
                row.finished = True
            elif row.serial == cursor.serial:
                row.played_frames = max(row.played_frames, cursor.frame)
                row.finished = row.last_sent and row.played_frames == row.frames
        rows = [row for row in rows if not row.finished]
        self.start()
        for session, options in self._opened.items():
            ahead = [row for row in rows if row.session == session]
            position = ahead[0].position + ahead[0].played_frames if ahead else self._ends[session]
            self.send(OpenOutput(session=session, output=options, position=position))
            self.wait_for(OutputOpened)
        for row in rows:
            row.sent_frames = row.played_frames
            row.last_sent = False
            self._send_row(row)

    def wait_until_finished(self, rows: Iterable[Sentence] | None = None) -> None:
        """Until these sentences (or all) were reported finished."""
        wanted = list(self.sentences.values() if rows is None else rows)
        self.wait_until(lambda: all(row.finished for row in wanted), "all finished")

    def _store(self, samples: bytes) -> list[tuple[int, int, int]]:
        view = memoryview(samples)
        segments: list[tuple[int, int, int]] = []
        while view:
            assert self._next_slot < self._slots, "the test needs a larger pool"
            frames = min(SLOT_FRAMES, len(view) // SAMPLE_BYTES)
            with self.pool.frames(self._next_slot, 0, frames) as place:
                place[:] = view[: frames * SAMPLE_BYTES]
            segments.append((self._next_slot, 0, frames))
            view = view[frames * SAMPLE_BYTES :]
            self._next_slot += 1
        return segments

    def _send_row(self, row: Sentence) -> None:
        at = 0
        for slot, start, frames in row.segments:
            skip = max(0, row.sent_frames - at)
            if skip < frames:
                last = row.is_whole and at + frames == row.frames
                self._play(row, slot, start + skip, frames - skip, last=last)
            at += frames
        if row.is_whole and not row.last_sent:
            self._play(row, 0, 0, 0, last=True)

    def _play(self, row: Sentence, slot: int, start: int, frames: int, *, last: bool) -> None:
        self.send(
            Play(
                session=row.session,
                sentence=row.sentence,
                serial=row.serial,
                position=row.position,
                frame=row.sent_frames,
                slot=slot,
                start=start,
                frames=frames,
                last=last,
            )
        )
        row.sent_frames += frames
        row.last_sent = last

    def _note(self, message: Message) -> None:
        match message:
            case AudioPlayed(session=session, sentence=sentence, frame=frame):
                row = self.sentences[session, sentence]
                assert row.played_frames <= frame <= row.sent_frames
                row.played_frames = frame
            case PlaybackFinished(session=session, sentence=sentence, frames=frames):
                row = self.sentences[session, sentence]
                assert row.last_sent
                assert frames == row.frames
                row.finished = True
            case PlaybackStarted():
                pass
            case _:
                pass

    def _read_output(self) -> None:
        if self.process is None:
            return
        for descriptor in (self.process.output, self.process.log):
            with suppress(BlockingIOError):
                while data := os.read(descriptor, 65536):
                    self.output += data
