"""One reader an agent format: lines in, the assistant's words out."""

from __future__ import annotations

from voicestream.workers.parser.readers.anthropic import AnthropicReader
from voicestream.workers.parser.readers.claude import ClaudeReader
from voicestream.workers.parser.readers.codex import CodexReader
from voicestream.workers.parser.readers.cursor import CursorReader
from voicestream.workers.parser.readers.gemini import GeminiReader
from voicestream.workers.parser.readers.gemini_api import GeminiApiReader
from voicestream.workers.parser.readers.hook import HookReader
from voicestream.workers.parser.readers.kimi import KimiReader
from voicestream.workers.parser.readers.openai_chat import OpenAIChatReader
from voicestream.workers.parser.readers.openai_responses import OpenAIResponsesReader
from voicestream.workers.parser.readers.opencode import OpencodeReader
from voicestream.workers.parser.readers.pi import PiReader
from voicestream.workers.parser.readers.plain import PlainReader

AnyReader = (
    AnthropicReader
    | ClaudeReader
    | CodexReader
    | CursorReader
    | GeminiApiReader
    | GeminiReader
    | HookReader
    | KimiReader
    | OpenAIChatReader
    | OpenAIResponsesReader
    | OpencodeReader
    | PiReader
    | PlainReader
)
"""Every reader, for decoding checkpoints."""
