"""Kokoro's voices: which speaks, and which English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.models import tiny_kokoro
from helpers.models.kokoro_engine import SAID, SENTENCE, phonemes
from helpers.models.synthesized import sound
from helpers.models.tiny_kokoro import heard, spoken
from voicestream.errors import UsageError

if TYPE_CHECKING:
    from helpers.models.kokoro_engine import Load
    from voicestream.workers.engines.kokoro.synthesizer import KokoroSynthesizer

tiny_kokoro.skip_unless_installed()


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "af_heart"),
        ("en-US", "af_heart"),
        ("en-GB", "bf_emma"),
        ("es-MX", "ef_dora"),
        ("ja", "jf_alpha"),
        ("pt", "pf_dora"),
        ("zh", "af_heart"),
    ],
)
def test_each_language_has_its_voice_and_any_other_where_that_is_missing(
    language: str, voice: str, kokoro: KokoroSynthesizer
) -> None:
    text = SAID.get(language, SENTENCE)
    assert np.array_equal(sound(kokoro, text, language), sound(kokoro, text, language, voice=voice))
    other = sound(kokoro, text, language, voice="am_adam")
    assert not np.array_equal(sound(kokoro, text, language), other)


def test_names_are_understood_as_people_type_them(kokoro: KokoroSynthesizer) -> None:
    expected = sound(kokoro, SENTENCE, voice="am_adam")
    assert np.array_equal(sound(kokoro, SENTENCE, voice=" AM-Adam "), expected)


def test_a_mixture_is_the_mean_of_its_voices(load_kokoro: Load) -> None:
    synthesizer = load_kokoro(voices=("af_heart", "am_adam", "am_eric"))
    mixed = sound(synthesizer, SENTENCE, voice="af_heart+am_eric")
    assert np.allclose(mixed, sound(synthesizer, SENTENCE, voice="am_adam"), atol=1e-6)


@pytest.mark.parametrize(
    ("language", "voice", "is_british"),
    [
        ("en", "", False),
        ("en", "bf_emma", True),
        ("en-GB", "", True),
        ("en-GB", "af_heart", False),
        ("en-GB", "jf_alpha", True),
    ],
)
def test_english_is_pronounced_as_the_voice_does(
    language: str, voice: str, *, is_british: bool, kokoro: KokoroSynthesizer
) -> None:
    text = "Hello water nurse."
    expected = spoken(phonemes(kokoro, text, language, is_british=is_british))
    assert heard(sound(kokoro, text, language, voice=voice)) == expected


@pytest.mark.parametrize(("language", "text"), [("ja", "water を読む。"), ("zh", "我们用 water。")])
def test_english_words_in_other_languages_are_american(language: str, text: str, load_kokoro: Load) -> None:
    assert "wˈɔTəɹ" in heard(sound(load_kokoro(), text, language))


@pytest.mark.parametrize(
    ("voice", "guess"),
    [
        ("af_hart", "Did you mean --voice af_heart? There are af_heart, am_adam,"),
        ("af_heart+bf_ema", "Did you mean --voice bf_emma?"),
        ("f3", "There are af_heart"),
        ("+", "There are"),
        ("../secret", "--tts xtts"),
        ("/home/me/me.wav", "--tts xtts"),
        ("me.wav", "--tts xtts"),
    ],
)
def test_an_unknown_voice_says_what_to_type(voice: str, guess: str, kokoro: KokoroSynthesizer) -> None:
    with pytest.raises(UsageError) as caught:
        sound(kokoro, SENTENCE, voice=voice)
    assert guess in caught.value.hint
