"""A real supervisor with a real hub and simulated workers: its loop runs in the caller's thread, all peers in another.

Only the worker *processes* are stand-ins. Each has its name on the hub, a lifeline and an output, and answers over a
socket of its own, so that what peers can do to the supervisor can be tried thousands of times a second.
"""

from __future__ import annotations

import collections
import contextlib
import math
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import zmq

from helpers.fixtures.deadline import remaining
from helpers.supervisor.invariants import invariants
from helpers.supervisor.simulated_workers import WORKING_ROLES, World, options
from voicestream.config.worker_limits import WorkerLimits
from voicestream.protocol import audio_pool, lifeline
from voicestream.protocol.messages import (
    Control,
    Drain,
    EndOfInput,
    Hello,
    Input,
    InputConsumed,
    OpenInput,
    OpenSession,
    ParseInput,
    Ready,
    SentenceFound,
    SessionClosed,
    SessionEvent,
    SessionOpened,
    Stop,
)
from voicestream.protocol.pool_memory import Segment
from voicestream.protocol.run_directory import RunDirectory
from voicestream.protocol.transport import pack, peer_socket, unpack
from voicestream.supervisor.ledger.commands import WorkerId
from voicestream.supervisor.loop import Supervisor
from voicestream.supervisor.processes import table
from voicestream.supervisor.processes.watchdog import Limits
from voicestream.supervisor.sessions.requirements import Requirement
from voicestream.supervisor.signals import ENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pytest

    from voicestream.protocol.messages import FromWorker, Message, Role, ToWorker
    from voicestream.supervisor.processes.process import Launch

SLOTS: Final = 24

FENCE: Final = EndOfInput(session="fence")
"""Of a session that never was: changes nothing, and is behind all that its sender sent before."""

ROLES: Final[tuple[Role, ...]] = ("parser", *WORKING_ROLES)


class StandIn:
    """What the supervisor takes for a worker's process."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.identity = f"{launch.role}.{launch.incarnation}.key".encode()
        self.pid = os.getpid()
        self.lifeline, self._theirs = lifeline.make()
        self.output, self._write = os.pipe()
        os.set_blocking(self.output, False)
        self.log, self._write_log = os.pipe()
        os.set_blocking(self.log, False)
        self._status: int | None = None

    def reap(self) -> int | None:
        return self._status

    def end(self, status: int) -> None:
        """The process ends."""
        if self._status is None:
            self._status = status
            self._theirs.close()
            os.close(self._write)
            os.close(self._write_log)

    def terminate(self) -> None:
        self.end(-15)

    def kill(self) -> None:
        self.end(-9)

    def close(self) -> None:
        self.lifeline.close()
        os.close(self.output)
        os.close(self.log)


class SocketWorld(World):
    """The simulated workers, at the other ends of sockets; and a parser that finds one sentence a line."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(slots=SLOTS)
        self._stage = stage
        self.inbox["parser"] = collections.deque()
        self.sockets: dict[Role, zmq.Socket[bytes]] = {}
        self._processes: dict[Role, StandIn] = {}
        self._parsing: dict[str, tuple[int, int, bytes]] = {}
        """By session: bytes received, ordinal of the next sentence, the line that has begun."""

    def turn(self) -> None:
        """Take what has arrived, and let every worker do one small thing."""
        for role in ROLES:
            self._be_there(role)
            while role in self.sockets and (frame := _taken(self.sockets[role])) is not None:
                message = unpack(frame)
                if isinstance(message, Drain | Stop):
                    self._leave(role, 0)
                else:
                    self.inbox[role].append(message)  # type: ignore[arg-type]
            self.step(role)
        if not self._stage.is_over:
            self._stage.supervisor.core.pool.set_cursor(self.cursor.serial, self.cursor.frame)

    def step(self, role: Role) -> bool:
        if role != "parser":
            return super().step(role)
        if role not in self.alive or not self.inbox[role]:
            return False
        self._parse(self.inbox[role].popleft())
        return True

    def lose(self, role: Role, *, counts_as_failure: bool = True) -> None:
        """A worker's process is killed."""
        del counts_as_failure
        self._leave(role, -9)

    def _leave(self, role: Role, status: int) -> None:
        if role in self.alive:
            self.forget(role)
            self.sockets.pop(role).close(0)
            self._processes[role].end(status)

    def _be_there(self, role: Role) -> None:
        record = next(iter(self._stage.supervisor.core.table.of_role(role)), None)
        process = record.process if record is not None else None
        if not isinstance(process, StandIn) or self._processes.get(role) is process or process.reap() is not None:
            return
        self._leave(role, -9)
        self._processes[role] = process
        self.sockets[role] = self._stage.peer(process.identity)
        self.alive.add(role)
        self._answer(role, Hello(role=role, incarnation=process.launch.incarnation, pid=process.pid))
        self._answer(role, Ready(engine="simulated", device="cpu"))

    def _answer(self, role: Role, message: FromWorker) -> None:
        self.sockets[role].send(pack(message))

    def _parse(self, message: ToWorker) -> None:
        match message:
            case OpenInput(session=session, offset=offset, state=state):
                self._parsing[session] = (offset, int(state) if state.isdigit() else 0, b"")
            case ParseInput(session=session) if session in self._parsing:
                received, ordinal, begun = self._parsing[session]
                *lines, begun = (begun + message.data).split(b"\n")
                for line in lines:
                    text = line.decode(errors="replace")
                    self._answer(
                        "parser",
                        SentenceFound(session=session, sentence=ordinal, message=0, text=text, language="en"),
                    )
                    ordinal += 1
                self._parsing[session] = (received + len(message.data), ordinal, begun)
                self._consumed(session, ended=False)
            case EndOfInput(session=session) if session in self._parsing:
                self._consumed(session, ended=True)
            case _:
                pass

    def _consumed(self, session: str, *, ended: bool) -> None:
        received, ordinal, begun = self._parsing[session]
        self._answer(
            "parser",
            InputConsumed(
                session=session,
                received=received,
                checkpoint=received - len(begun),
                state=str(ordinal).encode(),
                found=ordinal,
                ended=ended,
            ),
        )


