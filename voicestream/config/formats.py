"""Formats of agents' output: what ``--format`` may name, and the parser's reader of each."""

from __future__ import annotations

from typing import Final

AUTO: Final = "auto"

READER_OF: Final = {
    "claude": "ClaudeReader",
    "transcript": "ClaudeReader",
    "codex": "CodexReader",
    "gemini": "GeminiReader",
    "opencode": "OpencodeReader",
    "cursor": "CursorReader",
    "qwen": "ClaudeReader",
    "kimi": "KimiReader",
    "pi": "PiReader",
    "anthropic": "AnthropicReader",
    "openai-chat": "OpenAIChatReader",
    "openai-responses": "OpenAIResponsesReader",
    "gemini-api": "GeminiApiReader",
    "hook": "HookReader",
    "text": "PlainReader",
}
"""Class of the reader by the name of its format. Names, because only the parser imports readers."""

DETECTED: Final = (AUTO, "openai")
"""Formats of which the parser finds the reader itself, by what it reads."""

FORMATS: Final = (*DETECTED, *READER_OF)
"""All that ``--format`` takes."""
