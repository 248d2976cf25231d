"""What Kokoro is given to say. The examples are what its own front-end, misaki 0.9.4, makes of the same texts."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

import espeakng_loader
import pytest

from helpers.models import tiny_kokoro
from voicestream.config import languages
from voicestream.errors import EngineNotReadyError
from voicestream.workers.engines.kokoro import japanese, lexicon, phonemes
from voicestream.workers.engines.kokoro.phonemes import Phonemizer
from voicestream.workers.engines.kokoro.vocabulary import SymbolTable
from voicestream.workers.onnx_voice import punctuation

if TYPE_CHECKING:
    from collections.abc import Sequence

tiny_kokoro.skip_unless_installed()


@pytest.fixture(autouse=True)
def no_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    """English as on a machine without the package of the dictionary: by espeak-ng alone."""
    monkeypatch.setattr(lexicon, "_DISTRIBUTION", "no-such-package")


JAPANESE = (
    ("みさきはエンジンです。", "mʲisakʲi βa eɲʥiɴ desɨ."),
    ("今日はテストが三つ失敗しました。", "kʲoː βa tesɨto ɡa mʲiʔʦɨ ɕiʔpai ɕi maɕita."),
    ("ファイルを読んでいます。", "ɸaiɾɯ o jonde imasɨ."),
    ("東京へ行こうと思った。", "toːkʲoː e ikoː to omoʔta."),
    (
        "サーバーを再起動してから、もう一度確認してください。",
        "saːbaː o saikʲidoː ɕite kaɾa, moː iʨido kakɯɲiɴ ɕite kɯdasai.",
    ),
    ("ビルドは通りましたが、警告が出ています。", "bʲiɾɯdo βa toːɾʲi maɕita ɡa, keːkokɯ ɡa dete imasɨ."),
    ("ウィンドウをキャッシュする。", "βindoː o kʲaʔɕɨ sɨɾɯ."),
    ("こんにちは、世界！", "koɲɲiʨiβa, sekai!"),
    ("「はい」と言った。", "“hai” to iʔta."),
    (
        "新しい関数を追加して、古い関数を削除しました。",
        "ataɾaɕiː kaɴsɨː o ʦɨika ɕite, ɸɯɾɯi kaɴsɨː o sakɯʥo ɕi maɕita.",
    ),
)

CHINESE = (
    ("我们修改了三个文件", "wo↓mən ɕjou→kai↓ lɤ sa→nkɤ↘ wə↗nʨjɛ↘n"),
    ("测试都通过了。", "ʦʰɤ↘ʂɨ↘ tou→ tʰʊ→ŋkwo↘ lɤ."),
    ("你好！", "ni↓xau↓!"),
    ("知道", "ꭧɨ→tau↘"),
    ("学习英语", "ɕɥe↗ɕi↗ i→ŋy↓"),
    ("學習英語", "ɕɥe↗ɕi↗ i→ŋy↓"),
)

AMERICAN = (
    ("Hello, this is a text to speech model.", "həlˈO, ðɪs ɪz ɐ tˈɛkst tə spˈiʧ mˈɑdᵊl."),
    ("parameters", "pəɹˈæmɪTəɹz"),
    ("a certain bottle", "ɐ sˈɜɹtn bˈɑTᵊl"),
    ("button water nurse", "bˈʌtn wˈɔTəɹ nˈɜɹs"),
    ("house boy time", "hˈWs bˈY tˈIm"),
    ("about judge", "əbˌWt ʤˈʌʤ"),
)

BRITISH = (
    ("Hello, the tests pass now.", "həlˈQ, ðə tˈɛsts pˈas nˈW."),
    ("there here nurse water", "ðɛː hˈɪə nˈɜːs wˈɔːtə"),
)

OTHERS = (
    ("es", "He cambiado tres archivos.", "ˈe kambjˈaðo tɾˈes aɾʧˈiβos."),
    ("es-MX", "Hola", "ˈola"),
    ("fr", "J'ai modifié trois fichiers.", "ʒe modifjˈe tʁwˈa fiʃjˈe."),
    ("it", "Ho modificato tre file.", "o modifikˈato trˈe fˈile."),
    ("pt", "Mudei três arquivos.", "mudˈA trˈez ˌaɾəkˈivʊs."),
    ("pt-BR", "Mudei três arquivos.", "mudˈA trˈez ˌaɾəkˈivʊs."),
    ("hi", "तीन फ़ाइलें", "tˈiːn fˈaːɪlˌe\u0303ː"),
)


@pytest.fixture(scope="module")
def makes() -> Phonemizer:
    return Phonemizer(Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path()))


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> SymbolTable:
    return SymbolTable(tiny_kokoro.build(tmp_path_factory.mktemp("kokoro") / "model") / "tokenizer.json")


def of(makes: Phonemizer, text: str, language: str, *, is_british: bool = False) -> str:
    return makes.convert(text, language, is_british=is_british)


def without_spaces(text: str) -> str:
    return text.replace(" ", "")


@pytest.mark.parametrize(("text", "expected"), JAPANESE)
def test_japanese_sounds_are_those_the_network_was_trained_on(makes: Phonemizer, text: str, expected: str) -> None:
    found = of(makes, text, "ja")
    assert without_spaces(found) == without_spaces(expected)
    # misaki joins some endings that we leave alone, by a list of 150,000 words.
    assert 0 <= found.count(" ") - expected.count(" ") <= 1


@pytest.mark.parametrize(("text", "expected"), CHINESE)
def test_chinese_sounds_are_those_the_network_was_trained_on(makes: Phonemizer, text: str, expected: str) -> None:
    assert of(makes, text, "zh") == expected


@pytest.mark.parametrize(("text", "expected"), AMERICAN)
def test_american_sounds_have_the_letters_of_the_network(makes: Phonemizer, text: str, expected: str) -> None:
    assert of(makes, text, "en") == expected


@pytest.mark.parametrize(("text", "expected"), BRITISH)
def test_british_sounds_have_the_letters_of_the_network(makes: Phonemizer, text: str, expected: str) -> None:
    assert of(makes, text, "en-GB", is_british=True) == expected


@pytest.mark.parametrize(("language", "text", "expected"), OTHERS)
def test_other_languages_have_the_letters_of_the_network(
    makes: Phonemizer, vocabulary: SymbolTable, language: str, text: str, expected: str
) -> None:
    assert vocabulary.known(of(makes, text, language)) == expected


def test_nothing_of_what_is_said_is_unknown_to_the_network(makes: Phonemizer, vocabulary: SymbolTable) -> None:
    texts: Sequence[tuple[str, str]] = (
        *((text, "ja") for text, _ in JAPANESE),
        *((text, "zh") for text, _ in CHINESE),
        *((text, "en") for text, _ in AMERICAN),
    )
    for text, language in texts:
        found = of(makes, text, language)
        assert vocabulary.known(found) == found


def test_letters_with_a_mark_above_are_taken_apart_only_where_the_network_lacks_them(vocabulary: SymbolTable) -> None:
    assert vocabulary.known("ẽç♪Ж") == "e\u0303ç"


@pytest.mark.parametrize(
    ("kana", "expected"),
    [
        ("キョー", "kʲoː"),
        ("ジュース", "ʥɨːsɨ"),
        ("チェック", "ʨeʔkɯ"),
        ("ティー", "tʲiː"),
        ("トゥ", "tɯ"),
        ("フォルダ", "ɸoɾɯda"),
        ("フィ", "ɸʲi"),
        ("ヴァイオリン", "vaioɾʲiɴ"),
        ("イェ", "je"),
        ("ウェブ", "βebɯ"),
        ("クォ", "kᵝo"),
        ("シンパイ", "ɕimpai"),
        ("リンゴ", "ɾʲiŋɡo"),
        ("ニンジャ", "ɲiɲʥa"),
        ("ハンタイ", "hantai"),
        ("ホン", "hoɴ"),
        ("きって", "kʲiʔte"),
        ("あっ", "a"),
        ("ァ", "a"),
        ("ッ", ""),
        ("X", ""),
        ("", ""),
    ],
)
def test_kana_are_read_with_their_neighbours(kana: str, expected: str) -> None:
    assert japanese.phonemes_of_kana(kana) == expected


def test_every_kana_has_a_sound() -> None:
    letters = [chr(code) for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB)) if chr(code) not in "っッ"]
    assert [letter for letter in letters if not japanese.phonemes_of_kana(letter)] == []


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_latin_words_are_read_as_english_among_others(makes: Phonemizer, language: str) -> None:
    text = {"ja": "次はPython fileを読む。", "zh": "我们用Python file。"}[language]
    found = of(makes, text, language)
    assert "pˈIθən fˈIl" in found
    assert len(found) > 20


def test_words_of_another_language_leave_no_trace_of_its_name(makes: Phonemizer) -> None:
    assert of(makes, "le weekend", "fr") == "lə wiːkˈɛnd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Five, two; three: four!", "fˈIv, tˈu; θɹˈi: fˈɔɹ!"),
        ("Yes… No?", "jˈɛs… nˈO?"),
        ("Wait... no", "wˈAt… nˈO"),
        ("Yes (no) yes", "jˈɛs (nˈO) jˈɛs"),
        ("Yes [no] yes", "jˈɛs (nˈO) jˈɛs"),
        ("«Yes» said I", "“jˈɛs” sˈɛd ˈI"),
        ("five - two – three", "fˈIv — tˈu — θɹˈi"),
        ("well-known", "wˈɛlnˈOn"),
        ("", ""),
        (" \n", ""),
    ],
)
def test_marks_stay_where_the_network_makes_pauses_of_them(makes: Phonemizer, text: str, expected: str) -> None:
    assert of(makes, text, "en") == expected


def test_a_stop_within_a_word_makes_no_pause() -> None:
    assert punctuation.split("See main.py, or 3.5.") == [("See main.py", ", "), ("or 3.5", ". "), ("", "")]


def test_a_mark_needs_no_space_where_words_have_none(makes: Phonemizer) -> None:
    assert of(makes, "はい!次?", "ja") == "hai! ʦɨɡʲi?"
    assert of(makes, "很好!下一个", "zh").startswith("xə↓n xau↓! ɕja↘")


@pytest.mark.parametrize("text", ["before\0after", "before\ud800after", "before\x1b after"])
def test_what_cannot_be_said_does_not_cut_the_text_off(makes: Phonemizer, text: str) -> None:
    assert of(makes, text, "en") == of(makes, "before after", "en")


@pytest.mark.parametrize(("language", "package"), [("ja", "fugashi"), ("ja", "unidic_lite"), ("zh", "rjieba")])
def test_a_missing_package_of_a_language_is_named_with_the_command_that_installs_it(
    makes: Phonemizer, language: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(EngineNotReadyError, match=f"needs {package} to speak") as caught:
        of(makes, "一", language)
    assert caught.value.hint == "pip install 'voicestream[kokoro]'"
    assert of(makes, "yes", "en") == "jˈɛs"


def test_nine_languages_are_supported_in_all_their_regions() -> None:
    supported = {language.base for language in languages.known() if phonemes.supports(language.tag)}
    assert supported == {"en", "es", "fr", "hi", "it", "ja", "pt", "zh"}
    assert phonemes.supports("en-AU")
    assert not phonemes.supports("jp")


DAMAGE = {
    "is damaged": "{",
    "has no vocabulary": "{}",
    "it has no 'ː'": json.dumps({"model": {"vocab": dict.fromkeys(" ;:,.!?aiuəɹˈ", 1)}}),
}


@pytest.mark.parametrize(("words", "content"), DAMAGE.items())
def test_a_vocabulary_of_something_else_is_refused(words: str, content: str, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(EngineNotReadyError, match=words) as caught:
        SymbolTable(file)
    assert "voicestream setup" in caught.value.hint