class Listener:
    """An honest client with one session."""

    def __init__(self, stage: Stage, name: bytes = b"client.honest") -> None:
        self._stage = stage
        self.options = options()
        self.socket = stage.peer(name)
        self.events: list[SessionEvent] = []
        self.closed: SessionClosed | None = None
        self.socket.send(
            pack(OpenSession(pid=os.getpid(), options=msgspec.structs.replace(self.options, tts="espeak")))
        )
        self.session = self._opened()
        self._sent = 0

    def say(self, text: str) -> None:
        data = text.encode() + b"\n"
        self.socket.send(pack(Input(session=self.session, offset=self._sent, data=data)))
        self._sent += len(data)

    def end_input(self) -> None:
        self.socket.send(pack(EndOfInput(session=self.session)))

    def turn(self) -> None:
        """Take what has arrived."""
        while (frame := _taken(self.socket)) is not None:
            message = unpack(frame)
            if isinstance(message, SessionEvent):
                self.events.append(message)
            elif isinstance(message, SessionClosed):
                self.closed = message

    def of(self, kind: str) -> list[int | None]:
        """The sentences that had an event of this kind, in the order of the events."""
        return [event.sentence for event in self.events if event.event == kind]

    def ends(self) -> list[int | None]:
        """The sentences that have ended, as often as they did."""
        ends = ("playback_finished", "skipped", "failed")
        return [e.sentence for e in self.events if e.event in ends and e.stage not in ("translation", "parser")]

    def left_out(self) -> int:
        """How many sentences were reported that never arrived, or that the parser has lost."""
        reasons = [e.reason or "" for e in self.events if e.event == "failed" and e.sentence is None]
        spans = [re.fullmatch(r"sentences (\d+) to (\d+) did not arrive", reason) for reason in reasons]
        return sum(int(span[2]) - int(span[1]) + 1 if span else 1 for span in spans)

    def _opened(self) -> str:
        while True:
            self._stage.turn()
            frame = _taken(self.socket)
            if frame is not None:
                message = unpack(frame)
                assert isinstance(message, SessionOpened), message
                return message.session


