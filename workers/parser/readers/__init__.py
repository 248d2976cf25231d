"""One reader an agent format: lines in, the assistant's words out."""

from __future__ import annotations

from voicestream.workers.parser.readers.agents.claude import ClaudeReader
from voicestream.workers.parser.readers.agents.codex import CodexReader
from voicestream.workers.parser.readers.agents.cursor import CursorReader
from voicestream.workers.parser.readers.agents.gemini import GeminiReader
from voicestream.workers.parser.readers.agents.hook import HookReader
from voicestream.workers.parser.readers.agents.kimi import KimiReader
from voicestream.workers.parser.readers.agents.opencode import OpencodeReader
from voicestream.workers.parser.readers.agents.pi import PiReader
from voicestream.workers.parser.readers.apis.anthropic import AnthropicReader
from voicestream.workers.parser.readers.apis.gemini import GeminiApiReader
from voicestream.workers.parser.readers.apis.openai_chat import OpenAIChatReader
from voicestream.workers.parser.readers.apis.openai_responses import OpenAIResponsesReader
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
