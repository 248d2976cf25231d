"""Public reports of agents' output: each case whole and however it is cut."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from helpers.project.many_cases import assert_each
from helpers.project.parsing import cut, errors, load, message, parse, partial, spoken

CASES = load("turn2.jsonl")


def test_what_agents_print_is_spoken_as_reported() -> None:
    assert_each((case for case in CASES if "language" not in case), _parsed, _name)


def test_what_a_voice_is_given_is_as_reported() -> None:
    pytest.importorskip("num2words", reason="make neural")
    assert_each((case for case in CASES if "language" in case), _normalized, _name)


def _name(case: dict[str, Any]) -> str:
    return str(case["id"])


def _parsed(case: dict[str, Any]) -> None:
    if "lines" in case:
        _stream(case)
    else:
        _text(case)


def _text(case: dict[str, Any]) -> None:
    text, expected = case["input"], [case["expected"], *case.get("accept", [])]
    said = spoken(parse(message(text)))
    assert said in expected
    dice = random.Random(text)
    for most in (1, 3, 9):
        sizes = [dice.randint(1, most) for _ in text]
        ends = [sum(sizes[:count]) for count in range(len(sizes) + 1)]
        pieces = [text[start:end] for start, end in pairwise(ends)]
        assert spoken(parse(partial(pieces))) == said


def _stream(case: dict[str, Any]) -> None:
    wanted = [case["expected_text"], *case.get("accept_text", [])]
    accepted = [[said for text in texts for said in spoken(parse(message(text)))] for texts in wanted]
    data = "\n".join(case["lines"]).encode()
    for sizes in ((), (1,) if len(data) < 10_000 else (61,), (5, 60, 2)):
        out = parse(cut(data, sizes))
        assert spoken(out) in accepted
        announced, expected = errors(out), case.get("expected_error", [])
        assert len(announced) == len(expected)
        assert all(words in text for words, text in zip(expected, announced, strict=True))
        if "expected_error_exact" in case:
            assert announced == case["expected_error_exact"]


def _normalized(case: dict[str, Any]) -> None:
    from voicestream.workers.tts.normalization.normalize import words

    assert words(case["input"], case["language"]) in [case["expected_text"], *case.get("accept", [])]
