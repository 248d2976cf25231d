"""Names of programs survive the real model from English to Portuguese."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.models import firefox_models
from voicestream.config.engine_settings import EngineSettings
from voicestream.engines.translator import Job, Made
from voicestream.protocol.messages import TranslationOptions
from voicestream.workers.engines.firefox import translator
from voicestream.workers.translation import checked_batch
from voicestream.workers.translation.checked_batch import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.workers.engines.firefox.translator import FirefoxTranslator

firefox_models.skip_unless_installed()

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "cases" / "translated_names.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
"""Sentences of agents, and the names in each."""


@pytest.fixture(scope="module")
def engine(firefox_models: Path) -> Iterator[FirefoxTranslator]:
    found = translator.load(EngineSettings(models=str(firefox_models)), lambda *_: None)
    yield found
    found.close()


def translate(engine: FirefoxTranslator, texts: list[str], **glossary: str) -> list[Made]:
    options = TranslationOptions(glossary={term.replace("_", " "): said for term, said in glossary.items()})
    return checked_batch.translate(engine, [Source(text, ("en", "pt"), options) for text in texts], Job())


def test_names_are_kept_and_hardly_any_sentence_is_refused(engine: FirefoxTranslator) -> None:
    made = translate(engine, [case["text"] for case in CASES])
    wanted = [(name, one.text) for case, one in zip(CASES, made, strict=True) for name in case["names"]]
    lost = [(name, text) for name, text in wanted if name not in text]
    refused = [one for one in made if one.failure]
    assert len(CASES) >= 60
    assert len(lost) <= 0.02 * len(wanted), lost
    assert len(refused) <= 0.01 * len(CASES), refused


@pytest.mark.parametrize(
    ("text", "term", "said"),
    [
        ("I opened a pull request for this.", "pull_request", "PR"),
        ("The flaky test is skipped.", "flaky", "instável"),
        ("The issue has a workaround.", "workaround", "contorno"),
    ],
)
def test_a_term_of_the_glossary_stands_in_the_translation(
    engine: FirefoxTranslator, text: str, term: str, said: str
) -> None:
    (made,) = translate(engine, [text], **{term: said})
    assert made.failure == ""
    assert said in made.text
