"""What the translation worker does around an engine that may be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicestream.engines.translator import Job, Made
from voicestream.protocol.messages import TranslationOptions
from voicestream.workers.translation import checked_batch
from voicestream.workers.translation.checked_batch import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from voicestream.engines.translator import Translator

PLAIN = TranslationOptions()

RIGHT = {
    "All 42 tests pass.": "42個のテストがすべて成功しました。",
    "I read the log.": "ログを読みました。",
    "I read main.py first.": "最初に main.py を読みました。",
}


def translate(
    engine: Translator, texts: Sequence[str], pair: tuple[str, str], options: TranslationOptions, job: Job
) -> list[Made]:
    """Translate sentences with the same languages and options."""
    return checked_batch.translate(engine, [Source(text, pair, options) for text in texts], job)


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


class Copying(Scripted):
    """A model that is known to copy codes."""

    name_codes = ("ZKX", "XQ1")


def test_a_name_with_spaces_in_it_is_repaired_before_it_is_checked() -> None:
    engine = Scripted({"I read main.py first.": "Li main. py primeiro."})
    assert translate(engine, ["I read main.py first."], ("en", "pt"), PLAIN, Job()) == [Made("Li main.py primeiro.")]
    assert len(engine.asked) == 1


def test_a_lost_name_is_asked_for_again_with_a_code() -> None:
    text = "I merged fix/leak into main."
    engine = Copying({text: "Eu fundi o vazamento em main.", "I merged ZKX into main.": "Eu fundi ZKX em main."})
    assert translate(engine, [text], ("en", "pt"), PLAIN, Job()) == [Made("Eu fundi fix/leak em main.")]
    assert [asked for asked, _ in engine.asked] == [[text], ["I merged ZKX into main."]]


def test_a_name_that_is_lost_only_with_a_code_beside_it_gets_one_too() -> None:
    text = "I merged fix/leak into main."
    engine = Copying(
        {
            text: "Eu fundi o vazamento em main.",
            "I merged ZKX into main.": "Eu fundi ZKX no principal.",
            "I merged ZKX into XQ1.": "Eu fundi ZKX em XQ1.",
        }
    )
    assert translate(engine, [text], ("en", "pt"), PLAIN, Job()) == [Made("Eu fundi fix/leak em main.")]


def test_a_model_without_codes_is_asked_again_as_it_was() -> None:
    text = "I merged fix/leak into main."
    engine = Scripted({text: "Eu fundi o vazamento em main."})
    (made,) = translate(engine, [text], ("en", "pt"), PLAIN, Job())
    assert "fix/leak" in made.failure
    assert [asked for asked, _ in engine.asked] == [[text], [text]]


def test_a_code_stands_for_a_term_from_the_start() -> None:
    options = TranslationOptions(glossary={"pull request": "PR"})
    engine = Copying({"I opened a ZKX for main.py today.": "Abri um ZKX para main. py hoje."})
    made = translate(engine, ["I opened a pull request for main.py today."], ("en", "pt"), options, Job())
    assert made == [Made("Abri um PR para main.py hoje.")]


@pytest.mark.parametrize("engine_class", [Scripted, Copying])
def test_a_lost_term_costs_the_term_and_not_the_sentence(engine_class: type[Scripted]) -> None:
    options = TranslationOptions(glossary={"pull request": "PR"})
    text = "I opened a pull request today."
    answers = {
        "I opened a PR today.": "Abri hoje.",
        "I opened a ZKX today.": "Abri hoje.",
        text: "Abri uma solicitação hoje.",
    }
    assert translate(engine_class(answers), [text], ("en", "pt"), options, Job()) == [
        Made("Abri uma solicitação hoje.")
    ]


def test_a_code_that_stands_in_the_text_is_not_used() -> None:
    options = TranslationOptions(glossary={"pull request": "PR"})
    engine = Copying({"The ZKX has a XQ1 today.": "O ZKX tem um XQ1 hoje."})
    made = translate(engine, ["The ZKX has a pull request today."], ("en", "pt"), options, Job())
    assert made == [Made("O ZKX tem um PR hoje.")]


def test_each_sentence_has_its_own_languages_and_glossary() -> None:
    class Both(Scripted):
        def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
            return [f"{target}: {text}" for text in super().translate(texts, source, target, job)]

    text = "I asked Marvin today."
    engine = Both({text: "Marvin.", "I asked Ada today.": "Ada."})
    sources = [
        Source(text, ("en", "de"), PLAIN),
        Source(text, ("en", "es"), TranslationOptions(keep=["Marvin"])),
        Source("I asked Ada today.", ("en", "de"), TranslationOptions(keep=["Marvin"])),
    ]
    assert [one.text for one in checked_batch.translate(engine, sources, Job())] == [
        "de: Marvin.",
        "es: Marvin.",
        "de: Ada.",
    ]
    assert [texts for texts, job in engine.asked if not job.is_second_try] == [[text, "I asked Ada today."], [text]]
