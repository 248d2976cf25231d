"""Dividing what is too long for a voice, in all scripts."""

from __future__ import annotations

import unicodedata
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicestream.workers.text.clauses import divide

JA: Final = (
    "設定を読むときにエラーが出ましたので、まず環境変数を確認し、次に依存関係を更新してから、"
    "もう一度テストを実行し、結果を教えてください。"
)
ZH: Final = (
    "我修改了配置中的三个选项，重新运行了所有测试；有两个失败了，因为数据库连接超时，"
    "我把超时增加到了三十秒，然后再次运行，结果全部通过，没有任何问题。"
)
KO: Final = (
    "설정 파일을 읽는 동안 오류가 발생했기 때문에 먼저 환경 변수를 확인하고, "
    "의존성을 업데이트한 후에 다시 실행해 주세요, 그리고 결과를 알려 주시면 감사하겠습니다."
)
HI: Final = (
    "मैंने फ़ाइल में तीन विकल्प बदले हैं, और सभी परीक्षण फिर से चलाए हैं; "
    "उनमें से दो विफल रहे क्योंकि समय समाप्त हो गया था, इसलिए मैंने समय सीमा बढ़ा दी।"
)
AR: Final = (
    "لقد قمت بتعديل ثلاثة خيارات في ملف الإعدادات، وأعدت تشغيل جميع الاختبارات؛ "
    "فشل اثنان منها لأن مهلة الاتصال بقاعدة البيانات انتهت، لذلك قمت بزيادة المهلة إلى ثلاثين ثانية."
)


@pytest.mark.parametrize(
    ("text", "limit", "marks"),
    [(JA, 40, "、"), (ZH, 40, "，；"), (KO, 60, ","), (HI, 100, ",;"), (AR, 60, "،؛")],
    ids=["ja", "zh", "ko", "hi", "ar"],
)
def test_a_long_sentence_is_divided_at_the_clauses_of_its_script(text: str, limit: int, marks: str) -> None:
    pieces = divide(text, limit)
    assert len(pieces) > 1
    assert all(len(piece) <= limit for piece in pieces)
    assert all(piece[-1] in marks for piece in pieces[:-1])
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_chinese_without_commas_is_divided_before_a_conjunction() -> None:
    text = "我修改了配置文件中的三个选项并且重新运行了所有的测试其中有两个失败了因为数据库连接超时了"
    assert [piece[:2] for piece in divide(text, 40)][1:] == ["其中"]


@pytest.mark.parametrize("text", ["三百二十五万六千七百八十九" * 3, "データ" * 20, "ュー" * 30])
def test_without_any_edge_a_number_and_a_long_vowel_stay_whole_where_there_is_another_place(text: str) -> None:
    for piece in divide("確認" + text, 21)[1:]:
        assert piece[0] not in "ーュ" or "ュー" in text


def test_a_mark_is_not_taken_off_its_letter() -> None:
    pieces = divide("कि" * 100, 31)
    assert "".join(pieces) == "कि" * 100
    assert not any(unicodedata.category(piece[0]).startswith("M") for piece in pieces)


ALPHABET: Final = st.sampled_from(
    " \n,;.。、，，；：。क्यािकीमैअलاب،؛ 가나다한글データをのはがする三十二测试的了abc déf'\")]（「」"
)


@settings(max_examples=400)
@given(text=st.text(ALPHABET, max_size=200) | st.text(max_size=120), limit=st.integers(1, 90))
def test_nothing_is_lost_no_piece_is_empty_and_none_too_long(text: str, limit: int) -> None:
    pieces = divide(text, limit)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    if len(text) > limit:
        assert all(piece.strip() == piece and 0 < len(piece) <= limit for piece in pieces)
