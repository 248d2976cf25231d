"""Listeners: threads that hear sentences from a server through the engine `remote`, and compare every sample."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from voicestream.errors import EngineUnavailableError
from voicestream.protocol.messages import RemoteHosts
from voicestream.workers.engines.remote import settings as remote_settings
from voicestream.workers.engines.remote.client import HostClient
from voicestream.workers.engines.remote.synthesizer import RemoteSynthesizer
from voicestream.workers.player.wav_output import to_16_bit

if TYPE_CHECKING:
    from helpers.serving.server import Server

SENTENCES: Final = tuple(
    f"Sentence {number}: {text}"
    for number, text in enumerate(
        (
            "the tests pass, and the branch is merged.",
            "I have moved the parser into a module of its own, because three others need it.",
            "There are two failures left, one of them in the code that was not touched today.",
            "The build takes four minutes, of which the linker alone takes three, so I will look at that first.",
            "Done.",
        )
    )
)

END_SECONDS: Final = 60.0
"""Timeout of the last sentence of each listener."""


@dataclass
class Heard:
    """Counts and times of all listeners."""

    sentences: int = 0
    different: int = 0
    given_up: int = 0
    """Times that a listener got nothing for ten seconds and asked again."""
    first_seconds: list[float] = field(default_factory=list[float])
    failures: list[str] = field(default_factory=list[str])
    """Exceptions that ended listeners."""

    def percentile(self, share: float) -> float:
        found = sorted(self.first_seconds)
        return found[min(len(found) - 1, int(share * len(found)))] if found else float("nan")


class Listeners:
    """Many listeners at once, until `stop`."""

    def __init__(self, server: Server, count: int) -> None:
        self._server = server
        self._expected = {text: _digest(self._engine(), text, Heard()) for text in SENTENCES}
        self.heard = Heard()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._listen, args=(number,), daemon=True) for number in range(count)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> Heard:
        """Lets every listener finish its sentence."""
        self._ended.set()
        for thread in self._threads:
            thread.join(END_SECONDS)
        self.heard.failures += [f"{thread.name} hangs" for thread in self._threads if thread.is_alive()]
        return self.heard

    def _engine(self) -> RemoteSynthesizer:
        hosts = RemoteHosts(hosts=[self._server.url], token_file=str(self._server.key_file))
        return RemoteSynthesizer(HostClient(hosts.hosts, remote_settings.connections(hosts)), hosts)

    def _listen(self, number: int) -> None:
        engine = self._engine()
        try:
            while not self._ended.is_set():
                text = SENTENCES[number % len(SENTENCES)]
                number += 1
                found = _digest(engine, text, self.heard, self._lock)
                with self._lock:
                    self.heard.sentences += 1
                    self.heard.different += found != self._expected[text]
        except Exception as error:  # noqa: BLE001 - shown in the table
            with self._lock:
                self.heard.failures.append(repr(error))
        finally:
            engine.close()


def _digest(engine: RemoteSynthesizer, text: str, heard: Heard, lock: threading.Lock | None = None) -> str:
    """Hash of the samples of a sentence, asked for again for as long as no host answers."""
    while True:
        began = time.monotonic()
        first: float | None = None
        found = hashlib.sha256()
        try:
            for samples in engine.synthesize(text, "en", "", 7):
                if len(samples) and first is None:
                    first = time.monotonic() - began
                found.update(to_16_bit(memoryview(np.ascontiguousarray(samples).tobytes())))
        except EngineUnavailableError:
            with lock or threading.Lock():
                heard.given_up += 1
            # As the supervisor does: the engine is used again when a probe has succeeded.
            while not engine.is_available():
                time.sleep(0.1)
            continue
        with lock or threading.Lock():
            heard.first_seconds.append(first or 0.0)
        return found.hexdigest()
