"""A process that has become the supervisor of a run directory and is none.

    python -P tests/helpers/faults/fake_supervisor.py RUN_DIRECTORY MANNER

Manners: ``silent``; ``garbage``, ``huge``, ``wrong`` (frames without end, from the first word of a client on); ``turns
bad`` (opens the session, then garbage, and messages nobody asked for, then ends); ``lets go`` (opens the session, then
ends); ``ends in order`` (opens the session, and with the client's next word sends many events and the end of the
session, and ends); ``older`` (answers as a supervisor of the version before, whose messages carried no number). It
prints a line once clients can come.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgpack
import zmq

from helpers.faults.hostile import Draw
from helpers.supervisor.any_message import MESSAGE_TYPES
from voicestream.protocol.messages import Beat, Counts, Refused, SessionClosed, SessionEvent, SessionOpened
from voicestream.protocol.run_directory import RunDirectory
from voicestream.protocol.transport import MAX_FRAME_BYTES, pack
from voicestream.supervisor.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMES_AT_A_TIME = 100

EVENTS = 5_000
"""More than a client handles before it looks at its connection again."""

PAUSE_SECONDS = 0.005

OLDER = msgpack.packb({"type": "SessionOpened", "session": "s1", "pid": 1, "translator": "none", "tts": "none"})


def many_events(hub: Hub) -> Iterator[bytes]:
    """Events, and the end of the session, when the client has said more."""
    hub.socket.poll()
    yield from [pack(SessionEvent(session="s1", event="playback_started", time=0.0, sentence=0))] * EVENTS
    yield pack(SessionClosed(session="s1", counts=Counts(), exit_code=0))


def nonsense(_hub: Hub) -> Iterator[bytes]:
    """Garbage, and messages of all kinds but for the end of a session: that would be believed, whatever it says."""
    draw = Draw(random.Random(1), kinds=[kind for kind in MESSAGE_TYPES if kind is not SessionClosed])
    for _ in range(2_000):
        yield draw.frame()


LAST_FRAMES = {"ends in order": many_events, "turns bad": nonsense}


def main(folder: Path, manner: str) -> None:
    run_directory = RunDirectory(folder)
    run_directory.prepare()
    assert run_directory.acquire()
    hub = Hub(run_directory.hub)
    print("ready", flush=True)
    client, _ = hub.socket.recv_multipart()
    opened = pack(SessionOpened(session="s1", pid=os.getpid(), translator="none", tts="none"))
    refused = pack(Refused(text="not today", exit_code=78, code="not_available"))
    answers = {"turns bad": opened, "lets go": opened, "ends in order": opened, "older": OLDER, "refuses": refused}
    if manner in answers:
        hub.socket.send_multipart((client, answers[manner]))
    if manner in ("lets go", "older", "refuses"):
        hub.socket.poll()
        hub.close(linger_seconds=1)
        return
    if manner in LAST_FRAMES:
        for frame in LAST_FRAMES[manner](hub):
            hub.socket.send_multipart((client, frame))
        hub.close(linger_seconds=10)
        return
    frames = {
        "silent": [],
        "garbage": [b"\xc1" * 50],
        "huge": [bytes(MAX_FRAME_BYTES + 1)],
        "wrong": [pack(Beat())],
    }[manner]
    while frames:
        for frame in frames * (FRAMES_AT_A_TIME // len(frames) or 1):
            try:
                hub.socket.send_multipart((client, frame))
            except zmq.ZMQError:
                return  # it has gone
        if manner == "huge":
            time.sleep(PAUSE_SECONDS)  # 100 frames of a megabyte at a time are enough
    hub.socket.poll()
    while True:
        hub.socket.recv_multipart()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
