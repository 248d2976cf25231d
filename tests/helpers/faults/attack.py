"""A hostile process: sends random frames to a hub, as fast as it takes them.

    python -P tests/helpers/faults/attack.py HUB --frames=500000 --seed=1 [--name=tts.2]
        [--pool=100 | --unread | --huge=2000] [--pause=0.001]

``--pool``: draw so many frames and send them again and again, which is faster. ``--unread``: ask for the status all the
time, and never read an answer. ``--huge``: frames of so many bytes. ``--pause``: seconds after each frame. Silence, a
restart and the end, which a client may wish for, are not among the frames.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import zmq

from helpers.faults.hostile import HARMLESS, Draw
from voicestream.protocol.messages import StatusRequest
from voicestream.protocol.transport import pack

WAITING_FRAMES = 1_000
"""Beyond that it waits for the hub: its own memory is not what is to be tried."""

LAST_FRAMES_MILLISECONDS = 60_000

ONE_PART = 0.97
"""Share of messages that have one part, as all honest ones have."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("hub", type=Path)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--name", default="")
    parser.add_argument("--pool", type=int, default=0)
    parser.add_argument("--unread", action="store_true")
    parser.add_argument("--huge", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.0)
    found = parser.parse_args()
    draw = Draw(random.Random(found.seed), kinds=HARMLESS)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    name = found.name or f"attacker.{found.seed}"
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.IDENTITY, name.encode())
    socket.setsockopt(zmq.LINGER, LAST_FRAMES_MILLISECONDS)
    socket.setsockopt(zmq.SNDHWM, WAITING_FRAMES)
    if found.unread:
        socket.setsockopt(zmq.RCVHWM, 1)
    if found.huge:
        socket.setsockopt(zmq.SNDHWM, 1)
    socket.connect(f"ipc://{found.hub}")
    pool = [draw.frame() for _ in range(found.pool)]
    if found.unread:
        pool = [pack(StatusRequest())]
    if found.huge:
        pool = [bytes(found.huge)]
    for number in range(found.frames):
        if pool:
            socket.send(pool[number % len(pool)])
        else:
            socket.send_multipart([draw.frame() for _ in range(1 if draw.rng.random() < ONE_PART else 3)])
        while not found.unread and socket.poll(0):
            socket.recv()
        if found.pause:
            time.sleep(found.pause)
    socket.close()
    context.term()


if __name__ == "__main__":
    main()
