"""Hub of the supervisor: the ROUTER socket to which every worker and every client connects."""

from __future__ import annotations

import collections
import errno
import logging
import re
import time
from typing import TYPE_CHECKING, Final

import zmq

from voicestream.errors import OtherVersionError, ProtocolError
from voicestream.protocol.transport import hub_socket, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicestream.protocol.messages import Message

MAX_FRAMES_A_TURN: Final = 64
"""Frames received per turn of the loop, so that a flood does not delay other work."""

MAX_SECONDS_A_TURN: Final = 0.02
"""Seconds per turn for receiving frames; decoding a megabyte of small values takes about 10 ms."""

LOGGED_DROPS: Final = 20
"""Dropped frames that are logged one by one. Later, every thousandth is logged, so that a flood cannot fill the disk.
"""

_ROUTER_PARTS: Final = 2
"""Identity and frame."""

_PEER: Final = re.compile(rb"[a-z]{1,12}\.\d{1,10}(?:\.[0-9a-f]{1,16})?")
"""Pattern of the peer names of workers and clients of this project."""

_log = logging.getLogger(__name__)


class Hub:
    """A ROUTER bound in the run directory."""

    def __init__(self, path: Path) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket: Final = hub_socket(self._context, path)
        self.dropped: Final[collections.Counter[str]] = collections.Counter()
        """Number of dropped frames, by reason."""
        self.refused: Final[collections.deque[tuple[bytes, str]]] = collections.deque(maxlen=LOGGED_DROPS)
        """Peers that sent invalid frames, and the reasons; the supervisor reads those of its own workers from here."""

    def send(self, identity: bytes, message: Message) -> bool:
        """Send a message to a peer; return False if the peer is not connected."""
        try:
            self.socket.send_multipart((identity, pack(message)), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno in (errno.EHOSTUNREACH, errno.EAGAIN):
                return False
            raise
        return True

    def receive(self) -> Iterator[tuple[bytes, Message | OtherVersionError]]:
        """Yield received messages, at most ``MAX_FRAMES_A_TURN``; count and drop invalid frames.

        A message of another version of the protocol is given as the error, so that its sender can be answered.
        """
        until = time.monotonic() + MAX_SECONDS_A_TURN
        for _ in range(MAX_FRAMES_A_TURN):
            if time.monotonic() >= until:
                return
            try:
                parts = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(parts) != _ROUTER_PARTS:
                self.drop(parts[0], "parts", f"{len(parts)} parts")
                continue
            try:
                message = unpack(parts[1])
            except OtherVersionError as error:
                yield parts[0], error
            except ProtocolError as error:
                self.drop(parts[0], "malformed", str(error))
                self.refused.append((parts[0], str(error)))
            else:
                yield parts[0], message

    def drop(self, identity: bytes, reason: str, detail: str) -> None:
        """Count a dropped frame, and log it unless many were dropped before.

        Args:
            identity: name of its sender.
            reason: one of few words.
            detail: more of it, without anything that stands in the frame.
        """
        self.dropped[reason] += 1
        total = self.dropped.total()
        if total <= LOGGED_DROPS or total % 1000 == 0:
            peer = identity.decode() if _PEER.fullmatch(identity) else f"a name of {len(identity)} bytes"
            _log.warning("dropped=%d reason=%s peer=%r detail=%.200r", total, reason, peer, detail)

    def close(self, *, linger_seconds: float) -> None:
        """Close the socket; queued frames get this many seconds to be sent (a peer may have ended)."""
        self._context.destroy(linger=round(linger_seconds * 1000))
