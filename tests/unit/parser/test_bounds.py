"""Bounds of what a parser keeps, and what it tells of words that it leaves out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from helpers.project.parsing import delta, event, found, lines, message, parse, spoken
from voicestream.protocol.messages import MAX_STATE_BYTES, ParserOptions
from voicestream.workers.parser.pipeline import Found, Notice, Pipeline
from voicestream.workers.parser.sentences.boundary import LONGEST_SENTENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

FRAME: Final = 32 * 1024
SIZE: Final = 2 * MAX_STATE_BYTES
"""Bytes of a text; what grows with it reaches half the limit."""
OPENERS: Final = {
    "text": "",
    "heading": "# ",
    "item": "- [ ] ",
    "markers": "- " * 3000,
    "quote": ">" * 5000,
    "row": "| a | b |\n|---|---|\n| x | ",
    "header": "| ",
    "fence": "```\n",
    "name of a fence": "```",
    "code span": "`",
    "emphasis": "**",
    "label": "[a ",
    "target": "[a](",
    "tag": '<div title="',
    "comment": "<!-- ",
    "element": "<think>",
    "formula": "$$ ",
    "environment": "\\begin{align}\n",
    "json": '{\n"a": ["',
    "json in one line": '{"a": "',
    "footnote": "[^1]: ",
    "reference": "[a]: ",
    "diff": "diff --git a b\n",
    "conflict": "<<<<<<< a\n",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\n",
    "terminal code": "\x1b]0;",
}
FILLERS: Final = (("🎉", True), ("語", False))
"""A letter of four bytes or three, and the way in: a stream of an agent's or plain text."""


@pytest.mark.parametrize("opener", OPENERS)
def test_the_state_of_a_parser_stays_far_below_its_limit_whatever_is_open(opener: str) -> None:
    is_common = opener in {"text", "row", "json in one line"}
    for filler, is_stream in FILLERS if is_common else FILLERS[:1]:
        text = OPENERS[opener] + filler * (SIZE // len(filler.encode()))
        assert _largest_state(text, is_stream=is_stream) < MAX_STATE_BYTES / 2


def test_a_last_message_that_waits_stays_below_it_too() -> None:
    assert _largest_state("🎉" * (SIZE // 4), is_stream=True, only="final") < MAX_STATE_BYTES


def _largest_state(text: str, *, is_stream: bool, only: str = "all") -> int:
    """Bytes of the largest checkpoint while a message is read that never ends."""
    pipeline = Pipeline(ParserOptions(format="auto" if is_stream else "text", only=only))  # type: ignore[arg-type]
    if is_stream:
        block = event(type="content_block_start", index=0, content_block={"type": "text", "text": ""})
        pipeline.feed(lines(event(type="message_start", message={"id": "m"}), block))
    largest = 0
    for at in range(0, len(text), FRAME):
        piece = text[at : at + FRAME]
        pipeline.feed(lines(delta(piece)) if is_stream else piece.encode())
        largest = max(largest, len(pipeline.checkpoint().state))
    assert not any(isinstance(result, Notice) for result in pipeline.take())
    return largest


def test_a_state_that_is_too_large_is_given_up_and_told() -> None:
    pipeline = Pipeline(ParserOptions())
    first = pipeline.feed(message("One. Two."))
    state = msgspec.msgpack.decode(pipeline.checkpoint().state)
    state["assembler"]["waiting"] = "x" * (MAX_STATE_BYTES + 1)

    pipeline = Pipeline(ParserOptions(), state=msgspec.msgpack.encode(state))
    checkpoint = pipeline.checkpoint()
    assert len(checkpoint.state) < MAX_STATE_BYTES
    (notice,) = pipeline.take()
    assert isinstance(notice, Notice)
    assert notice.lost
    assert "left out" in notice.text

    following = Pipeline(ParserOptions(), state=checkpoint.state).feed(message("Three."))
    assert [one.ordinal for one in found([*first, *following])] == [0, 1, 2]


LONG_JSON: Final = json.dumps({"a": ['x"y\\'] * 5000, "b": {"c": [1, 2, {"d": "end"}]}})


@pytest.mark.parametrize("end", ["", ", ", ";"])
def test_a_long_line_of_json_is_silent_and_no_loss(end: str) -> None:
    out = parse(message(f"First.\n{LONG_JSON}{end}\nLast."))
    assert spoken(out) == ["First.", "Last."]
    assert not _losses(out)


@pytest.mark.parametrize("line", [LONG_JSON + " and so it is", LONG_JSON[:-3], '{"a": ' + "I said so. " * 9000])
@pytest.mark.parametrize("rest", ["\nLast.", ""])
def test_a_long_line_that_only_begins_like_json_is_told(line: str, rest: str) -> None:
    out = parse(message(f"First.\n{line}{rest}"))
    assert spoken(out) == ["First.", *(["Last."] if rest else [])]
    assert len(_losses(out)) == 1


@pytest.mark.parametrize("size", [1, 7, 1000, 16384, 16385])
def test_a_long_line_of_json_is_judged_alike_however_it_is_cut(size: int) -> None:
    data = f"First of all.\n{LONG_JSON}\nThe last.\n".encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    out = parse(pieces, format="text")
    assert spoken(out) == ["First of all.", "The last."]
    assert not _losses(out)


def test_of_a_row_of_a_megabyte_at_the_end_every_word_is_said() -> None:
    words = [f"word{number}" for number in range(110_000)]
    out = parse(message(f"| a | b |\n|---|---|\n| x | {' '.join(words)} |"))
    assert re.findall(r"\w+\d", " ".join(spoken(out))) == words
    assert max(map(len, spoken(out))) <= LONGEST_SENTENCE
    assert not _losses(out)


def _losses(out: Iterable[Found | Notice]) -> list[str]:
    return [one.text for one in out if isinstance(one, Notice) and one.lost]
