"""The engine ``kokoro`` as tests use it: what it makes of a text, and the phonemes it should say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.workers.engines.kokoro.synthesizer import KokoroSynthesizer

    Load = Callable[..., KokoroSynthesizer]

SENTENCE = "The tests pass now."
LONG = (
    "I fixed the parser; it now keeps the last line, even when the file ends without a newline, and all the tests pass."
)

SAID = {
    "en": SENTENCE,
    "en-GB": SENTENCE,
    "es": "Las pruebas pasan.",
    "fr": "Les tests passent.",
    "hi": "परीक्षण सफल हैं।",
    "it": "I test passano.",
    "ja": "テストが成功しました。",
    "pt-BR": "Os testes passam.",
    "zh": "测试都通过了。",
}


def phonemes(synthesizer: KokoroSynthesizer, text: str, language: str = "en", *, is_british: bool = False) -> str:
    assert synthesizer._phonemizer is not None
    assert synthesizer._vocabulary is not None
    return synthesizer._vocabulary.known(synthesizer._phonemizer.convert(text, language, is_british=is_british))
