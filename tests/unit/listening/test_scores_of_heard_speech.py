"""What was recognized is compared with what should be said fairly: by sound, not by spelling."""

from __future__ import annotations

import importlib.util
import json

import pytest

from helpers.listening import alignment, kana, number_words, rates, wording
from helpers.listening.__main__ import RECORDED
from helpers.listening.rates import Rate, Score
from helpers.project.shadow_tree import REPOSITORY


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("All thirty seven tests pass.", "All 37 tests pass."),
        ("one million two hundred and fifty thousand rows", "1,250,000 rows"),
        ("one twenty seven point zero point zero point one", "127.0.0.1"),
        ("released on march fifteenth twenty twenty four", "released on March 15th, 2024"),
        ("main dot py and dot env dot local", "main.py and .env.local"),
        ("ten megabytes per second", "10 MB/s"),
        ("fifteen cents, not fifteen dollars", "$0.15, not $15"),
        ("ninety five degrees celsius at five forty five pm", "95°C at 5:45 p.m."),
        ("The a p i uses h t t p s", "The API uses HTTPS."),
        ("set up the code base", "Setup the codebase"),
    ],
)
def test_the_same_words_written_in_another_way_are_no_error(said: str, heard: str) -> None:
    assert alignment.words(wording.english(said), wording.english(heard)) == 0


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("the tests pass", "the tests fail", 1),
        ("the tests pass", "the pass", 1),
        ("the tests pass", "the tests do pass", 1),
        ("three of twelve", "three of twenty", 1),
        ("", "the tests", 2),
    ],
)
def test_each_wrong_missing_or_surplus_word_is_one_error(said: str, heard: str, errors: int) -> None:
    assert alignment.words(wording.english(said), wording.english(heard)) == errors


def test_words_that_sound_the_same_are_the_same() -> None:
    sounds = {"read": "ɹɛd", "red": "ɹɛd", "blue": "bluː"}
    assert alignment.words(["read"], ["red"], sounds.__getitem__) == 0
    assert alignment.words(["read"], ["blue"], sounds.__getitem__) == 1


def test_digits_of_neighbouring_numbers_are_not_added_up() -> None:
    assert number_words.as_digits("one zero five zero".split()) == ["1", "0", "5", "0"]
    assert number_words.as_digits("two hundred and one files".split()) == ["201", "files"]


def test_japanese_is_compared_as_it_sounds() -> None:
    if importlib.util.find_spec("fugashi") is None:
        pytest.skip("fugashi not found: make neural")
    assert kana.kana("テストはさんじゅうななけんあります。") == kana.kana("テストは37件あります")
    assert kana.kana("さんぼんのブランチ、しちがつよっか") == kana.kana("3本のブランチ、7月4日")
    assert kana.kana("エーピーアイがジェイソンを返します。") == kana.kana("APIがJSONを返します")
    assert alignment.characters(kana.kana("はい"), kana.kana("はえ")) == 1


def test_a_group_is_worse_only_beyond_its_interval_and_one_word() -> None:
    recorded = {"prose": Rate(0.0, 0.0, 0.0, 0, 90), "files": Rate(10.0, 4.0, 16.0, 10, 100)}
    same = {"prose": Rate(1.1, 0.0, 3.0, 1, 90), "files": Rate(17.0, 9.0, 20.0, 17, 100)}
    assert rates.worse(same, recorded) == []
    worse = {"prose": Rate(2.2, 0.0, 5.0, 2, 90), "files": Rate(18.0, 9.0, 20.0, 18, 100), "new": Rate(9, 9, 9, 9, 100)}
    assert [message.partition(":")[0] for message in rates.worse(worse, recorded)] == ["prose", "files"]


def test_rates_are_those_of_all_words_with_the_same_interval_each_time() -> None:
    scores = [Score(str(number), "prose" if number % 2 else "files", number % 3, 10) for number in range(12)]
    found = rates.by_group(scores)
    assert (found["all"].errors, found["all"].length, found["all"].percent) == (12, 120, 10.0)
    assert found["all"].low < 10.0 < found["all"].high
    assert rates.by_group(scores) == found
    assert rates.from_json(rates.to_json({"a chain": found})) == {"a chain": found}


def test_the_rates_in_the_docs_are_those_that_were_recorded() -> None:
    recorded = rates.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))
    docs = (REPOSITORY / "docs" / "internals" / "speech.md").read_text(encoding="utf-8")
    assert [row for row in rates.as_table(recorded) if row not in docs.splitlines()] == []
