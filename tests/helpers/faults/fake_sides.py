"""``python fake_sides.py ROLE WORK FLAG``: a side of a shared device that computes nothing, but does as it is told."""

from __future__ import annotations

import sys
import time

from voicestream.bench.gpu.contention_process import reply_stream, serve

MORTAL = "its last words"
"""In what is to be spoken: it ends as soon as it is always to work."""


class Side:
    """Says when it does something."""

    device = "none"

    def once(self) -> list[float]:
        time.sleep(0.02)
        return [1.0, 2.0]

    def turn(self, beside: str) -> None:  # noqa: ARG002 - it has one way
        if MORTAL in sys.argv[2]:
            raise SystemExit(7)
        time.sleep(0.001)


if __name__ == "__main__":
    with reply_stream() as reply:
        print("what a library says")
        reply({"device": f"{sys.argv[1]} {Side.device}"})
        serve(Side(), reply)
