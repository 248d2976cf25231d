"""A worker's end of its one link to the supervisor.

The socket has one user at a time. While the worker waits for a message, that is its main thread: nothing stands
between a frame's arrival and the job. While the main thread is busy for longer than a moment, a second thread stands
in for it: it beats, notices the supervisor's death and sorts what arrives, so that a worker whose main thread sits in
a model for seconds is still alive to the outside and can still be cancelled. Handing every frame from one thread to
the other instead costs 0.1 to 0.15 ms a message.

The main thread takes messages from ``receive`` in the order in which they were sent; any thread may ``send``.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import math
import os
import threading
import time
from typing import TYPE_CHECKING, Final

import zmq

from voicestream.errors import ProtocolError
from voicestream.protocol import lifeline
from voicestream.protocol.messages import Beat, Cancel, Drain, Silence, Stop
from voicestream.protocol.transport import is_to_worker, pack, peer_socket, poll_milliseconds, unpack
from voicestream.protocol.truncation import truncate

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from voicestream.protocol.messages import FromWorker, ToWorker

BEAT_SECONDS: Final = 1.0
"""Well below the supervisor's limit for silence (10 s)."""

STAND_IN_SECONDS: Final = 0.02
"""How long the main thread may be busy before the other one stands in for it, and so how late a Stop may be noticed.
Most jobs of a parser or player are shorter, and then the threads do not disturb each other."""

REST_SECONDS: Final = 1.0
"""After so long without a message the second thread sleeps until there is one: a worker that is idle costs nothing."""

LINGER_MILLISECONDS: Final = 1000
"""A last WorkFailed or Stopping still gets out."""

_log = logging.getLogger(__name__)


def _nothing_to_do() -> None:
    """What an orphan does that has nothing to clean up."""


class Flag:
    """Something that has happened, or not yet.

    Unlike ``threading.Event`` it has no lock: a signal handler that sets it may have interrupted just that.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        """It has happened."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether it has."""
        return self._is_set


