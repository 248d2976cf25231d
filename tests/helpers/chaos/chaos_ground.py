"""A supervisor with engines that are quick, for tests that restart its workers all the time; and what it holds."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

from helpers.chaos import chaos_engines
from helpers.fixtures.deadline import remaining
from helpers.process.running import voicestream_place, wait_until
from voicestream.client.connection import Client
from voicestream.protocol.messages import Status, StatusRequest
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.process.running import Voicestream

ASK_AGAIN_SECONDS: Final = 0.03
"""Interval between status requests: more than 100 a second are dropped (docs/internals/protocol.md)."""

SETTLE_SECONDS: Final = 0.3
"""Connections of a process that has ended are closed well within this."""


@dataclass(frozen=True)
class Held:
    """What the supervisor holds."""

    memory: int
    """Bytes that are its alone."""
    descriptors: int
    threads: int
    segments: int
    """Shared memory."""


class Ground:
    """A supervisor with our engines, and links to it."""

    def __init__(self, place: Voicestream, supervisor: subprocess.Popen[bytes], client: Client) -> None:
        self.place = place
        self.supervisor = supervisor
        self.client = client

    def status(self) -> Status:
        """How all are; takes a moment, so that whoever waits for something may ask again and again."""
        time.sleep(ASK_AGAIN_SECONDS)
        answer = self.client.ask(StatusRequest())
        assert isinstance(answer, Status)
        return answer

    def wait_until_at_rest(self) -> None:
        """Every worker ready, no session open."""

        def is_at_rest() -> bool:
            status = self.status()
            return status.supervisor.sessions == 0 and all(worker.state == "ready" for worker in status.workers)

        wait_until(is_at_rest, "all workers are ready and all sessions closed", seen=lambda: str(self.status()))

    def held(self) -> Held:
        """What the supervisor holds, once the connections of those that have just ended are closed."""
        process = psutil.Process(self.supervisor.pid)
        before = -1
        while (now := process.num_fds()) != before:
            before = now
            time.sleep(SETTLE_SECONDS)
        return Held(
            memory=process.memory_full_info().uss,
            descriptors=process.num_fds(),
            threads=process.num_threads(),
            segments=len(self.place.segments()),
        )


@contextmanager
def ground(*, silence_limit_seconds: float | None = None) -> Iterator[Ground]:
    """A place with a supervisor that stays, all workers ready; it is told to go at the end."""
    with voicestream_place() as place:
        # What is heard is to be the sentences and nothing else.
        place.environment |= {"VOICESTREAM_SENTENCE_PAUSE": "0", "VOICESTREAM_PARAGRAPH_PAUSE": "0"}
        place.environment["PYTHONPATH"] = chaos_engines.plug_in(place.home / "engines")
        command = [sys.executable, "-P", "-m", "voicestream.supervisor", f"--run-directory={place.runtime}", "--stay"]
        command += [f"--tts={chaos_engines.NAME}", f"--translator={chaos_engines.NAME}"]
        if silence_limit_seconds is not None:
            command.append(f"--silence-limit={silence_limit_seconds}")
        supervisor = subprocess.Popen(command, env=place.environment, cwd="/", stdin=subprocess.DEVNULL)
        try:
            directory = RunDirectory(place.runtime)
            wait_until(directory.hub.exists, "the supervisor is there")
            with Client(directory) as client:
                client.connect()
                found = Ground(place, supervisor, client)
                found.wait_until_at_rest()
                yield found
            assert place.call("down").returncode == 0
            supervisor.wait(remaining())
            place.assert_nothing_left()
        finally:
            supervisor.kill()
            supervisor.wait()
