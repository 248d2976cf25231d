"""OpenAI's Chat Completions, which many providers speak: chunks of a stream, and whole completions."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.blocks import Content, texts
from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Delta(msgspec.Struct):
    """``reasoning`` and ``reasoning_content`` are not read, and so stay silent."""

    content: Content = None
    refusal: str | None = None
    tool_calls: object = None


class _Choice(msgspec.Struct):
    index: int | None = None
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Line(msgspec.Struct):
    choices: list[_Choice] | None = None
    error: dict[str, msgspec.Raw] | str | None = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class OpenAIChatReader(Reader):
    """Reads Chat Completions; of several choices the first is said."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one chunk (see ``Reader``)."""
        found = _DECODER.decode(line)
        if found.choices is None:
            if found.error is None:
                return False
            sink.error(message_of(msgspec.json.decode(line)["error"]))
            return True
        for choice in found.choices:
            if not choice.index:
                self._choice(choice, sink)
        return True

    def _choice(self, choice: _Choice, sink: TextSink) -> None:
        delta = choice.delta or choice.message
        if delta is not None:
            for text in texts(delta.content):
                sink.say(text)
            if delta.refusal:
                sink.say(delta.refusal)
            if delta.tool_calls:
                sink.interim()
        if choice.finish_reason == "tool_calls":
            sink.interim()
        elif choice.finish_reason is not None:
            sink.end_turn()
