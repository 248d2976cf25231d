"""Contention process: one of two processes that share a device, which loads an engine as a worker does.

``python -P -m voicestream.bench.gpu.contention_process ROLE WORK FLAG``.

A request is a line of JSON on stdin, its answer a line of JSON on stdout: ``["measure", runs]``, ``["always", beside]``
(until the next request), ``["rest"]``.
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
"""Start of each batch of a translation that always works: at once, or together with the next sentence."""

BATCH: Final = 16
BEAMS: Final = 5

WARM_UPS: Final = 3
"""Unmeasured runs: CUDA graphs are captured from the second one on."""

_POLL_SECONDS: Final = 0.0001


@dataclass(frozen=True)
class Work:
    """Texts to translate and to speak."""

    source: str
    """Text to translate."""
    pair: tuple[str, str]
    """BCP-47 tags of source and target language."""
    answer_tokens: int
    """Output limit in tokens, without the language token."""
    spoken: str
    language: str
    """BCP-47 tag of the spoken text."""


class Side(Protocol):
    """Repeated work of one process."""

    def once(self) -> list[float]:
        """Do the measured work once; returns milliseconds."""
        ...

    def turn(self, beside: Beside) -> None:
        """Do the background work once."""
        ...

    @property
    def device(self) -> str:
        """Return the device in the form of ``voicestream workers status``."""
        ...


class Flag:
    """Shared byte: set while a sentence is being synthesized and has no audio yet."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 1)

    @property
    def is_up(self) -> bool:
        """Return whether the byte is set."""
        return self._memory[0] == 1

    def set(self, *, is_up: bool) -> None:
        """Set or clear the byte."""
        self._memory[0] = int(is_up)


class Voice:
    """Side that synthesizes."""

    def __init__(self, work: Work, flag: Flag) -> None:
        self._engine = engine_loading.load_synthesizer("xtts", ignore_progress)
        self._work = work
        self._flag = flag

    @property
    def device(self) -> str:
        """Return the device."""
        return self._engine.device

    def once(self) -> list[float]:
        """Synthesize; returns the times of the first and the last chunk."""
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
        """Synthesize."""
        self.once()


class Translation:
    """Side that translates."""

    def __init__(self, work: Work, flag: Flag) -> None:
        from voicestream.workers.engines.nllb.batches import Group, Row, flores_code
        from voicestream.workers.engines.nllb.search import Search

        # Only the GPU's work is timed: neither detokenization nor translation checks.
        self._engine = cast("Any", engine_loading.load_translator("nllb", ignore_progress))
        source, target = (flores_code(tag) or "" for tag in work.pair)
        tokens = self._engine._tokenizer.encode(work.source, source)  # noqa: SLF001 - see above
        row = Row(tokens, target, work.answer_tokens)
        self._flag = flag

        def group(sentences: int, beams: int) -> Group:
            return Group([row] * sentences, Search(num_beams=beams), never_cancelled)

        self._group = group
        for _ in range(WARM_UPS):
            self._answer(BATCH, BEAMS)

    @property
    def device(self) -> str:
        """Return the device."""
        return str(self._engine.device)

    def once(self) -> list[float]:
        """Translate one sentence with greedy decoding."""
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
        self._engine._decode_group(self._group(sentences, beams))  # noqa: SLF001 - see above


def main(role: str, work: str, flag: str) -> int:
    """Load an engine and serve requests.

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
    """Serve requests until stdin ends."""
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
    """Yield a writer of answers to stdout, which is kept free of the output of libraries."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)

        def reply(answer: dict[str, object]) -> None:
            output.write(json.dumps(answer) + "\n")
            output.flush()

        yield reply


def _wait(until: Is) -> None:
    """Wait, but end on a request: the process that should end the wait may be gone."""
    while not until() and not _has_request(_POLL_SECONDS):
        pass


def _has_request(seconds: float) -> bool:
    """Return whether a request is waiting, after at most ``seconds``."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def _since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
