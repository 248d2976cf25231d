"""A worker that does what its engine's name and its jobs' texts say: for tests of the harness.

    python -P tests/helpers/supervisor/tiny_worker.py --incarnation=1 --hub=… --parent-pid=… --lifeline=…
        --engine=BEHAVIOUR

Engines: ``plain``; ``gated`` (loading ends when the FIFO named in ``TINY_WORKER_GATE`` was written to);
``misconfigured``; ``broken`` (loading raises); ``ticking`` (does something while idle). Texts: see ``_speak``. What it
says about itself goes out as ``WorkFailed`` with a reason, because that carries any text.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from voicestream.errors import ConfigurationError
from voicestream.protocol.messages import Cancel, Cancelled, Ready, Silence, Speak, WorkFailed
from voicestream.workers.harness import JobWorker, main

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.protocol.messages import ToWorker
    from voicestream.workers.connection import Connection
    from voicestream.workers.harness import Assignment

GATE_VARIABLE = "TINY_WORKER_GATE"

LOOK_AGAIN_SECONDS = 0.001


class TinyWorker(JobWorker):
    """Has the shape of a tts worker and makes no sound."""

    def __init__(self, assignment: Assignment, connection: Connection) -> None:
        self._engine = assignment.engine
        self._connection = connection
        self._ticks = 0

    def load(self, report: Callable[[str, float | None], None]) -> Ready:
        report("weights", 0.5)
        match self._engine:
            case "gated":
                Path(os.environ[GATE_VARIABLE]).read_bytes()
            case "misconfigured":
                raise ConfigurationError("there are no weights", hint="Try: voicestream setup")
            case "broken":
                raise RuntimeError("loading went wrong")
            case _:
                pass
        return Ready(engine=self._engine, device="cpu")

    def handle(self, message: ToWorker) -> None:
        match message:
            case Speak():
                self._speak(message)
            case Cancel(session=session, sentence=sentence):
                self._connection.forget_cancelled(session, sentence)
                self._connection.send(Cancelled(session=session, sentence=sentence))
            case Silence(session=session):
                self._connection.forget_cancelled(session, None)
                self._connection.send(Cancelled(session=session))
            case _:
                self.say(f"got {type(message).__name__}")

    def idle_seconds(self) -> float | None:
        return 0.01 if self._engine == "ticking" and not self._ticks else None

    def tick(self) -> None:
        self._ticks += 1
        self.say("tick")

    def drain(self) -> None:
        self.say("drained")

    def close(self) -> None:
        self.say("closed")

    def say(self, reason: str, sentence: int = 0) -> None:
        self._connection.send(WorkFailed(session="tiny", sentence=sentence, attempt=0, reason=reason))

    def _speak(self, job: Speak) -> None:
        match job.text:
            case "raise":
                raise RuntimeError("this job is deadly")
            case "until cancelled":
                self.say("begun", job.sentence)
                while not self._connection.is_cancelled(job.session, job.sentence):
                    time.sleep(LOOK_AGAIN_SECONDS)
                self.say("cancelled", job.sentence)
            case "until stopped":
                self.say("begun", job.sentence)
                while not self._connection.stopping.is_set():
                    time.sleep(LOOK_AGAIN_SECONDS)
                self.say("left", job.sentence)
            case "take the next":
                self.say("begun", job.sentence)
                self.say(f"took {type(self._connection.receive()).__name__}", job.sentence)
            case "what cannot be packed":
                try:
                    self.say("a number that no frame can hold", 1 << 70)
                except OverflowError:
                    self.say("noticed")
            case text:
                was_cancelled = self._connection.is_cancelled(job.session, job.sentence)
                self.say(f"{text} cancelled" if was_cancelled else text, job.sentence)


if __name__ == "__main__":
    sys.exit(main("tts", TinyWorker, sys.argv[1:]))
