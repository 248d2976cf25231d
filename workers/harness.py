"""Worker harness: start, message loop and shutdown that all workers share.

The order of the start is fixed: fault handler, parent-death signal, signal handlers, connection, Hello, then the heavy
imports with Loading, then Ready. So the supervisor knows a worker some milliseconds after its start, however long its
model takes to load, and a signal during loading is handled after it.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import functools
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from voicestream import log
from voicestream.errors import EXIT_CONFIGURATION, EXIT_OK, ConfigurationError
from voicestream.protocol import lifeline
from voicestream.protocol.messages import Drain, Hello, Loading, Ready, Role, Stop, Stopping
from voicestream.protocol.transport import POOL_VARIABLE, WORKER_KEY_VARIABLE, worker_name
from voicestream.records import FrozenRecord
from voicestream.workers.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from voicestream.protocol.messages import ToWorker

_log = logging.getLogger(__name__)


STDERR: Final = 2

CLEANERS: Final[frozenset[Role]] = frozenset({"parser", "player"})
"""Roles that outlive a killed supervisor briefly, to remove the name of its shared memory. They run no model, so no
long call blocks their background thread."""


class Assignment(FrozenRecord, frozen=True):
    """Parameters of a worker process, from its command line and environment."""

    role: Role
    incarnation: int
    hub: Path
    parent_pid: int
    lifeline: int
    """Descriptor of this end of the lifeline."""
    engine: str
    """Name of the engine to load; roles without a choice ignore it."""
    pool: int | str | None
    """Name or descriptor of the audio pool. Roles without audio know only its name, to remove it."""

    key: str = ""
    """Secret part of the name on the hub; empty if there is none."""
    language: str = ""
    """Base language that a voice engine chosen by ``auto`` is to speak; empty = any."""
    log: int = STDERR
    """Descriptor of the log."""

    @property
    def identity(self) -> str:
        """Unique name on the wire."""
        return worker_name(self.role, self.incarnation, self.key)


class Worker(Protocol):
    """Work of a role: the harness calls ``load`` once, then ``handle`` for each message, then ``close``."""

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        """Load models and libraries, with ``report(stage, progress)``.

        Raises:
            ConfigurationError: a retry cannot help; the process exits with 78.
        """
        ...

    def handle(self, message: ToWorker) -> None:
        """Process one message. An exception is a defect: the process exits, and the supervisor starts another."""
        ...

    def idle_seconds(self) -> float | None:
        """Return the time without a message after which ``tick`` is called; None: never."""
        ...

    def tick(self) -> None:
        """Work without a message."""
        ...

    def drain(self) -> None:
        """Finish the current work: the process exits afterwards."""
        ...

    def close(self) -> None:
        """Release devices, files and processes."""
        ...


class JobWorker:
    """Base of workers that act on messages only."""

    def idle_seconds(self) -> float | None:
        """Return None: there is no work between messages."""
        return None

    def tick(self) -> None:
        """Do nothing."""

    def drain(self) -> None:
        """Do nothing: the current job is finished before this call."""

    def close(self) -> None:
        """Do nothing."""


def main(role: Role, build: Callable[[Assignment, Connection], Worker], arguments: Sequence[str]) -> int:
    """Run a worker process, and return its exit code."""
    # Imported modules are never garbage. Without them, the collection at exit is short.
    gc.freeze()
    gc.enable()
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
    """Remove the name of the shared memory after the end of the supervisor."""
    if isinstance(pool, str):
        # Imported here, because it would slow down the start of every worker.
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
        reason = _run_loop(worker, connection)
    finally:
        worker.close()
    connection.send(Stopping(reason=reason))
    _log.info("state=stopping reason=%s", reason)
    return EXIT_OK


def _hide_content() -> None:
    """Log what was printed so far; output after this may contain sentences, and is not logged."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # an engine closed or replaced it
            stream.flush()
    log.hide_content()


def _run_loop(worker: Worker, connection: Connection) -> str:
    """Process messages until the end; return its reason, ``stop`` or ``drain``."""
    while not connection.stopping.is_set():
        draining = connection.draining.is_set()
        message = connection.receive(0 if draining else worker.idle_seconds())
        if isinstance(message, Stop):
            break
        # A job that waits for a message may have consumed the Drain itself: it applies once the queue is empty.
        if isinstance(message, Drain) or (message is None and draining):
            worker.drain()
            return "drain"
        if message is None:
            worker.tick()
        else:
            worker.handle(message)
    return "stop"


def _parse(role: Role, arguments: Sequence[str]) -> Assignment:
    # Without a width each argument asks for that of the terminal, which imports shutil with its compressors.
    formatter = functools.partial(argparse.HelpFormatter, width=80)
    parser = argparse.ArgumentParser(prog=f"voicestream {role} worker", formatter_class=formatter)
    parser.add_argument("--incarnation", type=int, required=True)
    parser.add_argument("--hub", type=Path, required=True)
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--language", default="")
    parser.add_argument("--log", type=int, default=STDERR)
    parsed = parser.parse_args(arguments)
    return Assignment(
        role=role,
        incarnation=cast("int", parsed.incarnation),
        hub=cast("Path", parsed.hub),
        parent_pid=cast("int", parsed.parent_pid),
        lifeline=cast("int", parsed.lifeline),
        engine=cast("str", parsed.engine),
        pool=_pool(os.environ.get(POOL_VARIABLE, "")),
        key=os.environ.get(WORKER_KEY_VARIABLE, ""),
        language=cast("str", parsed.language),
        log=cast("int", parsed.log),
    )


def _pool(text: str) -> int | str | None:
    return int(text) if text.isdecimal() else text or None
