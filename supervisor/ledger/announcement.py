"""Texts of the ledger's own announcements, by language. Pure.

The text is in the target language if the table has it, so that it needs no translation. Otherwise it is in English, and
is translated like every sentence.
"""

from __future__ import annotations

from typing import Final, Literal

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


AttentionKind = Literal["command", "file", "question", "permission"]

_ATTENTION: Final[dict[str, dict[AttentionKind, str]]] = {
    "en": {
        "command": "{} asks to run a command.",
        "file": "{} asks to change a file.",
        "question": "{} asks you a question.",
        "permission": "{} asks for permission.",
    },
    "de": {
        "command": "{} möchte einen Befehl ausführen.",
        "file": "{} möchte eine Datei ändern.",
        "question": "{} hat eine Frage.",
        "permission": "{} bittet um Erlaubnis.",
    },
    "es": {
        "command": "{} pide permiso para ejecutar un comando.",
        "file": "{} pide permiso para modificar un archivo.",
        "question": "{} tiene una pregunta.",
        "permission": "{} pide permiso.",
    },
    "fr": {
        "command": "{} demande à exécuter une commande.",
        "file": "{} demande à modifier un fichier.",
        "question": "{} a une question.",
        "permission": "{} demande une autorisation.",
    },
    "ja": {
        "command": "{}がコマンドの実行許可を求めています。",
        "file": "{}がファイルの変更許可を求めています。",
        "question": "{}から質問があります。",
        "permission": "{}が許可を求めています。",
    },
    "zh": {
        "command": "{}请求运行命令。",
        "file": "{}请求修改文件。",
        "question": "{}有一个问题。",
        "permission": "{}请求许可。",
    },
    "zh-Hant": {
        "command": "{}請求執行指令。",
        "file": "{}請求修改檔案。",
        "question": "{}有一個問題。",
        "permission": "{}請求許可。",
    },
}
"""Requests of an agent by language; ``{}`` is its name."""


def of_attention(agent: str, kind: AttentionKind, target: str) -> tuple[str, str]:
    """Return the announcement of a request of an agent: its text, and the BCP-47 tag of its language.

    Args:
        agent: name of the agent, for people.
        kind: what it asks for.
        target: BCP-47 tag of the target language.
    """
    row = next((tag for tag in _ATTENTION if languages.are_same(tag, target)), None)
    return _ATTENTION[row or _FALLBACK][kind].format(agent), target if row else _FALLBACK


def of_skipped(messages: int, target: str) -> tuple[str, str]:
    """Return the announcement of skipped messages: its text, and the BCP-47 tag of its language.

    Args:
        messages: at least one.
        target: BCP-47 tag of the target language.
    """
    row = next((tag for tag in _SKIPPED if languages.are_same(tag, target)), None)
    one, several = _SKIPPED[row or _FALLBACK]
    return one if messages == 1 else several.format(messages), target if row else _FALLBACK
