"""What a neural voice is given to say."""

from __future__ import annotations

import random
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.project.many_cases import assert_each
from helpers.project.parsing import load
from voicestream.workers.tts.normalization.normalize import words
from voicestream.workers.tts.normalization.numbers.cardinals import cardinal
from voicestream.workers.tts.normalization.numbers.ordinals import ordinal

pytest.importorskip("num2words", reason="make neural")

CASES: Final = load("spoken.jsonl")
LANGUAGES: Final = "ar cs de en es fr hi hu it ja ko nl pl pt ru tr zh".split()
VARIANTS: Final = [*LANGUAGES, "pt-BR", "fr-CH", "fr-BE", "zh-TW", "arz"]

FRAGMENTS: Final = (
    *("1", "2", "12", "2026", "3.14", "1,500", "1.500", "1 000", "10 MB", "5ms", "50%", "%50", "$5", "€", "£3.50", "-"),
    *("–", "—", "/", ":", ".", ",", "(", ")", "[", "]", "<", ">", "=", "==", "->", "→", "#", "@", "_", "+", "*", "~"),
    *("°C", "×", "x", "&", "|", "\\", '"', "'", "’", "a", "the ", "main.py", "foo_bar", "getName", "3f2a9c1", "v2.0"),
    *("3.11.2", "14:30", "2026-11-26", "26.11.2026", "11/26/2026", "1st", "3.", "1º", "½", "²", "①", "Ⅳ", "١٢", "१२"),
    *(
        "三",
        "日本",
        "한국",
        "привет",
        "🎉",
        "│",
        "\u200b",
        "\u0301",
        "e",
        "ß",
        "İ",
        "ı",
        "λ",
        "µs",
        "\ud800",
        "\0",
        "\n",
    ),
    *(
        " ",
        "、",
        "。",
        "，",
        "？",
        "।",
        "؟",
        "،",
        "¿",
        "!",
        "?",
        "...",
        "%",
        "k",
        "1e-5",
        "0x1F",
        "Nov 5",
        "ｱ",
        "１",
        "〜",
    ),
    *(
        "개",
        "시",
        "个",
        "年",
        "\u094d",
        "क",
        "ّ",
        "ᄀ",
        "ㅋ",
        "٪",
        "٫",
        "№",
        "n°",
        "10-20",
        "R$",
        "000",
        "9" * 20,
        "ĳ",
        "K",
    ),
)
TEXTS: Final = st.text(max_size=30) | st.lists(st.sampled_from(FRAGMENTS), max_size=10).map("".join)


@pytest.mark.parametrize("language", sorted({case["language"] for case in CASES}))
def test_a_sentence_is_said_in_words_of_its_language(language: str) -> None:
    assert_each((case for case in CASES if case["language"] == language), _is_said, lambda case: case["text"])


def _is_said(case: dict[str, str]) -> None:
    assert words(case["text"], case["language"]) == case["said"]


def test_each_language_has_a_dozen_examples() -> None:
    counts = {language: sum(case["language"] == language for case in CASES) for language in LANGUAGES}
    assert min(counts.values()) >= 12


@settings(max_examples=500)
@given(text=TEXTS, language=st.sampled_from(VARIANTS))
@example(text="9" * 40, language="ru")
@example(text="Z ×ا٫Z", language="de")
@example(text="1,500 ...x!", language="pl")
@example(text="2 ¿\u200b ", language="es")
@example(text="Λ", language="ja")
def test_whatever_is_written_no_figure_is_left_and_words_stay_as_they_are(text: str, language: str) -> None:
    said = words(text, language)
    assert not any(map(str.isdigit, said))
    assert said.isprintable()
    assert said == said.strip()
    assert "  " not in said
    assert not set(said) & set('"#$%&()*+/<=>@[\\]^_`{|}~°€£→…«»“”\u200b')
    assert said == "" or any(map(str.isalpha, said))
    assert words(said, language) == said
    assert len(said) <= 32 * len(text)


