"""Two versions of voicestream at one socket: each notices at once, says so, and the user can get out of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgpack
import zmq

from helpers.faults.faking import faked
from helpers.process.running import line, wait_until
from voicestream.client.connection import ANSWER_SECONDS
from voicestream.errors import EXIT_CONFIGURATION
from voicestream.protocol.messages import PROTOCOL_VERSION

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

OLDER = {"type": "OpenSession", "pid": 1, "options": {"what": "nobody knows"}}
"""Of the version whose messages carried no number."""

NEWER = {"type": "OpenStream", "protocol": PROTOCOL_VERSION + 1}


def answer_to(place: Voicestream, message: dict[str, Any]) -> dict[str, Any]:
    """What the supervisor answers to a frame."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(f"ipc://{place.runtime / 'hub'}")
        socket.send(msgpack.packb(message))
        assert socket.poll(ANSWER_SECONDS * 1000), "no answer"
        answer: dict[str, Any] = msgpack.unpackb(socket.recv())
        return answer


def test_a_run_notices_a_supervisor_of_another_version_at_once(place: Voicestream) -> None:
    with faked(place, "older"):
        since = time.monotonic()
        done = place.call("run", "--output", "null", stdin=line("Hello."))
    assert done.returncode == EXIT_CONFIGURATION
    assert "the running supervisor is of another version of voicestream" in done.stderr
    assert "Try: voicestream down" in done.stderr
    assert time.monotonic() - since < ANSWER_SECONDS, "it waited for an answer that it knows"


def test_a_client_of_another_version_is_told_at_once_and_its_down_ends_the_supervisor(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    for message in (OLDER, NEWER, {"type": "StatusRequest"}):
        answer = answer_to(place, message)
        # These two fields every version reads.
        assert (answer["type"], answer["exit_code"]) == ("Refused", EXIT_CONFIGURATION)
        assert answer["text"].endswith("Try: voicestream down")
        assert answer["code"] == "other_version"
    status = place.status()
    assert [worker["restarts"] for worker in status["workers"]] == [0, 0, 0, 0]
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with context, context.socket(zmq.DEALER) as socket:
        socket.connect(f"ipc://{place.runtime / 'hub'}")
        socket.send(msgpack.packb({"type": "Control", "action": "shutdown"}))
        wait_until(lambda: not place.runtime.exists(), "the supervisor has ended")
    place.assert_nothing_left()
