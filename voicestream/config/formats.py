"""Agent formats: the values of ``--format``, and the parser's reader of each."""

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
    "goose": "GooseReader",
    "droid": "DroidReader",
    "copilot": "CopilotReader",
    "grok": "GrokReader",
    "acp": "AcpReader",
    "chat-file": "ChatFileReader",
    "anthropic": "AnthropicReader",
    "openai-chat": "OpenAIChatReader",
    "openai-responses": "OpenAIResponsesReader",
    "gemini-api": "GeminiApiReader",
    "hook": "HookReader",
    "text": "PlainReader",
}
"""Class name of the reader by format; names, because only the parser imports readers."""

DETECTED: Final = (AUTO, "openai")
"""Formats whose reader the parser detects from the input."""

FORMATS: Final = (*DETECTED, *READER_OF)
"""All values of ``--format``."""
