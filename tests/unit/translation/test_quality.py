"""What is wrong with a translation, and that nothing is wrong with a right one."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.models.translations import BROKEN, CORRECT
from helpers.project.many_cases import assert_each
from voicestream.config import languages
from voicestream.config.language_table import TABLE
from voicestream.errors import UsageError
from voicestream.workers.translation.quality import is_worth_translating, problem
from voicestream.workers.translation.quality.han_numerals import values
from voicestream.workers.translation.quality.scripts import LETTERS

TAGS = [language.tag for language in languages.known()]


def test_a_correct_translation_is_left_alone() -> None:
    assert_each(CORRECT, _is_left_alone)


def _is_left_alone(case: tuple[str, str, str, str]) -> None:
    source, target, original, translation = case
    assert problem(original, translation, source, target) == ""


def test_a_broken_translation_is_found_for_the_right_reason() -> None:
    assert_each(BROKEN, _is_found)


def _is_found(case: tuple[str, str, str, str, str]) -> None:
    source, target, original, translation, words = case
    assert words in problem(original, translation, source, target)


def test_a_translation_into_another_language_is_found_for_every_pair_of_scripts() -> None:
    """Each correct translation is offered as one into each language of another script."""
    other = {
        "ja": "de zh ko ar ru th",
        "de": "ja zh ko ar hi ru th",
        "ru": "de ja ko ar",
        "ar": "de ja hi",
        "th": "de ru",
    }
    long = [case for case in CORRECT if case[1] in other and len(case[2]) > 20 and case[2] != case[3]]
    assert len(long) > 20
    for source, target, original, translation in long:
        for wrong in other[target].split():
            assert problem(original, translation, source, wrong), (wrong, translation)


def test_most_changed_digits_are_found_in_every_translation() -> None:
    """Not all: 3 may be right where the original has a word for it."""
    found = total = 0
    for source, target, original, translation in CORRECT:
        for at, digit in enumerate(translation):
            value = unicodedata.decimal(digit, -1)
            if value >= 0:
                wrong = chr(ord(digit) + (1 if value < 9 else -1))
                total += 1
                found += bool(problem(original, translation[:at] + wrong + translation[at + 1 :], source, target))
    assert total > 400
    assert found > 0.9 * total


def test_every_script_that_nllb_writes_is_known() -> None:
    flores = [line.split()[1] for line in TABLE.splitlines()]
    assert {code.partition("_")[2] for code in flores if code != "-"} <= LETTERS.keys()


def test_the_letters_of_a_script_are_known_by_the_names_unicode_gives_them() -> None:
    examples = """
        Arab ب Armn բ Beng ব Cyrl б Deva ब Ethi በ Geor ბ Grek β Gujr બ Guru ਬ Hang 방 Hans 们 Hant 們 Hebr ב Jpan べ
        Khmr ប Knda ಬ Laoo ບ Latn ß Mlym ബ Mymr ဗ Orya ବ Sinh බ Taml ப Telu బ Tfng ⴱ Thai บ Tibt བ
    """.split()
    letters = dict(zip(examples[::2], examples[1::2], strict=True))
    assert letters.keys() == LETTERS.keys()
    for language in languages.known():
        script = (language.flores or "").partition("_")[2]
        if not script:
            continue
        for other, letter in letters.items():
            right = script in {other, "Jpan"}
            found = problem("Xyz fgh vwq.", letter * 3 + " " + letter * 2, "en", language.tag)
            if right and other == script:
                assert "letters" not in found, (language.tag, letter)
            elif not right and {other, script} != {"Hans", "Hant"}:
                assert "letters" in found, (language.tag, other, found)


@pytest.mark.parametrize(
    ("word", "translation"),
    [
        ("main.py", "Ich habe main.py geändert."),
        ("kubectl", "Kubectl ist veraltet."),
        ("kubectl", "Päivitin kubectlin."),
        ("Claude Code", "ClaudeCode を使って問題を直しました。"),
        ("プルリクエスト", "ﾌﾟﾙﾘｸｴｽﾄを開きました。"),
        ("useEffect", "ｕｓｅＥｆｆｅｃｔを呼びます。"),
        ("プルリクエスト", "APIプルリクエストを開きました。"),
        ("PR", "PRを開きました。"),
        ("PR", "Der PR ist offen."),
        ("PR", "Alle PRs sind offen."),
        ("C++", "C++ ist schnell."),
        (".env", "Die Datei .env fehlt."),
        (" ", "Was auch immer."),
    ],
)
def test_a_protected_word_is_found_in_every_shape_it_can_have(word: str, translation: str) -> None:
    target = "ja" if "を" in translation else "de"
    assert "missing" not in problem("Something or other.", translation, "en", target, [word])


@pytest.mark.parametrize(
    ("word", "translation"),
    [
        ("main.py", "Ich habe main.pi geändert."),
        ("main.py", "Ich habe domain.py geändert."),
        ("PR", "Das Problem ist offen."),
        ("git", "Ich habe es auf gitlab geschoben."),
        ("k8s", "Die Datei für k8 fehlt."),
        ("user1", "Der Benutzer user12 fehlt."),
        ("useEffect", "Ich rufe useEffectiveValue auf."),
        ("プルリクエスト", "リクエストを開きました。"),
    ],
)
def test_a_protected_word_that_is_gone_or_part_of_another_is_missed(word: str, translation: str) -> None:
    target = "ja" if "を" in translation else "de"
    assert problem("Something or other.", translation, "en", target, [word]) == f'"{word}" is missing'


@pytest.mark.parametrize(
    "text",
    """
    3.11.2|42|10 ms|10ms|v2|useEffect|main.py|3f2a9c1d|example.com|https://example.com/how/to|OK.|Okay!|→|...|x|a, b|
    50 %|2024-01-15|k8s|max_retries|me@example.org|🎉|1. main.py|Q3|README.md, config.yaml|
    """.replace("\n    ", "").split("|"),
)
def test_what_is_the_same_in_every_language_is_not_worth_translating(text: str) -> None:
    assert not is_worth_translating(text)


@pytest.mark.parametrize(
    "text",
    [
        "Done.",
        "42 tests",
        "See main.py",
        "はい",
        "木",
        "네",
        "да",
        "Yes",
        "API",
        "in main.py",
        "v2 is out",
        "10 minutes",
    ],
)
def test_a_word_is_worth_translating(text: str) -> None:
    assert is_worth_translating(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("四十二", "42"),
        ("十", "10"),
        ("二十", "20"),
        ("百五", "105"),
        ("三千二百", "3200"),
        ("二〇二四", "2024"),
        ("十二万", "120000"),
        ("三万五千", "35000"),
        ("一億二千万", "120000000"),
        ("万", "10000"),
    ],
)
def test_han_numerals_are_read(text: str, value: str) -> None:
    assert value in values(f"約{text}件")


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(UsageError):
        problem("Done.", "Fertig.", "en", "xx")


@given(
    original=st.text(),
    translation=st.text(),
    source=st.sampled_from(TAGS),
    target=st.sampled_from(TAGS),
    protected=st.lists(st.text(), max_size=3),
)
def test_every_text_can_be_checked(
    original: str, translation: str, source: str, target: str, protected: list[str]
) -> None:
    assert isinstance(problem(original, translation, source, target, protected), str)
    assert isinstance(is_worth_translating(original), bool)


_NUMBERISH = st.text(alphabet="0123456789.,:/- '%kKMvx万億千천만०٣๓٫②½tausendmillion", max_size=40)


@given(original=_NUMBERISH, translation=_NUMBERISH, source=st.sampled_from(TAGS), target=st.sampled_from(TAGS))
@example(original="1.2.3k", translation="3.11.2 million", source="en", target="en")
@example(original="9" * 5000 + "k", translation="9" * 5000 + ".1 million", source="en", target="en")
def test_every_number_can_be_checked(original: str, translation: str, source: str, target: str) -> None:
    assert isinstance(problem(original, translation, source, target), str)


@given(text=st.text(max_size=60) | _NUMBERISH, source=st.sampled_from(TAGS), target=st.sampled_from(TAGS))
def test_of_an_original_against_itself_only_its_language_can_be_wrong(text: str, source: str, target: str) -> None:
    found = problem(text, text, source, target)
    assert found in {"", "it was not translated", "it was hardly translated"}


_LETTERS = st.text(alphabet=string.ascii_lowercase, min_size=1, max_size=8).filter(
    lambda word: word not in "mrd tsd mio"
)
_NUMERAL = st.from_regex(r"[0-9]{1,4}(?:[.,][0-9]{1,3}){0,3}", fullmatch=True)


@given(numbers=st.lists(_NUMERAL, min_size=1, max_size=5), words=st.lists(_LETTERS, min_size=6, max_size=6))
def test_a_number_that_came_back_as_it_was_is_never_complained_about(numbers: list[str], words: list[str]) -> None:
    original = " and ".join(numbers)
    translation = "; ".join(f"{word} {number}" for word, number in zip(words, reversed(numbers), strict=False))
    for target in ("de", "ja", "fi"):
        assert "number" not in problem(original, translation, "en", target)


@given(number=st.integers(13, 10**9), wrong=st.integers(13, 10**9), mark=st.sampled_from([",", ".", "'", "", " "]))
def test_a_number_comes_back_with_any_mark_between_its_thousands_and_no_other_does(
    number: int, wrong: int, mark: str
) -> None:
    shown = f"{number:,}".replace(",", mark)
    assert problem(f"Number {number:,}.", f"Zahl {shown}.", "en", "de") == ""
    if wrong != number:
        found = problem(f"Number {number:,}.", f"Zahl {wrong:_}.".replace("_", mark), "en", "de")
        assert "missing" in found or "not in the original" in found
