"""Runs a real server on Ray Serve, kills a replica each second while many listeners hear it, and compares all samples.

    make serve-test
    PYTHONPATH=tests python -P -m helpers.serving [--listeners 40] [--seconds 60] [--replicas 2] [--haproxy]

Also: streams speech to foreign clients, compares the bytes, and looks at ports and at what is left at the end. The exit
code is 1 when anything differs. Run it in a network namespace (`unshare -rn`) with --haproxy, whose page of statistics
listens on all interfaces.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.serving import foreign
from helpers.serving.listeners import Heard, Listeners
from helpers.serving.server import Server, serving

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> int:
    parser = argparse.ArgumentParser(description="A server, its listeners, and killed replicas.")
    parser.add_argument("--listeners", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--stages", nargs="+", default=["speech"], help="stages whose replicas are killed")
    parser.add_argument("--haproxy", action="store_true")
    chosen = parser.parse_args()
    # Ended from outside, it still ends its server.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    wrong: list[str] = []
    options = ["--tts", "espeak", "--gpu", "0", "--replicas", str(chosen.replicas)]
    options += ["--requests", "1000000", "--characters", "100000000", *(["--haproxy"] if chosen.haproxy else [])]
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), *options) as server:
        print(f"listens at {', '.join(sorted(server.listening()))}", flush=True)
        wrong += _foreign(server)
        listeners = Listeners(server, chosen.listeners)
        began = time.monotonic()
        listeners.start()
        killed = _kill(server, chosen.stages, chosen.seconds)
        heard = listeners.stop()
        _show(heard, killed, time.monotonic() - began)
        wrong += _wrong(heard)
        code, left = server.stop()
        wrong += [f"exit code {code}"] if code != 128 + signal.SIGINT else []
        wrong += [f"left: {title}" for title in left]
    print("\n".join(wrong) or "all samples are the same, and nothing is left")
    return bool(wrong)


def _foreign(server: Server) -> list[str]:
    found = list(foreign.bodies(server))
    for name, body, pieces in found:
        print(f"{name}: {len(body)} bytes in {pieces} pieces", flush=True)
    if not found:
        return ["there is neither openai nor curl"]
    return [] if len({body for _, body, _ in found}) == 1 and found[0][1] else ["foreign clients got other bytes"]


def _kill(server: Server, stages: Sequence[str], seconds: float) -> int:
    """Kills one replica each second; returns how many."""
    chance, killed = random.Random(1), 0
    before: list[int] = []
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(1.0, left))
        running = [pid for stage in stages for pid in server.replicas(stage)]
        # One that has just loaded its engine gets a second: Ray counts an earlier end as a failed start.
        ready, before = [pid for pid in running if pid in before], running
        if ready:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(ready), signal.SIGKILL)
                killed += 1
    return killed


def _show(heard: Heard, killed: int, seconds: float) -> None:
    p50, p95 = heard.percentile(0.5), heard.percentile(0.95)
    print(f"{heard.sentences} sentences in {seconds:.0f} s, {killed} replicas killed")
    print(f"first byte: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, longest {heard.percentile(1):.1f} s")
    print(f"different: {heard.different}, asked again after ten seconds: {heard.given_up}", flush=True)


def _wrong(heard: Heard) -> list[str]:
    found = [f"a listener ended: {failure}" for failure in heard.failures]
    if heard.different or not heard.sentences:
        found.append(f"{heard.different} of {heard.sentences} sentences differ")
    return found


if __name__ == "__main__":
    sys.exit(main())
