"""What all workers do alike: start in the right order, serve one job after another, end in good order.

The order of the start is fixed: fault handler, parent's death, signals, connection, Hello, only then the heavy
imports with Loading, then Ready. So the supervisor knows a worker some milliseconds after its start, however long its
model takes, and a signal during loading is acted on once loading is over.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from voicestream import log
from voicestream.errors import EXIT_CONFIGURATION, EXIT_OK, ConfigurationError
from voicestream.protocol import lifeline
from voicestream.protocol.messages import Drain, Hello, Loading, Ready, Role, Stop, Stopping
from voicestream.protocol.transport import POOL_VARIABLE, WORKER_KEY_VARIABLE, worker_name
from voicestream.workers.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from voicestream.protocol.messages import ToWorker

_log = logging.getLogger(__name__)


STDERR: Final = 2

CLEANERS: Final[frozenset[Role]] = frozenset({"parser", "player"})
"""Roles that outlive a killed supervisor by a moment and remove the name of its shared memory. They run no model, so no
call keeps their second thread from noticing."""


@dataclass(frozen=True)
class Assignment:
    """What the supervisor told this process on its command line."""

    role: Role
    incarnation: int
    hub: Path
    parent_pid: int
    lifeline: int
    """Descriptor of our end."""
    engine: str
    """Name of the engine to load; roles without a choice ignore it."""
    pool: int | str | None
    """Name or descriptor of the audio pool. Roles that touch no sound know only a name, to remove it one day."""

    key: str = ""
    """The part of our name on the hub that nobody else can guess; empty if there is none."""
    language: str = ""
    """Base language that a voice engine chosen by ``auto`` is to speak; empty = any."""
    log: int = STDERR
    """Descriptor to which log lines are written."""

    @property
    def identity(self) -> str:
        """Name on the wire, never used twice."""
        return worker_name(self.role, self.incarnation, self.key)


class Worker(Protocol):
    """One role's work: the harness calls ``load`` once, then ``handle`` for each message, then ``close``."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Import and load what is heavy; ``report(stage, progress)`` along the way.

        Raises:
            ConfigurationError: trying again cannot help; the process ends with exit code 78.
        """
        ...

    def handle(self, message: ToWorker) -> None:
        """Do one job. What it raises is a defect: the process ends and the supervisor starts another."""
        ...

    def idle_seconds(self) -> float | None:
        """How long the harness may wait for a message before it calls ``tick``; None = for ever."""
        ...

    def tick(self) -> None:
        """Something to do while no message came."""
        ...

    def drain(self) -> None:
        """Finish what was begun: the process ends after this."""
        ...

    def close(self) -> None:
        """Let go of devices, files and programs."""
        ...


class JobWorker:
    """Base of the workers that only ever act on messages."""

    def idle_seconds(self) -> float | None:
        """Wait for ever: there is nothing to do between messages."""
        return None

    def tick(self) -> None:
        """Nothing to do between messages."""

    def drain(self) -> None:
        """A job in hand is finished before this is called."""

    def close(self) -> None:
        """Nothing to let go of."""


def main(role: Role, build: Callable[[Assignment, Connection], Worker], arguments: Sequence[str]) -> int:
    """Run a worker process from its command line to its end; returns the exit code."""
    # Imported modules are never garbage. Without them, the collection at exit is short.
    gc.freeze()
    faulthandler.enable()
    assignment = _parse(role, arguments)
    parent = socket.socket(fileno=assignment.lifeline)
    parent.setblocking(False)
    os.set_inheritable(parent.fileno(), False)

    def orphaned() -> None:
        remove_segment(assignment.pool)

    lifeline.die_with(assignment.parent_pid, signal.SIGCONT if role in CLEANERS else signal.SIGKILL, orphaned)
    if assignment.log != STDERR:
        os.set_inheritable(assignment.log, False)
    log.to_descriptor(assignment.log, f"{role}.{assignment.incarnation}")
    log.log_uncaught()
    faulthandler.enable(assignment.log)

    connection = Connection(assignment.hub, assignment.identity, parent, orphaned)

    def end(_signal: int, _frame: FrameType | None) -> None:
        connection.request_stop()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    connection.start()
    connection.send(Hello(role=role, incarnation=assignment.incarnation, pid=os.getpid()))
    try:
        return _serve(role, build(assignment, connection), connection)
    finally:
        connection.close()


def remove_segment(pool: int | str | None) -> None:
    """After the end of the supervisor: remove the name of its shared memory, if it has one."""
    if isinstance(pool, str):
        # Not at the top: every worker would take longer to start for what almost never happens.
        from voicestream.protocol import untracked_memory

        untracked_memory.remove(pool)


def _serve(role: Role, worker: Worker, connection: Connection) -> int:
    def report(stage: str, progress: float | None = None) -> None:
        connection.send(Loading(stage=stage, progress=progress))

    try:
        ready = worker.load(report)
    except ConfigurationError as error:
        _log.error("state=failed reason=%r", error.for_people())
        connection.send(Stopping(reason=error.for_people(), exit_code=EXIT_CONFIGURATION))
        return EXIT_CONFIGURATION
    if role not in log.WORDLESS_ROLES:
        _hide_content()
    connection.send(ready)
    _log.info("state=ready engine=%s device=%s", ready.engine, ready.device)
    try:
        reason = _work(worker, connection)
    finally:
        worker.close()
    connection.send(Stopping(reason=reason))
    _log.info("state=stopping reason=%s", reason)
    return EXIT_OK


def _hide_content() -> None:
    """Before the first sentence can come: what was printed until now is logged, and nothing that is printed later."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # an engine has closed or replaced it
            stream.flush()
    log.hide_content()


def _work(worker: Worker, connection: Connection) -> str:
    """Serve until told to end; returns which word ended it."""
    while not connection.stopping.is_set():
        draining = connection.draining.is_set()
        message = connection.receive(0 if draining else worker.idle_seconds())
        if isinstance(message, Stop):
            break
        # A job that waits for something may have taken the Drain itself out of the queue: it counts once that is empty.
        if isinstance(message, Drain) or (message is None and draining):
            worker.drain()
            return "drain"
        if message is None:
            worker.tick()
        else:
            worker.handle(message)
    return "stop"


def _parse(role: Role, arguments: Sequence[str]) -> Assignment:
    parser = argparse.ArgumentParser(prog=f"voicestream {role} worker")
    parser.add_argument("--incarnation", type=int, required=True)
    parser.add_argument("--hub", type=Path, required=True)
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--language", default="")
    parser.add_argument("--log", type=int, default=STDERR)
    found = parser.parse_args(arguments)
    return Assignment(
        role=role,
        incarnation=cast("int", found.incarnation),
        hub=cast("Path", found.hub),
        parent_pid=cast("int", found.parent_pid),
        lifeline=cast("int", found.lifeline),
        engine=cast("str", found.engine),
        pool=_pool(os.environ.get(POOL_VARIABLE, "")),
        key=os.environ.get(WORKER_KEY_VARIABLE, ""),
        language=cast("str", found.language),
        log=cast("int", found.log),
    )


def _pool(text: str) -> int | str | None:
    return int(text) if text.isdecimal() else text or None
