"""One of two processes that share a device: loads an engine as a worker does, and does as it is told.

``python -P -m voicestream.bench.gpu.contention_process ROLE WORK FLAG``.

An order is a line of JSON on stdin, its answer a line of JSON on stdout: ``["measure", runs]``, ``["always", beside]``
(until the next order comes), ``["rest"]``.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast

from voicestream.bench.gpu.timing import ignore_progress, never_cancelled
from voicestream.workers import engine_loading

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Is = Callable[[], bool]

Beside = Literal["free", "together"]
"""When a translation that always works begins its next batch: at once, or whenever a sentence begins to be spoken."""

BATCH: Final = 16
BEAMS: Final = 5

WARM_UPS: Final = 3
"""Of everything: from the second time on it is recorded."""

_POLL_SECONDS: Final = 0.0001


@dataclass(frozen=True)
class Work:
    """What is translated and said."""

    source: str
    """Text to be translated."""
    pair: tuple[str, str]
    """BCP-47 tags of the text's language and of the other one."""
    answer_tokens: int
    """At which an answer is cut off, the language before it not counted."""
    spoken: str
    language: str
    """Of what is spoken: BCP-47."""


class Side(Protocol):
    """What one process does over and over."""

    def once(self) -> list[float]:
        """Do what is measured; milliseconds."""
        ...

    def turn(self, beside: Beside) -> None:
        """Do once what it does while the other is measured."""
        ...

    @property
    def device(self) -> str:
        """As ``voicestream workers status`` shows it."""
        ...


class Flag:
    """One byte that both processes see: whether a sentence was begun of which nothing can be heard yet."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 1)

    @property
    def is_up(self) -> bool:
        """Whether there is such a sentence."""
        return self._memory[0] == 1

    def set(self, *, is_up: bool) -> None:
        """Say so."""
        self._memory[0] = int(is_up)


class Voice:
    """The side that speaks."""

    def __init__(self, work: Work, flag: Flag) -> None:
        self._engine = engine_loading.load_synthesizer("xtts", ignore_progress)
        self._work = work
        self._flag = flag

    @property
    def device(self) -> str:
        """As ``Side`` says."""
        return self._engine.device

    def once(self) -> list[float]:
        """Speak; when the first sound was there, and the last."""
        begin = time.perf_counter()
        self._flag.set(is_up=True)
        first = None
        try:
            for samples in self._engine.synthesize(self._work.spoken, self._work.language, "", 1):
                if first is None and len(samples):
                    first = _since(begin)
                    self._flag.set(is_up=False)
        finally:
            self._flag.set(is_up=False)
        whole = _since(begin)
        return [whole if first is None else first, whole]

    def turn(self, beside: Beside) -> None:  # noqa: ARG002 - it only ever speaks
        """Speak."""
        self.once()


class Translation:
    """The side that translates."""

    def __init__(self, work: Work, flag: Flag) -> None:
        from voicestream.workers.engines.nllb.batches import Group, code_of
        from voicestream.workers.engines.nllb.search import Search

        # What is timed is what a GPU does: neither words made of tokens nor the checks of an answer.
        self._engine = cast("Any", engine_loading.load_translator("nllb", ignore_progress))
        source, target = (code_of(tag) or "" for tag in work.pair)
        row = self._engine._vocabulary.encode(work.source, source)  # noqa: SLF001 - see above
        self._flag = flag

        def group(sentences: int, beams: int) -> Group:
            return Group([row] * sentences, target, work.answer_tokens, Search(num_beams=beams), never_cancelled)

        self._group = group
        for _ in range(WARM_UPS):
            self._answer(BATCH, BEAMS)

    @property
    def device(self) -> str:
        """As ``Side`` says."""
        return str(self._engine.device)

    def once(self) -> list[float]:
        """Translate one sentence greedily."""
        begin = time.perf_counter()
        self._answer(1, 1)
        return [_since(begin)]

    def turn(self, beside: Beside) -> None:
        """Translate a batch."""
        if beside == "together":
            _wait(lambda: not self._flag.is_up)
            _wait(lambda: self._flag.is_up)
        self._answer(BATCH, BEAMS)

    def _answer(self, sentences: int, beams: int) -> None:
        self._engine._answer(self._group(sentences, beams))  # noqa: SLF001 - see above


def main(role: str, work: str, flag: str) -> int:
    """Load an engine and obey.

    Args:
        role: ``translation`` or ``tts``.
        work: a ``Work`` as a JSON object.
        flag: path of a file of one byte.
    """
    found = json.loads(work)
    with reply_stream() as reply:
        make = Translation if role == "translation" else Voice
        side: Side = make(Work(**found | {"pair": tuple(found["pair"])}), Flag(Path(flag)))
        for _ in range(WARM_UPS):
            side.once()
        reply({"device": side.device})
        serve(side, reply)
    return 0


def serve(side: Side, reply: Callable[[dict[str, object]], None]) -> None:
    """Do what is ordered until stdin ends."""
    for line in iter(sys.stdin.readline, ""):
        request = json.loads(line)
        if request[0] == "measure":
            reply({"ms": [side.once() for _ in range(request[1])]})
        elif request[0] == "always":
            side.turn("free")
            reply({})
            begin, turns = time.perf_counter(), 0
            while not _has_request(0):
                side.turn(request[1])
                turns += 1
            reply({"turn_ms": _since(begin) / max(turns, 1)})
        else:
            reply({})


@contextlib.contextmanager
def reply_stream() -> Generator[Callable[[dict[str, object]], None]]:
    """What writes answers to stdout, where nothing else gets to, whatever libraries print."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)

        def reply(answer: dict[str, object]) -> None:
            output.write(json.dumps(answer) + "\n")
            output.flush()

        yield reply


def _wait(until: Is) -> None:
    """Wait, but not for ever: whoever should end it may be gone, and an order may have come."""
    while not until() and not _has_request(_POLL_SECONDS):
        pass


def _has_request(seconds: float) -> bool:
    """Whether there is an order, at the latest after so long."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def _since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
