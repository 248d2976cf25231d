"""How long it takes to say a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.config.speech_duration import Estimate, estimate

SPOKEN = {
    # Texts, and roughly how long a person takes to read them aloud without haste.
    "en": ("The build failed because a file was missing, so I added it and ran the tests again.", 5.0),
    "de": ("Der Build ist fehlgeschlagen, weil eine Datei fehlte, also habe ich sie hinzugefügt.", 5.3),
    "es": ("La compilación falló porque faltaba un archivo, así que lo añadí y repetí las pruebas.", 5.2),
    "ja": ("ファイルが足りなかったのでビルドに失敗しました。追加してからテストをもう一度実行しました。", 7.5),
    "zh": ("构建失败是因为缺少一个文件，所以我添加了它，然后又运行了一次测试。", 7.0),
    "ko": ("파일이 없어서 빌드에 실패했기 때문에 파일을 추가하고 테스트를 다시 실행했습니다.", 6.0),
    "ru": ("Сборка не удалась, потому что не хватало файла, и я добавил его и запустил тесты.", 5.0),
    "ar": ("فشل البناء لأن ملفا كان مفقودا فأضفته وشغلت الاختبارات مرة أخرى.", 5.5),
    "hi": ("फ़ाइल न होने से बिल्ड विफल हुआ इसलिए मैंने उसे जोड़ा और परीक्षण फिर चलाए।", 5.5),
}


@pytest.mark.parametrize("language", SPOKEN)
def test_what_a_person_takes_is_between_the_bounds_and_near_the_usual(language: str) -> None:
    text, seconds = SPOKEN[language]
    found = estimate(text, language)
    assert found.least * 1.2 < seconds < found.most / 1.2
    assert 0.7 < found.typical / seconds < 1.4


@pytest.mark.parametrize("text", ["", " ", "...", "—", "()"])
def test_what_has_no_words_takes_no_time_at_least(text: str) -> None:
    assert estimate(text, "en").least == 0


def test_a_number_may_take_long() -> None:
    words = "one million two hundred thirty-four thousand five hundred sixty-seven"
    assert estimate("1234567", "en").most > estimate(words, "en").typical
    assert estimate("1234567", "en").least < estimate(words, "en").typical


def test_letters_said_one_by_one_may_take_long() -> None:
    assert estimate("HTTPS", "en").most > estimate("https", "en").most + 1


def test_a_han_letter_takes_two_syllables_in_japanese_and_one_in_chinese() -> None:
    assert estimate("試験", "ja").typical - estimate("", "ja").typical == pytest.approx(
        0.2 + 2 * (estimate("ああ", "ja").typical - 0.2)
    )
    assert estimate("试验", "zh").least == pytest.approx(2 / 5.18 / 1.35)


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["en", "ja", "zh-TW", "ar", "", "xx"]))
def test_more_text_takes_no_less_and_the_three_are_in_order(text: str, more: str, language: str) -> None:
    found = estimate(text, language)
    longer = estimate(text + more, language)
    assert 0 <= found.least <= found.typical + 1e-9
    assert found.typical <= found.most + 1e-9
    assert longer.least >= found.least - 1e-9
    assert longer.most >= found.most - 1e-9
    assert isinstance(found, Estimate)
