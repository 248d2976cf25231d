"""Workers that print without end: nobody else notices, the log files stay small, and they themselves go on.

A sound library in trouble does that: PortAudio wrote 1.8 GB in 38 s when the sound server behind it was killed.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.process.running import line, wait_until
from voicestream.bench import null_engines
from voicestream.supervisor.processes.table import START_ORDER
from voicestream.supervisor.processes.worker_log import BURST_BYTES, BYTES_PER_SECOND, READ_BYTES, REST_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Run, Voicestream

FLOODING_WORKER = """
import os, sys, threading
from pathlib import Path

def flood(count):
    chunk = b"Expression 'alsa_snd_pcm_poll_descriptors_revents' failed in 'pa_linux_alsa.c'\\n" * 800
    printed = 0
    with count.open("wb", buffering=0) as file:
        while not count.with_name("enough").exists():
            printed += os.write(2, chunk)
            os.pwrite(file.fileno(), b"%d" % printed, 0)

for role in ("parser", "translation", "tts", "player"):
    if f"voicestream.workers.{role}" in sys.orig_argv:
        count = Path(__file__).with_name(role)
        threading.Thread(target=flood, args=(count,), daemon=True).start()
"""
"""Every worker imports it at its start: a thread floods stderr, and keeps count of what was taken."""

SENTENCES = 12
"""With a flood, and as many after it."""

SLOWER = 10
"""A sentence takes some 0.02 s with or without: this many times as long, and there would be something that blocks."""

GROWTH_BYTES = 4 << 20
"""Of the supervisor; what has been printed by then is some 50 MB."""


@pytest.fixture
def counts(place: Voicestream) -> Path:
    """Where the flooding workers keep count."""
    folder = place.home / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FLOODING_WORKER)
    place.environment["PYTHONPATH"] = str(folder)
    return folder


def printed(counts: Path) -> dict[str, int]:
    """How many bytes each worker got rid of."""
    return {role: int((counts / role).read_text() or "0") if (counts / role).exists() else 0 for role in START_ORDER}


def say(runs: list[Run], number: int) -> float:
    """Have each session say a sentence; how long that took them."""
    begun = time.monotonic()
    for run in runs:
        run.write(line(f"This is number {number}."))
    for run in runs:
        run.wait_for("playback_finished", number + 1)
    return time.monotonic() - begun


def test_workers_that_flood_their_stderr_delay_nobody_and_fill_nothing(place: Voicestream, counts: Path) -> None:
    started = time.monotonic()
    place.environment["PYTHONPATH"] += os.pathsep + str(place.home / "engines")
    null_engines.plug_in(place.home / "engines")
    runs = [place.run("--keep-alive", "0", "--to", "de", "--translator", null_engines.NAME) for _ in range(2)]
    say(runs, 0)
    wait_until(lambda: all(printed(counts).values()), "all workers flood")
    supervisor = psutil.Process(place.supervisor_pid())
    memory, before, begun = supervisor.memory_info().rss, printed(counts), time.monotonic()
    flooded = [say(runs, number) for number in range(1, SENTENCES)]
    # Each of them goes on all the time.
    wait_until(lambda: min(printed(counts)[role] - before[role] for role in before) > 10 * READ_BYTES, "they flood on")
    grown, seconds = supervisor.memory_info().rss - memory, time.monotonic() - begun
    taken = {role: bytes_ - before[role] for role, bytes_ in printed(counts).items()}
    restarts = {worker["role"]: worker["restarts"] for worker in place.status()["workers"]}
    (counts / "enough").touch()
    undisturbed = [say(runs, number) for number in range(SENTENCES, 2 * SENTENCES)]
    assert statistics.median(flooded) < SLOWER * statistics.median(undisturbed), (flooded, undisturbed)
    assert grown < GROWTH_BYTES
    # They took no core of the supervisor's: it looks at a pipe now and then only.
    assert max(taken.values()) <= 2 * READ_BYTES * (seconds / REST_SECONDS + 1), taken
    assert set(restarts.values()) == {0}, restarts
    for role in START_ORDER:
        size = sum(file.stat().st_size for file in place.logs.glob(f"{role}.log*"))
        assert size <= BURST_BYTES + (time.monotonic() - started) * BYTES_PER_SECOND + READ_BYTES
        assert "Expression 'alsa" in place.log_text(role)
    assert [run.finish() for run in runs] == [0, 0]
    place.assert_nothing_left()
