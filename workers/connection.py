"""A worker's end of its one link to the supervisor.

A thread owns the socket: it beats, notices the supervisor's death and sorts what arrives, so that a worker whose main
thread sits in a model for seconds is still alive to the outside and can still be cancelled. The main thread takes
messages from ``receive`` in the order in which they were sent and answers with ``send``.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import queue
import threading
import time
from typing import TYPE_CHECKING, Final

import zmq

from voicestream import lifeline
from voicestream.errors import ProtocolError
from voicestream.link import is_to_worker, pack, peer_socket, poll_milliseconds, unpack
from voicestream.messages import Beat, Cancel, Drain, Silence, Stop

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from voicestream.messages import FromWorker, ToWorker

BEAT_SECONDS: Final = 1.0
"""Well below the supervisor's limit for silence (10 s, pitfall 32)."""

LINGER_MILLISECONDS: Final = 1000
"""A last WorkFailed or Stopping still gets out (pitfall 15)."""

_log = logging.getLogger(__name__)


class Connection:
    """The link of one worker process; ``start`` it, then ``receive`` and ``send`` from the main thread."""

    def __init__(self, hub: Path, identity: str, parent: socket.socket) -> None:
        self._hub = hub
        self._identity = identity
        self._parent = parent
        self._inbox: queue.SimpleQueue[ToWorker] = queue.SimpleQueue()
        self._outbox: collections.deque[bytes] = collections.deque()
        self._wake_read, self._wake_write = _wake_pipe()
        self._cancelled: set[tuple[str, int | None]] = set()
        self._closing = threading.Event()
        self.stopping: Final = threading.Event()
        """Set when the worker is to end now: leave the job in hand."""
        self.draining: Final = threading.Event()
        """Set when the worker is to end after the job in hand."""
        self._thread = threading.Thread(target=self._serve, name="link", daemon=True)

    def start(self) -> None:
        """Connect, and beat from now on."""
        self._thread.start()

    def send(self, message: FromWorker) -> None:
        """Send a message to the supervisor; never blocks."""
        # Packed here: what cannot be packed is an error of the caller, not the end of the thread that beats.
        self._outbox.append(pack(message))
        self._wake()

    def receive(self, timeout_seconds: float | None = None) -> ToWorker | None:
        """The next message for the main thread; None when the time is up. Stop and Drain arrive here, too."""
        try:
            return self._inbox.get(timeout=timeout_seconds)
        except queue.Empty:
            return None

    def is_cancelled(self, session: str, sentence: int) -> bool:
        """Whether the supervisor has taken this sentence back since it was sent."""
        return (session, sentence) in self._cancelled or (session, None) in self._cancelled

    def forget_cancelled(self, session: str, sentence: int | None) -> None:
        """The cancellation was acted on; the next sending of the same sentence counts again."""
        self._cancelled.discard((session, sentence))

    def request_stop(self) -> None:
        """End as if the supervisor had said Stop (for signal handlers: takes no lock of ours)."""
        self.stopping.set()
        self._inbox.put(Stop())

    def close(self) -> None:
        """Send what is still waiting, then disconnect."""
        self._closing.set()
        self._wake()
        self._thread.join(timeout=LINGER_MILLISECONDS / 1000 + 0.5)

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes the thread as well
            os.write(self._wake_write, b"\0")

    def _serve(self) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        dealer = peer_socket(context, self._hub, self._identity.encode(), linger_milliseconds=LINGER_MILLISECONDS)
        poller = zmq.Poller()
        poller.register(dealer, zmq.POLLIN)
        poller.register(self._wake_read, zmq.POLLIN)
        poller.register(self._parent, zmq.POLLIN)
        next_beat = time.monotonic() + BEAT_SECONDS
        while True:
            ready = dict(poller.poll(poll_milliseconds(next_beat - time.monotonic())))
            if self._parent.fileno() in ready and lifeline.is_cut(self._parent):
                # The supervisor is gone: nobody can hear us, and nobody else would end us.
                os._exit(0)
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            if dealer in ready:
                self._take(dealer)
            if time.monotonic() >= next_beat:
                dealer.send(pack(Beat()))
                next_beat = time.monotonic() + BEAT_SECONDS
            while self._outbox:
                dealer.send(self._outbox.popleft())
            if self._closing.is_set() and not self._outbox:
                break
        context.destroy(linger=LINGER_MILLISECONDS)

    def _take(self, dealer: zmq.Socket[bytes]) -> None:
        while True:
            try:
                frames = dealer.recv_multipart(zmq.NOBLOCK)
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
            self._inbox.put(message)


def _wake_pipe() -> tuple[int, int]:
    """A pipe that blocks neither its reader nor its writer."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write
