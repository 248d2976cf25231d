"""Connection of a worker to the supervisor, with heartbeats and cancellation during long jobs.

One thread uses the socket at a time. While the worker waits for a message, it is the main thread, so that a message
reaches the job without a thread switch. While the main thread is busy for longer than a moment, a background thread
takes over: it sends heartbeats, detects the death of the supervisor and receives messages. So a worker whose main
thread is in a model for seconds stays alive to the supervisor, and can be cancelled. Passing every message between
threads instead would cost 0.1 to 0.15 ms a message.

The main thread gets messages from ``receive`` in the order of sending; any thread may ``send``.
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

HEARTBEAT_SECONDS: Final = 1.0
"""Heartbeat interval, well below the heartbeat timeout of the supervisor (10 s)."""

TAKEOVER_SECONDS: Final = 0.02
"""Time that the main thread may be busy before the background thread takes over, and so the maximum delay of a Stop.
Most jobs of a parser or player are shorter, so that the threads do not contend."""

IDLE_SECONDS: Final = 1.0
"""Time without a message after which the background thread sleeps until the next one, to save CPU."""

LINGER_MILLISECONDS: Final = 1000
"""Time for a last WorkFailed or Stopping to be sent."""

_log = logging.getLogger(__name__)


def _do_nothing() -> None:
    """Do nothing: there is nothing to clean up."""


class Flag:
    """Lock-free flag, safe to set in signal handlers.

    ``threading.Event`` has a lock, which the interrupted thread may hold.
    """

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        """Set the flag."""
        self._is_set = True

    def is_set(self) -> bool:
        """Return whether the flag is set."""
        return self._is_set


class Connection:
    """Connection of one worker process: ``start``, then ``receive`` from the main thread and ``send`` from any."""

    def __init__(
        self, hub: Path, identity: str, parent: socket.socket, orphaned: Callable[[], None] = _do_nothing
    ) -> None:
        """Prepare the connection; nothing is sent before ``start``.

        Args:
            hub: socket path of the supervisor.
            identity: name of this worker.
            parent: this end of the lifeline.
            orphaned: called before the exit when the supervisor is gone.
        """
        self._parent = parent
        self._orphaned = orphaned
        self._inbox: collections.deque[ToWorker] = collections.deque()
        self._outbox: collections.deque[bytes] = collections.deque()
        self._wake_read, self._wake_write = _wake_pipe()
        self._cancelled: set[tuple[str, int | None]] = set()
        self._closing = threading.Event()
        self.stopping: Final = Flag()
        """Set when the worker must stop now, and abandon the current job."""
        self.draining: Final = threading.Event()
        """Set when the worker must stop after the current job."""
        self._hub = hub
        self._identity = identity
        self._in_use = threading.Lock()
        """Held by the thread that uses the socket and the following attributes."""
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._dealer: zmq.Socket[bytes] | None = None
        self._poller = zmq.Poller()
        self._heartbeat_at = 0.0
        self._busy_since: float | None = 0.0
        """Time since which the main thread is busy; None while it waits for a message (written by the main thread)."""
        self._waiting_since = 0.0
        self._is_sleeping = False
        """True if the background thread sleeps until it is woken."""
        self._wake_thread = threading.Event()
        self._thread = threading.Thread(target=self._run_background, name="link", daemon=True)

    def start(self) -> None:
        """Connect, and start the heartbeats."""
        self._context = zmq.Context()
        identity = self._identity.encode()
        self._dealer = peer_socket(self._context, self._hub, identity, linger_milliseconds=LINGER_MILLISECONDS)
        for source in (self._dealer, self._wake_read, self._parent):
            self._poller.register(source, zmq.POLLIN)
        self._busy_since = time.monotonic()
        self._heartbeat_at = self._busy_since + HEARTBEAT_SECONDS
        self._thread.start()

    def send(self, message: FromWorker) -> None:
        """Send a message to the supervisor; never blocks."""
        # Packed here, so that a message that cannot be packed is an error of the caller, not of the background thread.
        self._outbox.append(pack(truncate(message)))
        if self._in_use.acquire(blocking=False):
            try:
                self._flush()
            finally:
                self._in_use.release()
        else:
            self._wake()

    def receive(self, timeout_seconds: float | None = None) -> ToWorker | None:
        """Return the next message, also Stop and Drain; None after the timeout."""
        self._waiting_since = time.monotonic()
        until = math.inf if timeout_seconds is None else self._waiting_since + timeout_seconds
        self._busy_since = None
        if not self._in_use.acquire(blocking=False):
            self._wake()
            self._in_use.acquire()
        try:
            # Also with pending messages: a Stop may follow them.
            self._poll_once(0.0 if self._inbox else until)
            while not self._inbox and time.monotonic() < until:
                self._poll_once(until)
            return self._inbox.popleft() if self._inbox else None
        finally:
            self._in_use.release()
            self._busy_since = time.monotonic()
            if self._is_sleeping:
                self._wake_thread.set()

    def is_cancelled(self, session: str, sentence: int) -> bool:
        """Return whether the supervisor cancelled this sentence since it was sent."""
        if self._in_use.acquire(blocking=False):
            try:
                self._receive_pending()
            finally:
                self._in_use.release()
        return (session, sentence) in self._cancelled or (session, None) in self._cancelled

    def forget_cancelled(self, session: str, sentence: int | None) -> None:
        """Clear a cancellation that was handled, so that the sentence can be sent again."""
        self._cancelled.discard((session, sentence))

    def request_stop(self) -> None:
        """Stop as after a Stop message; safe in signal handlers, because it takes no lock."""
        self.stopping.set()
        self._inbox.append(Stop())
        self._wake()

    def close(self) -> None:
        """Send pending messages, then disconnect."""
        self._closing.set()
        self._wake_thread.set()
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
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes the reader, too
            os.write(self._wake_write, b"\0")

    def _run_background(self) -> None:
        """Run the background thread, which uses the socket while the main thread is busy."""
        while not self._closing.is_set():
            busy_since, now = self._busy_since, time.monotonic()
            if busy_since is None:
                self._wait_while_idle(now)
            elif now < busy_since + TAKEOVER_SECONDS:
                self._closing.wait(busy_since + TAKEOVER_SECONDS - now)
            elif self._in_use.acquire(blocking=False):
                try:
                    while self._busy_since is not None and not self._closing.is_set():
                        self._poll_once(math.inf)
                finally:
                    self._in_use.release()
            else:
                # The main thread is sending. Waiting for the lock would acquire it between jobs, at the wrong time.
                self._closing.wait(TAKEOVER_SECONDS)

    def _wait_while_idle(self, now: float) -> None:
        """Wait while the main thread has the socket: for a moment, or if it is idle, until its next job."""
        if now < self._waiting_since + IDLE_SECONDS:
            self._closing.wait(TAKEOVER_SECONDS)
            return
        self._wake_thread.clear()
        self._is_sleeping = True
        # Checked after the flag was set; the main thread checks them in the opposite order, so one sees the other.
        if self._busy_since is None and not self._closing.is_set():
            self._wake_thread.wait()
        self._is_sleeping = False

    def _poll_once(self, until: float) -> None:
        """Poll once, at most ``until``, and handle what is due; for the thread that holds the socket."""
        wait_seconds = min(until, self._heartbeat_at) - time.monotonic()
        ready = dict(self._poller.poll(poll_milliseconds(wait_seconds)))
        if self._parent.fileno() in ready and lifeline.is_cut(self._parent):
            # The supervisor is gone, so nobody else would end this process.
            try:
                self._orphaned()
            finally:
                os._exit(0)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if self._dealer in ready:
            self._receive_pending()
        if time.monotonic() >= self._heartbeat_at:
            self._outbox.append(pack(Beat()))
            self._heartbeat_at = time.monotonic() + HEARTBEAT_SECONDS
        self._flush()

    def _flush(self) -> None:
        while self._outbox and self._dealer is not None:
            self._dealer.send(self._outbox.popleft())

    def _receive_pending(self) -> None:
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
                    pass  # handled in order, by the main thread
            self._inbox.append(message)


def _wake_pipe() -> tuple[int, int]:
    """Return a non-blocking pipe."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write
