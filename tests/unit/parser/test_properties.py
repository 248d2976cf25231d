"""Properties of the parser for every text and every stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import voicestream
from helpers.project.many_cases import assert_each
from helpers.project.parsing import assistant, cut, found, lines, load, message, parse, partial, spoken
from voicestream.protocol.messages import ParserOptions
from voicestream.workers.parser.pipeline import Found, Pipeline
from voicestream.workers.parser.readers.detection import READERS
from voicestream.workers.parser.sentences.boundary import find_end
from voicestream.workers.text.clauses import divide

FRAGMENTS: Final = (
    "Hello", "world", ". ", "! ", "? ", "...", "…", "e.g. ", "Dr. ", "No. 7", "etc. ", "3.11", " ",
    "\n", "\n\n", "  \n", "\\\n", "- ", "* ", "1. ", "2) ", "- [ ] ", "# ", "> ", "```", "```py\n",
    "~~~", "~~", "`", "``", "**", "*", "_", "[", "](http://a.b/c d)", "]", "(", ")", "<!--", "-->",
    "<br>", "<b>", "</b>", "<", "| a | b |", "|---|---|\n", "|", "{", "}", "[1]", "[^1]", "[^1]: ", "$",
    "$$", "\\(", "\\)", "\\[", "\\", "。", "！", "？", "「", "」", "日本", "です", "“", "”", '"', "'", "❌ ",
    "⚠️", "🎉", "---", "===", "<<<<<<< X\n", ">>>>>>> Y\n", "diff --git a b\n", "@@ -1 +1 @@\n", "\r\n",
    "\r", "\x1b[31m", "\x1b", "http://x.y/z.", "a_b", "src/lib.rs:42", "&amp;", "→", "~11", "x", "Y",
    "1", "é", "\u200b", "\t", "<think>", "</think>", "a) ", "│", '{"a": 1}', "{\n", '"k": 2,\n', "}\n",
    "1️⃣ ", "now.Let me ",
    "bug!No ", "tests:Now I ", "p. II ", "« ", " »", "👍 ", "==", "EE. UU. ", "J. ", "12. ", "z. B. ",
    "am 3. Oktober ist es die Zeit. ",
)  # fmt: skip
TEXTS: Final = st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join), st.text(max_size=200))
SIZES: Final = st.lists(st.integers(1, 12), min_size=1, max_size=6)
STOPS: Final = ".!?…。！？｡؟۔।॥።။។։"
CLOSERS: Final = "\"')]}»›」』）】》〉"


@settings(max_examples=150)
@given(text=TEXTS, sizes=SIZES)
@example(text="das die. \\ 3. .", sizes=[1])
def test_cutting_changes_nothing(text: str, sizes: list[int]) -> None:
    whole = parse(message(text.encode("utf-8", "replace").decode()))
    pieces = [text[i : i + sizes[0]] for i in range(0, len(text), sizes[0])]
    assert spoken(parse(partial(piece.encode("utf-8", "replace").decode() for piece in pieces))) == spoken(whole)
    assert found(parse(cut(message(text.encode("utf-8", "replace").decode()), sizes))) == found(whole)


@settings(max_examples=200)
@given(text=TEXTS)
def test_every_sentence_ends_in_a_stop_and_is_one_line(text: str) -> None:
    for sentence in spoken(parse(message(text.encode("utf-8", "replace").decode()))):
        assert sentence.replace(" »", "»").replace(" ›", "›").rstrip(CLOSERS)[-1:] in STOPS
        assert sentence == " ".join(sentence.split())
        assert any(map(str.isalnum, sentence))


@settings(max_examples=200)
@given(words=st.lists(st.from_regex(r"[A-Za-z]{1,8}[0-9]{0,2}[.,!?;:]?", fullmatch=True), min_size=1, max_size=60))
def test_no_letter_and_no_digit_of_plain_words_is_lost(words: list[str]) -> None:
    text = " ".join(words)
    said = "".join(spoken(parse(message(text))))
    assert "".join(filter(str.isalnum, said)) == "".join(filter(str.isalnum, text))


@settings(max_examples=200)
@given(text=TEXTS)
def test_an_end_once_found_stays_whatever_follows(text: str) -> None:
    whole = find_end(text)[0]
    for size in range(len(text)):
        end = find_end(text[:size])[0]
        assert end in (-1, whole)


@settings(max_examples=100)
@given(
    words=st.lists(st.from_regex(r"[A-Za-z0-9]{1,9}[,;:.]?", fullmatch=True), min_size=1, max_size=40),
    limit=st.integers(10, 60),
)
def test_a_long_sentence_is_divided_between_words_only(words: list[str], limit: int) -> None:
    pieces = divide(" ".join(words), limit)
    assert " ".join(pieces).split() == words
    assert all(len(piece) <= limit for piece in pieces)


LINE: Final = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.builds(
        lambda line, cut_at, byte: line[: cut_at % (len(line) + 1)] + byte + line[cut_at % (len(line) + 1) + 1 :],
        st.sampled_from([line.encode() for case in load("streams.jsonl") for line in case["lines"]]),
        st.integers(0, 400),
        st.sampled_from([b"", b"\x00", b'"', b"{", b"}", b"[", b"\xff", b"null", b"1"]),
    ),
)


@settings(max_examples=200)
@given(stream=st.lists(LINE, max_size=12), name=st.sampled_from(["auto", *READERS]), sizes=SIZES)
def test_no_line_makes_a_reader_raise_and_cutting_changes_nothing(
    stream: list[bytes], name: str, sizes: list[int]
) -> None:
    data = b"\n".join(stream)
    assert found(parse(cut(data, sizes), format=name)) == found(parse(data, format=name))


def _streams() -> dict[str, bytes]:
    cases = (
        load("streams.jsonl") + load("own_streams.jsonl") + [case for case in load("turn2.jsonl") if "lines" in case]
    )
    streams = {case["id"]: ("\n".join(case["lines"]) + "\n").encode() for case in cases}
    demo = Path(voicestream.__file__).parent / "demo" / "session.jsonl"
    streams["demo"] = demo.read_bytes()
    streams["mixed"] = streams["cc-06"] + streams["demo"] + streams["cu-02"] + streams["ge-02"] + streams["cc-07"]
    streams["text"] = (
        "I fixed it. Tests é pass.\n\n日本語です。次。\n- one\n- two\n```py\nx\n```\nDone. And\nmore.\n".encode()
    )
    listed = [case["input"] for case in load("turn2.jsonl") if "input" in case and "language" not in case]
    streams["reported"] = partial("\n\n".join(listed)[at : at + 40] for at in range(0, len("\n\n".join(listed)), 40))
    streams["markdown"] = partial(
        ["A **b", "old. Text** | x |\n|--", "-|\n| 1 | 2 |\n{\n", '"a": 1\n}\n1. F', "irst\n<!-- x", "\n-->z"]
    )
    streams["long"] = lines({"type": "user", "message": {"content": "x" * 3000}}, assistant("After."))
    return streams


STREAMS: Final = _streams()


def test_a_parser_restarted_at_every_line_gives_the_same_sentences_with_the_same_ids() -> None:
    assert_each(STREAMS, _is_the_same_restarted_at_every_line)


def _is_the_same_restarted_at_every_line(name: str) -> None:
    data = STREAMS[name]
    out: list[Found] = []
    pipeline = Pipeline(ParserOptions())
    for line in data.splitlines(keepends=True):
        out.extend(found(pipeline.feed(line)))
        checkpoint = pipeline.checkpoint()
        received = pipeline.received
        pipeline = Pipeline(ParserOptions(), offset=checkpoint.offset, state=checkpoint.state)
        assert pipeline.received == checkpoint.offset
        out.extend(found(pipeline.feed(data[checkpoint.offset : received])))
    out.extend(found(pipeline.end()))
    assert out == found(parse(data))


@pytest.mark.parametrize("name", STREAMS)
@settings(max_examples=6)
@given(sizes=SIZES, restarts=st.sets(st.integers(0, 300)))
def test_a_parser_restarted_within_lines_gives_the_same_sentences(
    name: str, sizes: list[int], restarts: set[int]
) -> None:
    data = STREAMS[name]
    out: list[Found] = []
    pipeline = Pipeline(ParserOptions())
    for turn, piece in enumerate(cut(data, [7 * size for size in sizes])):
        out.extend(found(pipeline.feed(piece)))
        if turn in restarts:
            checkpoint, received = pipeline.checkpoint(), pipeline.received
            pipeline = Pipeline(ParserOptions(), offset=checkpoint.offset, state=checkpoint.state)
            out.extend(found(pipeline.feed(data[checkpoint.offset : received])))
    out.extend(found(pipeline.end()))
    assert out == found(parse(data))
