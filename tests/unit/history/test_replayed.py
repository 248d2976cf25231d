"""Replay: the parser finds the recorded sentences again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicestream.history.record import Record, Sentence
from voicestream.history.replayed import as_text
from voicestream.protocol.messages import ParserOptions
from voicestream.workers.parser.pipeline import Found, Pipeline

WORDS = [
    "# of items is 3.",
    "1. First do it.",
    "12) is the last one.",
    "- dash first.",
    "> It is greater.",
    "It takes *args **kwargs <b>bold</b> a|b.",
    "a = b - c, 3 * 4 < 5 > 2 ~ok~.",
    'See `x` and "b": fine.',
    "これは*テスト*です。",
    "{ is a brace.",
]


def parsed(text: str, language: str = "en") -> list[str]:
    pipeline = Pipeline(ParserOptions(format="text", language=language))
    results = [*pipeline.feed(text.encode()), *pipeline.end()]
    return [one.text for one in results if isinstance(one, Found)]


def record(*sentences: Sentence) -> Record:
    return Record(
        id="a",
        path=Path("a"),
        is_open=False,
        started=datetime(2026, 1, 1, tzinfo=UTC),
        language="ja",
        source="en",
        sentences=dict(enumerate(sentences)),
    )


@pytest.mark.parametrize("closes", [True, False])
def test_each_sentence_is_found_again(*, closes: bool) -> None:
    text = as_text(record(*(Sentence(words, "en", closes) for words in WORDS)), "en")
    assert parsed(text) == WORDS


def test_a_translation_is_taken_where_it_is_in_the_language_to_hear() -> None:
    one = record(
        Sentence("Hello.", "en", translation="こんにちは。", translation_language="ja"), Sentence("Bye.", "en")
    )
    assert parsed(as_text(one, "ja"), "ja") == ["こんにちは。", "Bye."]
    assert parsed(as_text(one, "de"), "en") == ["Hello.", "Bye."]
