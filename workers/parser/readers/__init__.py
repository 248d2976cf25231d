"""One reader an agent format: lines in, the assistant's words out."""

from __future__ import annotations

from voicestream.workers.parser.readers.claude import ClaudeReader
from voicestream.workers.parser.readers.plain import PlainReader

AnyReader = ClaudeReader | PlainReader
"""Every reader, for decoding checkpoints."""
