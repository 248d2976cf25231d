"""What XTTS speaks, and what it needs for it."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from voicestream.config import languages
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.xtts.coqui.front_end import guard_text
from voicestream.workers.engines.xtts.languages import code, max_characters, missing_packages, require
from voicestream.workers.engines.xtts.spec import SPEC

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


@pytest.fixture
def only_have(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The packages that there are; a test adds to it."""
    there: set[str] = set()
    spec = importlib.util.spec_from_loader("there", loader=None)

    def find(name: str) -> ModuleSpec | None:
        return spec if name in there else None

    monkeypatch.setattr(importlib.util, "find_spec", find)
    return there


def test_a_tag_is_looked_up_as_people_write_it() -> None:
    assert [code(tag) for tag in ("pt-BR", "zh-TW", "zh", "JA", "en_GB", "arz")] == [
        *("pt", "zh-cn", "zh-cn", "ja", "en", "ar")
    ]
    assert [code(tag) for tag in ("sv", "yue", "no such language", "")] == [None] * 4


def test_every_language_of_the_model_has_a_limit() -> None:
    spoken = {language.xtts for language in languages.known()} - {None}
    assert len(spoken) == 17
    assert SPEC.languages == {name.partition("-")[0] for name in spoken if name is not None}
    assert all(max_characters(language.tag) > 0 for language in languages.known() if language.xtts)
    assert [max_characters(tag) for tag in ("ja", "zh-TW", "ko", "fr-CH", "sv", "?")] == [71, 82, 95, 273, 0, 0]


def test_most_languages_need_no_package(only_have: set[str]) -> None:
    assert [tag for tag in ("en", "de", "ar", "hi", "sv", "?") if missing_packages(tag)] == []


def test_what_japanese_lacks_is_named_with_the_command_that_installs_it(only_have: set[str]) -> None:
    only_have.add("fugashi")
    assert missing_packages("ja") == ["cutlet", "unidic-lite"]
    with pytest.raises(EngineNotReadyError, match="cutlet, unidic-lite to speak Japanese") as caught:
        require("ja")
    assert caught.value.hint == "Try: pip install cutlet unidic-lite"


def test_another_dictionary_does_for_japanese_too(only_have: set[str]) -> None:
    only_have.update(("cutlet", "fugashi", "unidic"))
    require("ja")


@pytest.mark.parametrize(("tag", "package"), [("zh", "pypinyin"), ("zh-TW", "pypinyin"), ("ko", "ko-speech-tools")])
def test_what_chinese_and_korean_lack_is_named(only_have: set[str], tag: str, package: str) -> None:
    assert missing_packages(tag) == [package]
    only_have.add(package.replace("-", "_"))
    assert missing_packages(tag) == []


@pytest.mark.parametrize(
    ("text", "language", "left"),
    [
        ("Geçerli olan plan B.", "tr", "Geçerli olan plan B ."),
        ("We call it code gen.", "en", "We call it code gen ."),
        ("Dr. Smith is here.", "en", "Dr. Smith is here."),
        ("The regen.", "en", "The regen."),
        ("三メガバイトです。", "ja", "三megabyteです。"),
        ("Plan B.", "sv", "Plan B."),
        ("IŞIK ve Isı, API", "tr", "ıŞıK ve ısı, API"),
        ("方案 B。", "zh", "方案 B。"),
    ],
)
def test_coquis_titles_are_kept_from_the_ends_of_sentences(text: str, language: str, left: str) -> None:
    assert guard_text(text, language) == left
