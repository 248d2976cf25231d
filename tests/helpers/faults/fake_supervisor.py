"""A process that has become the supervisor of a run directory and is none.

    python -P tests/helpers/faults/fake_supervisor.py RUN_DIRECTORY MANNER

Manners: ``silent``; ``garbage``, ``huge``, ``wrong`` (frames without end, from the first word of a client on); ``turns
bad`` (opens the session, then garbage, and messages nobody asked for, then ends); ``lets go`` (opens the session, then
ends); ``older`` (answers as a supervisor of the version before, whose messages carried no number). It prints a line
once clients can come.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgpack
import zmq

from helpers.faults.hostile import Draw
from helpers.supervisor.any_message import MESSAGE_TYPES
from voicestream.protocol.messages import Beat, Refused, SessionClosed, SessionOpened
from voicestream.protocol.run_directory import RunDirectory
from voicestream.protocol.transport import MAX_FRAME_BYTES, pack
from voicestream.supervisor.hub import Hub

FRAMES_AT_A_TIME = 100

PAUSE_SECONDS = 0.005

OLDER = msgpack.packb({"type": "SessionOpened", "session": "s1", "pid": 1, "translator": "none", "tts": "none"})


def main(folder: Path, manner: str) -> None:
    run_directory = RunDirectory(folder)
    run_directory.prepare()
    assert run_directory.acquire()
    hub = Hub(run_directory.hub)
    print("ready", flush=True)
    client, _ = hub.socket.recv_multipart()
    opened = pack(SessionOpened(session="s1", pid=os.getpid(), translator="none", tts="none"))
    refused = pack(Refused(text="not today", exit_code=78, code="not_available"))
    answers = {"turns bad": opened, "lets go": opened, "older": OLDER, "refuses": refused}
    if manner in answers:
        hub.socket.send_multipart((client, answers[manner]))
    if manner in ("lets go", "older", "refuses"):
        hub.socket.poll()
        hub.close(linger_seconds=1)
        return
    # Not the end of a session: that would be believed, whatever it says.
    draw = Draw(random.Random(1), kinds=[kind for kind in MESSAGE_TYPES if kind is not SessionClosed])
    if manner == "turns bad":
        for _ in range(2_000):
            hub.socket.send_multipart((client, draw.frame()))
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
