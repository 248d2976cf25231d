"""What the translation worker does around an engine that may be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.engines.translator import Job, Made
from voicestream.protocol.messages import TranslationOptions
from voicestream.workers.translation.checked_batch import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PLAIN = TranslationOptions()

RIGHT = {
    "All 42 tests pass.": "42個のテストがすべて成功しました。",
    "I read the log.": "ログを読みました。",
    "I read main.py first.": "最初に main.py を読みました。",
}


class Scripted:
    """A translator that says what it was told to say, first and second."""

    name = "scripted"
    device = "cpu"

    def __init__(self, first: Mapping[str, str], second: Mapping[str, str] | None = None) -> None:
        self._answers = (first, second or first)
        self.asked: list[tuple[list[str], Job]] = []

    def load(self, report: Callable[[str, float | None], None]) -> None:
        report("nothing", None)

    def supports(self, source: str, target: str) -> bool:
        return source != target

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        assert self.supports(source, target)
        self.asked.append((list(texts), job))
        return [self._answers[job.is_second_try][text] for text in texts]

    def close(self) -> None:
        pass


def test_answers_that_can_be_right_are_taken_and_asked_for_once() -> None:
    engine = Scripted(RIGHT)
    made = translate(engine, list(RIGHT), ("en", "ja"), PLAIN, Job(beams=5))
    assert made == [Made(text) for text in RIGHT.values()]
    assert [(texts, job.beams, job.is_second_try) for texts, job in engine.asked] == [(list(RIGHT), 5, False)]


def test_only_what_was_wrong_is_asked_for_again_and_the_second_answer_is_taken() -> None:
    engine = Scripted(RIGHT | {"All 42 tests pass.": "すべてのテストが成功しました。"}, RIGHT)
    made = translate(engine, list(RIGHT), ("en", "ja"), PLAIN, Job())
    assert made == [Made(text) for text in RIGHT.values()]
    assert [(texts, job.is_second_try) for texts, job in engine.asked] == [
        (list(RIGHT), False),
        (["All 42 tests pass."], True),
    ]


def test_what_is_wrong_twice_has_a_reason_and_the_others_are_fine() -> None:
    engine = Scripted(RIGHT | {"All 42 tests pass.": "すべてのテストが成功しました。"})
    made = translate(engine, list(RIGHT), ("en", "ja"), PLAIN, Job())
    assert made[0].failure == "the translation was not usable: the number 42 is missing"
    assert [one.failure for one in made[1:]] == ["", ""]
    assert len(engine.asked) == 2


def test_what_is_not_worth_a_model_is_kept_from_it() -> None:
    engine = Scripted(RIGHT)
    made = translate(engine, ["3.11.2", "I read the log.", "main.py"], ("en", "ja"), PLAIN, Job())
    assert made == [Made("3.11.2"), Made("ログを読みました。"), Made("main.py")]
    assert [texts for texts, _ in engine.asked] == [["I read the log."]]


def test_nothing_is_asked_when_nothing_is_worth_it() -> None:
    engine = Scripted({})
    assert translate(engine, ["3.11.2"], ("en", "ja"), PLAIN, Job()) == [Made("3.11.2")]
    assert engine.asked == []


def test_a_file_name_that_does_not_come_back_is_a_failure() -> None:
    engine = Scripted({"I read main.py first.": "最初にファイルを読みました。"})
    made = translate(engine, ["I read main.py first."], ("en", "ja"), PLAIN, Job())
    assert "main.py" in made[0].failure


def test_a_word_that_is_to_be_kept_is_looked_for() -> None:
    options = TranslationOptions(keep=["Marvin"])
    text = "I asked Marvin about it."
    engine = Scripted({text: "彼に聞きました。"}, {text: "Marvinに聞きました。"})
    assert translate(engine, [text], ("en", "ja"), options, Job()) == [Made("Marvinに聞きました。")]


def test_the_model_gets_the_terms_of_the_glossary() -> None:
    options = TranslationOptions(glossary={"pull request": "プルリクエスト"})
    engine = Scripted({"I opened a プルリクエスト today.": "今日、プルリクエストを開きました。"})
    made = translate(engine, ["I opened a pull request today."], ("en", "ja"), options, Job())
    assert made == [Made("今日、プルリクエストを開きました。")]


def test_an_engine_that_loses_a_sentence_is_not_believed() -> None:
    class Forgetful(Scripted):
        def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
            return super().translate(texts, source, target, job)[1:]

    with pytest.raises(ValueError, match="returned 2 texts for 3"):
        translate(Forgetful(RIGHT), list(RIGHT), ("en", "ja"), PLAIN, Job())
