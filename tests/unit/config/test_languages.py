"""What people type for a language, and what the engines then get."""

from __future__ import annotations

import re

import pytest

from helpers.project.many_cases import assert_each
from voicestream.config import languages
from voicestream.errors import EXIT_USAGE, UsageError


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("ja", "ja"),
        (" JA ", "ja"),
        ("pt-br", "pt-BR"),
        ("PT_br", "pt-BR"),
        ("en-us", "en-US"),
        ("de-at", "de-AT"),
        ("es-419", "es-419"),
        ("zh-hant", "zh-Hant"),
        ("zh-hant-tw", "zh-TW"),
        ("zh-Hans-CN", "zh-CN"),
        ("sr-cyrl", "sr"),
        ("ks-deva", "ks-Deva"),
    ],
)
def test_case_and_separator_do_not_matter(typed: str, tag: str) -> None:
    assert languages.parse(typed).tag == tag


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("jpn", "ja"),
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("cmn", "zh"),
        ("no", "nb"),
        ("iw", "he"),
        ("fil", "tl"),
    ],
)
def test_other_codes_of_the_standard_are_understood(typed: str, tag: str) -> None:
    assert languages.parse(typed).tag == tag


def test_a_parsed_tag_parses_to_itself() -> None:
    assert_each(languages.known(), _parses_to_itself, lambda language: language.tag)


def _parses_to_itself(language: languages.Language) -> None:
    assert languages.parse(language.tag) is language
    assert languages.parse(language.tag.lower()) is language


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("jp", "ja"),
        ("JP", "ja"),
        ("kr", "ko"),
        ("cn", "zh"),
        ("cz", "cs"),
        ("us", "en-US"),
        ("zh-yue", "yue"),
        ("japanese", "ja"),
        ("Spansh", "es"),
        ("sr-Latn", "sr"),
        ("en-USA", "en"),
        ("pt-braz", "pt"),
    ],
)
def test_a_wrong_tag_gets_the_one_that_was_meant(wrong: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        languages.parse(wrong)
    assert wrong in str(caught.value)
    assert f'Did you mean "{meant}"' in caught.value.hint
    assert caught.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize(
    "wrong", ["", " ", "e", "xx", "qqq", "日本語", "en\n", "en--US", "../../etc/passwd", "e" * 10_000]
)
def test_nonsense_gets_an_error_that_says_what_to_type(wrong: str) -> None:
    if wrong == "en\n":
        assert languages.parse(wrong).tag == "en"
        return
    with pytest.raises(UsageError) as caught:
        languages.parse(wrong)
    assert "pt-BR" in caught.value.hint


def test_regions_choose_voices() -> None:
    assert languages.parse("en").espeak == "en-us"
    assert languages.parse("en-GB").espeak == "en"
    assert languages.parse("pt").espeak == "pt"
    assert languages.parse("pt-BR").espeak == "pt-br"
    assert languages.parse("es-ES").espeak == "es"
    assert languages.parse("es-MX").espeak == "es-419"
    assert languages.parse("zh-TW").espeak == "cmn"


def test_regions_choose_scripts() -> None:
    assert languages.parse("zh").flores == "zho_Hans"
    assert languages.parse("zh-SG").flores == "zho_Hans"
    assert languages.parse("zh-HK").flores == "zho_Hant"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("en", "en-US", True),
        ("pt-BR", "pt", True),
        ("se", "se-NO", True),
        ("zh", "zh-TW", False),
        ("zh-TW", "zh-Hant", True),
        ("en", "ja", False),
        ("nb", "nn", False),
        ("br", "se", False),
        ("se", "en", False),
    ],
)
def test_what_needs_no_translation(first: str, second: str, same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert languages.are_same(first, second) is same
    assert languages.are_same(second, first) is same


def test_the_table_has_all_of_nllb_and_xtts() -> None:
    codes = {language.flores for language in languages.known()} - {None}
    assert len(codes) == 202, "NLLB-200's tokenizer has 202 codes"
    assert all(re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}", code) for code in codes if code)
    assert {language.xtts for language in languages.known()} - {None} == {
        "en",
        "es",
        "fr",
        "de",
        "it",
        "pt",
        "pl",
        "tr",
        "ru",
        "nl",
        "cs",
        "ar",
        "zh-cn",
        "ja",
        "hu",
        "ko",
        "hi",
    }


def test_codes_have_the_form_their_engines_expect() -> None:
    for language in languages.known():
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?", language.tag)
        assert language.espeak is None or re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]+)*", language.espeak)
        assert language.apertium is None or re.fullmatch(r"[a-z]{3}", language.apertium)
        assert language.name


def test_a_row_of_a_region_follows_the_row_of_its_language() -> None:
    seen: set[str] = set()
    for language in languages.known():
        assert language.tag == language.base or language.base in seen
        seen.add(language.tag)


def test_every_suggestion_is_a_language() -> None:
    words = languages.MISTAKES.split()
    for wrong, meant in zip(words[::2], words[1::2], strict=True):
        assert languages.parse(meant).tag == meant
        with pytest.raises(UsageError):
            languages.parse(wrong)


def test_every_alias_leads_to_a_language() -> None:
    words = languages.ALIASES.split()
    for alias, tag in zip(words[::2], words[1::2], strict=True):
        assert languages.parse(alias).tag == tag