class Connection:
    """The link of one worker process; ``start`` it, then ``receive`` from the main thread and ``send`` from any."""

    def __init__(
        self, hub: Path, identity: str, parent: socket.socket, orphaned: Callable[[], None] = _nothing_to_do
    ) -> None:
        """Nothing is sent before ``start``.

        Args:
            hub: where the supervisor is.
            identity: our name there.
            parent: our end of the lifeline.
            orphaned: the last thing to do when the supervisor is gone.
        """
        self._parent = parent
        self._orphaned = orphaned
        self._inbox: collections.deque[ToWorker] = collections.deque()
        self._outbox: collections.deque[bytes] = collections.deque()
        self._wake_read, self._wake_write = _wake_pipe()
        self._cancelled: set[tuple[str, int | None]] = set()
        self._closing = threading.Event()
        self.stopping: Final = Flag()
        """Set when the worker is to end now: leave the job in hand."""
        self.draining: Final = threading.Event()
        """Set when the worker is to end after the job in hand."""
        self._hub = hub
        self._identity = identity
        self._in_use = threading.Lock()
        """Held by the thread that uses the socket (and what stands below it)."""
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._dealer: zmq.Socket[bytes] | None = None
        self._poller = zmq.Poller()
        self._beat_at = 0.0
        self._busy_since: float | None = 0.0
        """Since when the main thread does something else than wait for a message; None: it waits (main thread)."""
        self._waiting_since = 0.0
        self._is_resting = False
        """Whether the second thread sleeps until it is called."""
        self._call = threading.Event()
        self._thread = threading.Thread(target=self._stand_in, name="link", daemon=True)

    def start(self) -> None:
        """Connect, and beat from now on."""
        self._context = zmq.Context()
        identity = self._identity.encode()
        self._dealer = peer_socket(self._context, self._hub, identity, linger_milliseconds=LINGER_MILLISECONDS)
        for source in (self._dealer, self._wake_read, self._parent):
            self._poller.register(source, zmq.POLLIN)
        self._busy_since = time.monotonic()
        self._beat_at = self._busy_since + BEAT_SECONDS
        self._thread.start()

    def send(self, message: FromWorker) -> None:
        """Send a message to the supervisor; never blocks."""
        # Packed here: what cannot be packed is an error of the caller, not the end of a thread that beats.
        self._outbox.append(pack(truncate(message)))
        if self._in_use.acquire(blocking=False):
            try:
                self._flush()
            finally:
                self._in_use.release()
        else:
            self._wake()

    def receive(self, timeout_seconds: float | None = None) -> ToWorker | None:
        """The next message for the main thread; None when the time is up. Stop and Drain arrive here, too."""
        self._waiting_since = time.monotonic()
        until = math.inf if timeout_seconds is None else self._waiting_since + timeout_seconds
        self._busy_since = None
        if not self._in_use.acquire(blocking=False):
            self._wake()
            self._in_use.acquire()
        try:
            # Also with messages in hand: there may be a Stop behind them.
            self._turn(0.0 if self._inbox else until)
            while not self._inbox and time.monotonic() < until:
                self._turn(until)
            return self._inbox.popleft() if self._inbox else None
        finally:
            self._in_use.release()
            self._busy_since = time.monotonic()
            if self._is_resting:
                self._call.set()

    def is_cancelled(self, session: str, sentence: int) -> bool:
        """Whether the supervisor has taken this sentence back since it was sent."""
        if self._in_use.acquire(blocking=False):
            try:
                self._take()
            finally:
                self._in_use.release()
        return (session, sentence) in self._cancelled or (session, None) in self._cancelled

    def forget_cancelled(self, session: str, sentence: int | None) -> None:
        """The cancellation was acted on; the next sending of the same sentence counts again."""
        self._cancelled.discard((session, sentence))

    def request_stop(self) -> None:
        """End as if the supervisor had said Stop (for signal handlers: takes no lock)."""
        self.stopping.set()
        self._inbox.append(Stop())
        self._wake()

    def close(self) -> None:
        """Send what is still waiting, then disconnect."""
        self._closing.set()
        self._call.set()
        self._wake()
        if not self._in_use.acquire(timeout=LINGER_MILLISECONDS / 1000):
            return  # another thread is closing it
        try:
            self._flush()
            context, self._context, self._dealer = self._context, None, None
            if context is not None:
                context.destroy(linger=LINGER_MILLISECONDS)
        finally:
            self._in_use.release()
        self._thread.join(LINGER_MILLISECONDS / 1000)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes whoever waits as well
            os.write(self._wake_write, b"\0")

    def _stand_in(self) -> None:
        """The second thread: have the socket whenever the main thread is busy for a while."""
        while not self._closing.is_set():
            busy_since, now = self._busy_since, time.monotonic()
            if busy_since is None:
                self._rest(now)
            elif now < busy_since + STAND_IN_SECONDS:
                self._closing.wait(busy_since + STAND_IN_SECONDS - now)
            elif self._in_use.acquire(blocking=False):
                try:
                    while self._busy_since is not None and not self._closing.is_set():
                        self._turn(math.inf)
                finally:
                    self._in_use.release()
            else:
                # The main thread is just sending. Who waited for the lock would get it at the wrong time: between jobs.
                self._closing.wait(STAND_IN_SECONDS)

    def _rest(self, now: float) -> None:
        """The main thread has the socket; look again soon, or when there was nothing for long, when it has a job."""
        if now < self._waiting_since + REST_SECONDS:
            self._closing.wait(STAND_IN_SECONDS)
            return
        self._call.clear()
        self._is_resting = True
        # Looked at after the flag was set, which the main thread looks at after this: one of us sees the other.
        if self._busy_since is None and not self._closing.is_set():
            self._call.wait()
        self._is_resting = False

    def _turn(self, until: float) -> None:
        """Wait until something happens (at most ``until``), and do what is due; for the thread that has the socket."""
        wait_seconds = min(until, self._beat_at) - time.monotonic()
        ready = dict(self._poller.poll(poll_milliseconds(wait_seconds)))
        if self._parent.fileno() in ready and lifeline.is_cut(self._parent):
            # The supervisor is gone: nobody can hear us, and nobody else would end us.
            try:
                self._orphaned()
            finally:
                os._exit(0)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if self._dealer in ready:
            self._take()
        if time.monotonic() >= self._beat_at:
            self._outbox.append(pack(Beat()))
            self._beat_at = time.monotonic() + BEAT_SECONDS
        self._flush()

    def _flush(self) -> None:
        while self._outbox and self._dealer is not None:
            self._dealer.send(self._outbox.popleft())

    def _take(self) -> None:
        while self._dealer is not None:
            try:
                frames = self._dealer.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                message = unpack(frames[-1])
            except ProtocolError as error:
                _log.warning("dropped a frame: %s", error)
                continue
            if not is_to_worker(message):
                _log.warning("dropped a %s: it is not for workers", type(message).__name__)
                continue
            match message:
                case Stop():
                    self.stopping.set()
                case Drain():
                    self.draining.set()
                case Cancel(session=session, sentence=sentence):
                    self._cancelled.add((session, sentence))
                case Silence(session=session):
                    self._cancelled.add((session, None))
                case _:
                    pass  # nothing that could not wait for its turn
            self._inbox.append(message)


def _wake_pipe() -> tuple[int, int]:
    """A pipe that blocks neither its reader nor its writer."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write