@settings(max_examples=300)
@given(number=st.integers(0, 10**15 - 1), language=st.sampled_from([*LANGUAGES, "pt_BR", "fr_CH", "fr_BE"]))
def test_every_number_has_words_of_its_own(number: int, language: str) -> None:
    said = cardinal(number, language)
    assert said
    assert not any(map(str.isdigit, said))
    assert "," not in said
    if number:
        assert said != cardinal(number - 1, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_thousand_numbers_and_ordinals_differ(language: str) -> None:
    assert len({cardinal(number, language) for number in range(1000)}) == 1000
    assert len({ordinal(number, language) for number in range(1, 100)}) == 99


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_below_a_hundred_have_no_spaces_where_the_language_writes_none(language: str) -> None:
    if language in ("de", "hu", "it", "ja", "ko", "nl", "zh", "hi"):
        assert not any(" " in cardinal(number, language) for number in range(100))


@pytest.mark.parametrize(
    "text", ["", " ", "...", "?!", "—", "🎉", "→ ", "()", "***", "\u200b", "。、", "¿?", "__", "\n\t", "''", "│ │"]
)
@pytest.mark.parametrize("language", ["en", "es", "ja", "ru"])
def test_a_text_without_words_says_nothing(text: str, language: str) -> None:
    said = words(text, language)
    assert said == "" or text == "→ "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Done 🎉 now!", "Done now!"),
        ("│ a ─ b │", "a b"),
        ("The file 設定 is here", "The file is here"),
        ("zero\u200bwidth", "zerowidth"),
        ("cafe\u0301", "café"),
        ("naïve Việt", "naïve Viet"),
        ("ﬁne Ｗｉｄｅ", "fine Wide"),
        ("a\x00b\x07c", "a b c"),
        ("\ud800 lone", "lone"),
        ("λ and Δ", "lambda and delta"),
        ("“Quoted” ‘text’", "Quoted text"),
        ("This (in brackets) goes — like this – on...", "This, in brackets, goes, like this, on."),
        ("What?! No!!!", "What? No!"),
    ],
)
def test_what_no_voice_can_say_is_dropped_and_the_rest_is_said(text: str, said: str) -> None:
    assert words(text, "en") == said


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("C++ and C# and F#", "en", "C plus plus and C sharp and F sharp"),
        ("me@example.com", "de", "me ät example Punkt com"),
        ("550e8400-e29b", "en", "five five zero e eight four zero-e twenty-nine b"),
        ("a6cf53b91c3f42a1b9c0", "en", "a six c f five three b"),
        ("0x1F", "fr", "zéro x un f"),
        ("k8s, utf8, sha256", "en", "k eight s, utf eight, sha two hundred and fifty-six"),
        ("1920x1080", "de", "eintausendneunhundertzwanzig mal eintausendachtzig"),
        ("1_000_000", "en", "one million"),
        ("127.0.0.1", "es", "ciento veintisiete punto cero punto cero punto uno"),
        ("1.234.567", "de", "eine Million zweihundertvierunddreißigtausendfünfhundertsiebenundsechzig"),
        ("007", "en", "zero zero seven"),
        (".5", "en", "zero point five"),
        ("1e-5", "en", "one e minus five"),
        ("<5 and >=3 and !=2", "en", "less than five and at least three and not equal to two"),
        ("~5", "it", "circa cinque"),
        ("10 MB/s", "ja", "毎秒十メガバイト"),
        ("ECONNREFUSED, ENOENT and EADDRINUSE", "en", "E connection refused, E no entry and E address in use"),
        ("ERROR, EVERY, EAST", "en", "ERROR, EVERY, EAST"),
        ("kubectl shows two FIXMEs", "en", "kube control shows two fix meez"),
        ("kubectl", "de", "kubectl"),
        ("getUserById", "en", "get User By I D"),
        ("docker compose up -d, tar -xzf a.tgz", "en", "docker compose up dash d, tar dash xzf a dot tgz"),
        ("docker compose up -d", "ja", "ドッカーコンポーズアップハイフンd"),
        ("be- und -entladen, x = -y", "de", "be und entladen, x gleich y"),
        ("chmod +x run.sh", "en", "change mod plus x run dot sh"),
        ("HEAD~3 and 10~20", "en", "HEAD tilde three and ten to twenty"),
        ("*.js files", "en", "star dot js files"),
        ("512 MiB and 3.9Gi", "en", "five hundred and twelve mebibytes and three point nine gibby bytes"),
        ("512 MiB", "ja", "五百十二メビバイト"),
        ("8 KiB", "fr", "huit kibioctets"),
        ("$0.15, not $15", "en", "fifteen cents, not fifteen dollars"),
        ("£0.01 or $0.50 each", "en", "one penny or fifty cents each"),
        ("0,15 €", "de", "fünfzehn Cent"),
        ("1,200 req/s", "en", "one thousand two hundred requests per second"),
        ("20 msgs/min, 300 rps", "en", "twenty messages per minute, three hundred requests per second"),
        ("300 req/s", "de", "dreihundert Anfragen pro Sekunde"),
        ("a 1.5 GB file", "en", "a one point five gigabyte file"),
        ("60 fps", "fr", "soixante images par seconde"),
        ("std::move", "en", "std move"),
        ("Call .gitignore", "en", "Call dot gitignore"),
        ("e.g. this, etc.", "en", "for example this, et cetera."),
        ("gpt-4 and utf-8, 3-way", "en", "gpt four and utf eight, three-way"),
        ("24/7", "en", "twenty-four seven"),
        ("11/26/2026", "en", "November twenty-sixth, twenty twenty-six"),
        ("26/11/2026", "fr", "vingt-six novembre deux mille vingt-six"),
        ("2026-13-45", "en", "two thousand and twenty-six thirteen forty-five"),
        ("14:30:05", "en", "fourteen thirty, five seconds"),
    ],
)
def test_what_programs_write_is_said(text: str, language: str, said: str) -> None:
    assert words(text, language) == said


def test_a_language_without_a_neural_voice_is_left_as_it_is() -> None:
    assert words(" 3  MB ", "sv") == "3 MB"
    assert words("...", "sv") == ""
    assert words("3", "no such language") == "3"


def test_regions_that_are_not_listed_are_said_like_their_language() -> None:
    assert words("16", "pt-AO") == words("16", "pt") == "dezasseis"
    assert words("21", "de-AT") == "einundzwanzig"


def test_the_same_text_has_the_same_words_whatever_was_said_before() -> None:
    order = [case for case in CASES if case["language"] in ("pt", "ru", "ko")]
    random.Random(1).shuffle(order)
    for case in order:
        assert words(case["text"], case["language"]) == case["said"]
