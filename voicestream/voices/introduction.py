"""Introduction sentences by language for ``voices try``, and the language of a voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.config import languages
from voicestream.engines import registry
from voicestream.errors import UsageError

if TYPE_CHECKING:
    from voicestream.config.languages import Language

_SENTENCES: Final = {
    "en": "Hello, this is how I sound when your agent speaks.",
    "es": "Hola, así sueno cuando habla tu agente.",
    "fr": "Bonjour, voici ma voix quand votre agent parle.",
    "de": "Hallo, so klinge ich, wenn dein Agent spricht.",
    "it": "Ciao, ecco come suono quando parla il tuo agente.",
    "pt": "Olá, é assim que eu soo quando o seu agente fala.",
    "pl": "Cześć, tak brzmię, kiedy mówi twój agent.",
    "tr": "Merhaba, ajanın konuştuğunda sesim böyle.",
    "ru": "Привет, так звучит мой голос, когда говорит ваш агент.",
    "nl": "Hallo, zo klink ik als je agent spreekt.",
    "cs": "Ahoj, takhle zním, když mluví váš agent.",
    "ar": "مرحبًا، هكذا يبدو صوتي عندما يتحدث مساعدك.",
    "zh": "你好，你的助手说话时，我的声音就是这样。",
    "hu": "Helló, így szólok, amikor az ügynököd beszél.",
    "ko": "안녕하세요, 에이전트가 말할 때 제 목소리는 이렇습니다.",
    "ja": "こんにちは。エージェントが話すときは、この声になります。",
    "hi": "नमस्ते, जब आपका एजेंट बोलता है तो मेरी आवाज़ ऐसी होती है।",
}
"""Sentences by base language."""


def spoken_by(voice: str, engine: str) -> str:
    """Return the language of a voice as a BCP-47 tag; English if its name does not tell."""
    spec = next((spec for spec in registry.specs(registry.SYNTHESIZERS) if spec.name == engine), None)
    tag = spec.language_of(voice) if spec is not None else ""
    try:
        return languages.parse(tag).tag
    except UsageError:
        return "en"


def introduction(language: Language) -> str:
    """Return the sentence of a language, or the English one."""
    return _SENTENCES.get(language.base, _SENTENCES["en"])
