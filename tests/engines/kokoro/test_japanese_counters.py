"""Numbers and counters are read together in Japanese: 三本 is sambon."""

from __future__ import annotations

import importlib.util

import pytest

from voicestream.workers.engines.kokoro import japanese

if importlib.util.find_spec("fugashi") is None or importlib.util.find_spec("unidic_lite") is None:
    pytest.skip("fugashi, unidic_lite not found: make neural", allow_module_level=True)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("一本と三本と六本", "イッポントサンボントロッポン"),
        ("二本と四本", "ニホントヨンホン"),
        ("六回と十回と百回", "ロッカイトジュッカイトヒャッカイ"),
        ("三階", "サンガイ"),
        ("一冊と八冊と六冊", "イッサツトハッサツトロクサツ"),
        ("三十分", "サンジュップン"),
        ("四時と九時と十九時", "ヨジトクジトジュークジ"),
        ("四月と七月と九月", "シガツトシチガツトクガツ"),
        ("二千二十四年", "ニセンニジューヨネン"),
        ("七月四日から八日まで", "シチガツヨッカカラヨーカマデ"),
        ("三月一日と十五日", "サンガツツイタチトジューゴニチ"),
        ("三十七件", "サンジューナナケン"),
    ],
)
def test_a_number_and_its_counter_have_one_reading(text: str, reading: str) -> None:
    from fugashi import Tagger

    assert "".join(japanese._readings(Tagger()(text))) == reading
