"""English words are looked up in a dictionary before espeak-ng is asked."""

from __future__ import annotations

import pytest

from helpers.voices import auto_voice
from voicestream.workers.engines.kokoro import lexicon
from voicestream.workers.engines.kokoro.lexicon import Lexicon

ENTRIES: dict[str, lexicon.Entry] = {
    "a": "A",
    "test": "tˈɛst",
    "box": "bˈɑks",
    "status": "stˈAɾəs",
    "of": "ʌv",
    "hour": "ˈWəɹ",
    "us": "ˌʌs",
    "Monday": "mˈʌndA",
    "record": {"DEFAULT": "ɹˈɛkəɹd", "VERB": "ɹəkˈɔɹd"},
}
LEXICON = Lexicon(ENTRIES, is_british=False)


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("The status of the hour", "ðə stˈATəs ʌv ði ˈWəɹ"),
        ("a test to record the record", "ɐ tˈɛst tə ɹəkˈɔɹd ðə ɹˈɛkəɹd"),
        ("to us", "tʊ ˌʌs"),
        ("tests boxes box's Test's", "tˈɛsts bˈɑksᵻz bˈɑksᵻz tˈɛsts"),
        ("monday Mondays TEST", "mˈʌndA mˈʌndAz tˈɛst"),
        ("test-box", "tˈɛst bˈɑks"),
        ("A test A", "ɐ tˈɛst A"),
    ],
)
def test_known_words_are_those_of_the_dictionary(text: str, phonemes: str) -> None:
    assert LEXICON.convert(text, lambda words: f"<{words}>") == phonemes


def test_unknown_words_that_adjoin_and_short_abbreviations_are_left_to_the_other_together() -> None:
    assert LEXICON.convert("run kubectl of US test", lambda words: f"<{words}>") == "<run kubectl> ʌv <US> tˈɛst"


def test_the_dictionary_of_the_package_is_in_the_symbols_of_the_voice() -> None:
    auto_voice.skip_unless_installed()
    found = {british: lexicon.load(is_british=british) for british in (False, True)}
    american, british = found[False], found[True]
    assert american is not None
    assert british is not None
    assert american.convert("The progress of the assignee", str) == "ðə pɹˈɑɡɹəs ʌv ði ˌæsˌInˈi"
    assert british.convert("colour", str) == "kˈʌlə"


def test_without_the_package_there_is_no_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "_DISTRIBUTION", "no-such-package")
    assert lexicon.load(is_british=False) is None
