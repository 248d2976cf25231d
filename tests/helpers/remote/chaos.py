"""Sentences through two servers that are killed, frozen, cut and slowed at random; the sound file must not show it."""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from helpers.process.running import line, wait_until

if TYPE_CHECKING:
    from helpers.process.running import Run, Voicestream

SERVER: Final = Path(__file__).with_name("fake_server.py")

MAX_DOWN_SECONDS: Final = 2.5
"""Longest time for which a server is dead or frozen. Both may be at once, but never for the 10 s of an outage."""


class Servers:
    """Two servers as processes, and the faults that befall them."""

    def __init__(self, chance: float, seed: int) -> None:
        """Start them; ``chance``: of a fault in each request."""
        self._chance = chance
        self._seed = seed
        self.ports = [free_port(), free_port()]
        self.faults: Counter[str] = Counter()
        self._processes = [self._start(number) for number in range(2)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            _kill(process)

    @property
    def urls(self) -> list[str]:
        """Base URLs."""
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def trouble(self, chance: random.Random, over: threading.Event) -> None:
        """Kill and freeze one after the other until it is ``over``."""
        while not over.wait(chance.uniform(0.1, 1.0)):
            number, kind = chance.randrange(2), chance.choice(["killed", "frozen"])
            seconds = chance.uniform(0.0, MAX_DOWN_SECONDS)
            self.faults[kind] += 1
            process = self._processes[number]
            if kind == "killed":
                _kill(process)
                over.wait(seconds)
                self._processes[number] = self._start(number)
            else:
                process.send_signal(signal.SIGSTOP)
                over.wait(seconds)
                process.send_signal(signal.SIGCONT)

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        self._seed += 1
        command = [sys.executable, "-P", str(SERVER), str(self.ports[number]), str(self._chance), str(self._seed)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


@dataclass
class Result:
    """Outcome of a run."""

    sentences: int
    seconds: float
    faults: Counter[str] = field(default_factory=Counter[str])
    troubles: list[str] = field(default_factory=list[str])
    """Differences from the sound of servers without a fault; empty = each sentence once and in order."""


def run(place: Voicestream, sentences: int, seed: int, chance: float) -> Result:
    """Speak sentences with undisturbed servers and with disturbed ones, and compare the sound files."""
    texts = [f"Sentence number {number} of {sentences}, said {seed} times." for number in range(sentences)]
    with Servers(0.0, 0) as servers:
        calm = _spoken(place, servers, texts, "calm.wav")
    begun = time.monotonic()
    with Servers(chance, seed) as servers:
        over = threading.Event()
        troubles = threading.Thread(target=servers.trouble, args=(random.Random(seed), over))
        troubles.start()
        try:
            rough = _spoken(place, servers, texts, "rough.wav")
        finally:
            over.set()
            troubles.join()
        result = Result(sentences, time.monotonic() - begun, servers.faults)
    result.faults["failed requests"] = place.log_text("tts").count(" failed: ")
    for what, one in (("calm", calm), ("rough", rough)):
        played = [event["sentence"] for event in one.of("playback_finished")]
        if played != list(range(sentences)):
            result.troubles.append(f"{what}: {len(played)} of {sentences} sentences played, or not in order")
        if "falling back" in one.stderr:
            result.troubles.append(f"{what}: {one.stderr}")
    if (place.home / "calm.wav").read_bytes() != (place.home / "rough.wav").read_bytes():
        result.troubles.append("the sound files differ")
    return result


def _spoken(place: Voicestream, servers: Servers, texts: list[str], name: str) -> Run:
    urls = ", ".join(f'"{url}"' for url in servers.urls)
    (place.home / "config.toml").write_text(f"[remote]\ntts = [{urls}]\n")
    place.environment["VOICESTREAM_TTS"] = "remote"
    run = place.run(output=str(place.home / name))
    for text in texts:
        run.write(line(text))
    run.end_input()
    wait_until(
        lambda: run.process.poll() is not None, "all is spoken", 60 + 2.0 * len(texts), lambda: run.stderr[-2000:]
    )
    run.wait()
    return run


def free_port() -> int:
    """A port on which nothing listens."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        port: int = found.getsockname()[1]
        return port
