"""How fast the whole parser is: bytes in, sentences out, one process.

    python -P tests/benchmarks/bench_parser.py [--json]

The best of several runs is shown, in processor time of this process: what else the machine does is not measured. Beside
each stands what ``json.loads`` alone takes for the same lines. ``make bench`` runs this too.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from voicestream.protocol.messages import ParserOptions
from voicestream.workers.parser.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable

FRAME: Final = 256 * 1024
"""Bytes that the supervisor hands over at a time; after each a checkpoint is taken, as the worker does."""
RUNS: Final = 5
SEED: Final = 20
PROSE: Final = (
    "I looked at the tests first. The function `parse_line` in src/lib.rs returns **too early** when the input is "
    "empty, so the last sentence is lost. Let me fix that now and run the whole suite again.\n\n- First item\n"
    "- Second item with `code`\n\nDone. Everything passes, as far as I can see."
)
NARRATION: Final = (
    "Let me look at the parser first:",
    "Found it: `parse_line` in src/lib.rs:42 returns too early.",
    "All 42 tests pass. Now I'll update the documentation.",
    "The build is green again. Shall I go on with the second part?",
)


class Figure(NamedTuple):
    """What was measured for one stream."""

    name: str
    lines: int
    size: int
    """Bytes."""
    sentences: int
    seconds: float
    json_seconds: float
    """``json.loads`` of the same lines."""
    p99: float
    """Seconds from a line to its sentences."""


def hello(count: int) -> bytes:
    """(a): bare messages of two sentences."""
    text = '{"content":[{"type":"text","text":"Hello world number %d. Let me **run** the `tests` now!"}]}\n'
    return "".join(text % number for number in range(count)).encode()


def _lines(objects: Iterable[object]) -> bytes:
    return "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in objects).encode()


def _event(**event: object) -> dict[str, Any]:
    identifiers = {"session_id": "4e34aaaa-0000-1111-2222-333344445555", "uuid": "aaaaaaaa-bbbb-cccc-dddd-eeeeffff0000"}
    return {"type": "stream_event", "event": event, "parent_tool_use_id": None, **identifiers}


def _assistant(identifier: int, block: dict[str, Any]) -> dict[str, Any]:
    message = {"model": "m", "id": f"msg_{identifier}", "type": "message", "role": "assistant", "content": [block]}
    return {"type": "assistant", "message": message, "parent_tool_use_id": None, "session_id": "4e34", "uuid": "be0a"}


def deltas(messages: int) -> bytes:
    """(b): messages in pieces of three to nine characters, then whole."""
    dice = random.Random(SEED)
    objects: list[object] = []
    for number in range(messages):
        objects.append(_event(type="message_start", message={"id": f"msg_{number}"}))
        objects.append(_event(type="content_block_start", index=0, content_block={"type": "text", "text": ""}))
        position = 0
        while position < len(PROSE):
            size = dice.randint(3, 9)
            piece = {"type": "text_delta", "text": PROSE[position : position + size]}
            objects.append(_event(type="content_block_delta", index=0, delta=piece))
            position += size
        objects.append(_assistant(number, {"type": "text", "text": PROSE}))
        objects.append(_event(type="content_block_stop", index=0))
    return _lines(objects)


def session(count: int) -> bytes:
    """(c): of 100 lines 12 text, 44 tool calls, 36 tool results of 1 to 100 KB (short ones are the most), 8 others."""
    dice = random.Random(SEED)
    objects: list[object] = []
    for number in range(count):
        kind = dice.random()
        if kind < 0.12:
            objects.append(_assistant(number, {"type": "text", "text": dice.choice(NARRATION)}))
        elif kind < 0.56:
            command = {"command": "cat " + "file " * dice.randint(1, 60)}
            objects.append(_assistant(number, {"type": "tool_use", "id": "t", "name": "Bash", "input": command}))
        elif kind < 0.92:
            kilobytes = 1 / (1 - dice.random() * 0.99)
            result = {"type": "tool_result", "content": 'a line of "output"\n' * int(kilobytes * 1024 / 21)}
            objects.append({"type": "user", "message": {"role": "user", "content": [result]}, "session_id": "4e34"})
        else:
            objects.append({"type": "system", "subtype": "task_progress", "session_id": "4e34"})
    return _lines(objects)


def measure(name: str, data: bytes) -> Figure:
    """Run the parser over a stream, the best of ``RUNS``."""
    seconds = []
    sentences = 0
    for _ in range(RUNS):
        start = time.process_time()
        pipeline = Pipeline(ParserOptions())
        sentences = 0
        for position in range(0, len(data), FRAME):
            sentences += len(pipeline.feed(data[position : position + FRAME]))
            pipeline.checkpoint()
        sentences += len(pipeline.end())
        seconds.append(time.process_time() - start)
    lines = data.splitlines(keepends=True)
    start = time.process_time()
    for line in lines:
        json.loads(line)
    json_seconds = time.process_time() - start
    return Figure(name, len(lines), len(data), sentences, min(seconds), json_seconds, _line_to_sentence(lines[:4000]))


def _line_to_sentence(lines: list[bytes]) -> float:
    """Seconds from a line to its sentences, 99 of 100 lines."""
    pipeline = Pipeline(ParserOptions())
    took = []
    for line in lines:
        start = time.thread_time()
        pipeline.feed(line)
        took.append(time.thread_time() - start)
    return sorted(took)[int(len(took) * 0.99)]


def write(line: str) -> None:
    """One line of the table."""
    sys.stdout.write(line + "\n")


def main(arguments: list[str]) -> int:
    """Print the table, or with ``--json`` the figures."""
    figures = [
        measure("(a) bare messages", hello(20_000)),
        measure("(b) partial messages", deltas(400)),
        measure("(c) a session", session(12_000)),
    ]
    if "--json" in arguments:
        write(json.dumps([figure._asdict() for figure in figures]))
        return 0
    write("parser: one process, best of several runs")
    write(
        f"{'':22}{'lines/s':>10}{'MB/s':>8}{'sentences':>11}{'json.loads lines/s':>20}{'ratio':>7}"
        f"{'line to sentence p99':>22}"
    )
    for figure in figures:
        rate, json_rate = figure.lines / figure.seconds, figure.lines / figure.json_seconds
        write(
            f"{figure.name:22}{rate:>10,.0f}{figure.size / figure.seconds / 1e6:>8.1f}{figure.sentences:>11,}"
            f"{json_rate:>20,.0f}{rate / json_rate:>7.2f}{figure.p99 * 1e3:>19.2f} ms"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
