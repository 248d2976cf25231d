"""Texts of the ledger's own announcements, by language. Pure.

The text is in the target language if the table has it, so that it needs no translation. Otherwise it is in English, and
is translated like every sentence.
"""

from __future__ import annotations

from typing import Final

from voicestream.config import languages

_FALLBACK: Final = "en"

_SKIPPED: Final = {
    "en": ("Skipped one message.", "Skipped {} messages."),
    "de": ("Eine Nachricht übersprungen.", "{} Nachrichten übersprungen."),
    "es": ("Se ha omitido un mensaje.", "Se han omitido {} mensajes."),
    "fr": ("Un message a été sauté.", "{} messages ont été sautés."),
    "ja": ("メッセージを1件飛ばしました。", "メッセージを{}件飛ばしました。"),
    "zh": ("跳过了一条消息。", "跳过了{}条消息。"),
    "zh-Hant": ("跳過了一則訊息。", "跳過了{}則訊息。"),
}
"""Singular and plural, by language."""


def of_skipped(messages: int, target: str) -> tuple[str, str]:
    """Return the announcement of skipped messages: its text, and the BCP-47 tag of its language.

    Args:
        messages: at least one.
        target: BCP-47 tag of the target language.
    """
    row = next((tag for tag in _SKIPPED if languages.are_same(tag, target)), None)
    one, several = _SKIPPED[row or _FALLBACK]
    return one if messages == 1 else several.format(messages), target if row else _FALLBACK
