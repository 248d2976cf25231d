"""Coqui's own front-end has nothing left to do, and nothing to get wrong, after ours."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from helpers.project.parsing import load
from voicestream.workers.engines.xtts.coqui.front_end import guard_text
from voicestream.workers.tts.normalization.normalize import words

NEEDED: Final = ("TTS", "cutlet", "fugashi", "ko_speech_tools", "num2words", "pypinyin", "torch")
MISSING: Final = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if MISSING:
    pytest.skip(f"{', '.join(MISSING)} not found: make neural", allow_module_level=True)

ROMANIZED: Final = ("ja", "ko", "zh")


def read_by_coqui(texts: list[tuple[str, str]]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "helpers.models.coqui_front_end"],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        input=json.dumps(texts),
        capture_output=True,
        check=True,
        text=True,
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def read() -> list[tuple[str, str, str]]:
    """Of each example: the language, what coqui was given, what it made of it."""
    given = [
        (case["language"].partition("-")[0], guard_text(words(case["text"], case["language"]), case["language"]))
        for case in load("spoken.jsonl")
    ]
    given += [("tr", guard_text("Geçerli olan plan B.", "tr")), ("en", guard_text("We call it code gen.", "en"))]
    given += [("ja", guard_text(words("10 MB", "ja"), "ja"))]
    return [(language, text, made) for (language, text), made in zip(given, read_by_coqui(given), strict=True)]


def test_all_seventeen_languages_pass_without_a_figure(read: list[tuple[str, str, str]]) -> None:
    assert len({language for language, _, _ in read}) == 17
    for language, text, made in read:
        assert made.strip(), text
        if language != "zh":  # its tones are figures
            assert not any(map(str.isdigit, made)), made


def test_where_the_script_stays_nothing_is_changed_but_the_case(read: list[tuple[str, str, str]]) -> None:
    for language, text, made in read:
        if language not in ROMANIZED:
            assert made.casefold() == text.replace("İ", "i").casefold()


def test_where_it_changes_everything_is_plain_latin(read: list[tuple[str, str, str]]) -> None:
    for language, text, made in read:
        if language in ROMANIZED:
            assert made.isascii(), (text, made)
            assert "?" not in made, (text, made)  # cutlet's sign for what it cannot read


def test_japanese_sizes_are_not_read_as_german(read: list[tuple[str, str, str]]) -> None:
    assert "juu megabyte" in [made for language, _, made in read if language == "ja"]