class Stage:
    """The supervisor, and what is around it."""

    def __init__(self, folder: Path) -> None:
        self._handlers = {number: signal.getsignal(number) for number in ENDING}
        run_directory = RunDirectory(folder / "run")
        run_directory.prepare()
        assert run_directory.acquire()
        self._run_directory = run_directory
        patient = Limits(hello_seconds=math.inf, loading_seconds=math.inf, silence_seconds=math.inf)
        self.supervisor = Supervisor(
            run_directory,
            Segment(audio_pool.create(SLOTS)),
            [
                Requirement(
                    role,
                    {"tts": "espeak", "translation": "auto"}.get(role, ""),
                )
                for role in table.START_ORDER
            ],
            patient,
            WorkerLimits(),
            keep_alive_seconds=math.inf,
            stay=True,
        )
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._sockets: list[zmq.Socket[bytes]] = []
        self.world = SocketWorld(self)
        self.listener: Listener | None = None
        self.taken = 0
        """Messages that the supervisor has acted on."""
        self._fences: set[bytes] = set()
        self.is_over = False
        """The supervisor was told to end, and may close its pool at any moment."""
        self._failure: BaseException | None = None
        self._deadline = math.inf

    @property
    def hub(self) -> Path:
        """Where it is bound."""
        return self._run_directory.hub

    def identity(self, role: Role) -> bytes:
        """The name of the worker that has a role, once there is one."""
        self.until(lambda: role in self.world.sockets)
        return self.supervisor.core.table.identity(WorkerId(role)) or b""

    def peer(self, identity: bytes) -> zmq.Socket[bytes]:
        """Somebody who connects to the hub; without a name it gets one from the hub."""
        if identity:
            socket = peer_socket(self._context, self._run_directory.hub, identity, linger_milliseconds=0)
        else:
            socket = self._context.socket(zmq.DEALER)
            socket.connect(f"ipc://{self._run_directory.hub}")
        self._sockets.append(socket)
        return socket

    def perform(self, play: Callable[[Stage], None]) -> None:
        """Run the supervisor here, and ``play`` in another thread; the ledger is checked after each message."""
        take = self.supervisor._take

        def checked(identity: bytes, message: Message, now: float) -> None:
            take(identity, message, now)
            self.taken += 1
            if message == FENCE:
                self._fences.add(identity)
            invariants(self.supervisor.core.ledger)
            assert self.supervisor.core.ledger.state.sessions.keys() == self.supervisor.core.sessions.by_id.keys()

        self.supervisor._take = checked  # type: ignore[method-assign]
        self._deadline = time.monotonic() + remaining()
        players = threading.Thread(target=self._play, args=(play,))
        players.start()
        try:
            self.supervisor.run()
        finally:
            self._deadline = 0.0
            players.join()
        if self._failure is not None:
            raise self._failure

    def turn(self) -> None:
        """All honest peers do one small thing."""
        if time.monotonic() > self._deadline:
            raise TimeoutError("it does not come to an end")
        self.world.turn()
        if self.listener is not None:
            self.listener.turn()
        time.sleep(0)

    def until(self, condition: Callable[[], bool]) -> None:
        """All honest peers go on until something is true."""
        while not condition():
            self.turn()

    def until_heard(self, sockets: Sequence[zmq.Socket[bytes]]) -> None:
        """All honest peers go on until all that these (of different names) have sent was acted on."""
        self._fences.clear()
        for socket in sockets:
            socket.send(pack(FENCE))
        self.until(lambda: len(self._fences) == len(sockets))

    def close(self) -> None:
        for socket in self._sockets:
            socket.close(0)
        self._context.term()
        self.supervisor.core.hub.close(linger_seconds=0)
        signal.set_wakeup_fd(-1)
        self.supervisor._signals.wake.close()
        self.supervisor._signals._wake_write.close()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._run_directory.remove()

    def _play(self, play: Callable[[Stage], None]) -> None:
        try:
            play(self)
            self.is_over = True
            self.peer(b"client.last").send(pack(Control(action="shutdown")))
            self.until(lambda: self.supervisor.core.table.is_empty)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            self._failure = error
            os.kill(os.getpid(), signal.SIGTERM)


def _taken(socket: zmq.Socket[bytes]) -> bytes | None:
    try:
        return socket.recv(zmq.NOBLOCK)
    except zmq.Again:
        return None


@contextlib.contextmanager
def new_stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage in a directory with a short name."""
    folder = Path(tempfile.mkdtemp(prefix="vs-"))
    monkeypatch.setenv("VOICESTREAM_LOG_DIR", str(folder / "log"))
    monkeypatch.setattr(table, "WorkerProcess", StandIn)
    stage = Stage(folder)
    try:
        yield stage
    finally:
        stage.close()
        shutil.rmtree(folder)
