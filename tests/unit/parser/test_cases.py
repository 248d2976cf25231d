"""Text to sentences: every case passes whole, character by character and however it is cut."""

from __future__ import annotations

import random
from typing import Any

import pytest

from helpers.project.many_cases import assert_each
from helpers.project.parsing import cut, errors, load, message, parse, partial, spoken

SENTENCES = ("sentences.jsonl", "own_sentences.jsonl")
STREAMS = ("streams.jsonl", "own_streams.jsonl")


def _name(case: dict[str, Any]) -> str:
    return str(case["id"])


@pytest.mark.parametrize("file", SENTENCES)
def test_a_text_becomes_these_sentences(file: str) -> None:
    assert_each(load(file), _becomes_sentences, _name)


@pytest.mark.parametrize("file", SENTENCES)
def test_the_cut_changes_nothing(file: str) -> None:
    assert_each(load(file), _is_the_same_cut, _name)


@pytest.mark.parametrize("file", STREAMS)
@pytest.mark.parametrize("sizes", [(), (1,), (5, 60, 2)], ids=["whole", "bytewise", "cut"])
def test_a_stream_becomes_these_texts(file: str, sizes: tuple[int, ...]) -> None:
    assert_each(load(file), lambda case: _becomes_texts(case, sizes), _name)


def _becomes_sentences(case: dict[str, Any]) -> None:
    text, expected = case["input"], case["expected"]
    assert spoken(parse(message(text))) == expected
    assert spoken(parse(partial(list(text)))) == expected
    assert spoken(parse(partial(case.get("chunks", [text])))) == expected


def _is_the_same_cut(case: dict[str, Any]) -> None:
    # Drawn from the text: as many cuts as cases, and the same ones in each run (test_properties.py draws others).
    dice = random.Random(case["input"])
    sizes = [dice.randint(1, 9) for _ in range(dice.randint(1, 6))]
    pieces = [
        piece.decode("utf-32-le") for piece in cut(case["input"].encode("utf-32-le"), [4 * size for size in sizes])
    ]
    assert spoken(parse(partial(pieces))) == case["expected"]


def _becomes_texts(case: dict[str, Any], sizes: tuple[int, ...]) -> None:
    out = parse(cut("\n".join(case["lines"]).encode(), sizes))
    assert spoken(out) == [said for text in case["expected_text"] for said in spoken(parse(message(text)))]
    announced = errors(out)
    expected = case.get("expected_error", [])
    assert len(announced) == len(expected)
    assert all(words in text for words, text in zip(expected, announced, strict=True))
