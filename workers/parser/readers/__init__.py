"""One reader an agent format: lines in, the assistant's words out."""

from __future__ import annotations

from voicestream.workers.parser.readers.agents.acp import AcpReader
from voicestream.workers.parser.readers.agents.chat_files import ChatFileReader
from voicestream.workers.parser.readers.agents.claude import ClaudeReader
from voicestream.workers.parser.readers.agents.codex import CodexReader
from voicestream.workers.parser.readers.agents.copilot import CopilotReader
from voicestream.workers.parser.readers.agents.cursor import CursorReader
from voicestream.workers.parser.readers.agents.droid import DroidReader
from voicestream.workers.parser.readers.agents.gemini import GeminiReader
from voicestream.workers.parser.readers.agents.goose import GooseReader
from voicestream.workers.parser.readers.agents.grok import GrokReader
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
    AcpReader
    | AnthropicReader
    | ChatFileReader
    | ClaudeReader
    | CodexReader
    | CopilotReader
    | CursorReader
    | DroidReader
    | GeminiApiReader
    | GeminiReader
    | GooseReader
    | GrokReader
    | HookReader
    | KimiReader
    | OpenAIChatReader
    | OpenAIResponsesReader
    | OpencodeReader
    | PiReader
    | PlainReader
)
"""Every reader, for decoding checkpoints."""
