"""Gemini's API: ``candidates[].content.parts[].text``, streamed or whole."""

from __future__ import annotations

from typing import Final

import msgspec

from voicestream.workers.parser.readers.reader import Reader, TextSink
from voicestream.workers.parser.wording.errors import message_of


class _Part(msgspec.Struct):
    text: str | None = None
    thought: bool | None = None
    functionCall: object = None  # noqa: N815 - the format's name


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct):
    content: _Content | None = None
    finishReason: str | None = None  # noqa: N815 - the format's name
    index: int | None = None


class _Line(msgspec.Struct):
    candidates: list[_Candidate] | None = None
    usageMetadata: object = None  # noqa: N815 - the format's name
    error: object = None


_DECODER: Final = msgspec.json.Decoder(_Line)


class GeminiApiReader(Reader):
    """Reads Gemini's API; of several candidates the first is said."""

    def read(self, line: bytes, sink: TextSink) -> bool:
        """Read one chunk (see ``Reader``)."""
        found = _DECODER.decode(line)
        error, candidates = found.error, found.candidates
        if error is not None:
            sink.error(message_of(error))
            return True
        if candidates is None:
            return found.usageMetadata is not None
        for candidate in candidates:
            if candidate.index:
                continue
            parts = candidate.content.parts if candidate.content is not None else None
            for part in parts or []:
                if part.functionCall is not None:
                    sink.interim()
                elif part.text and not part.thought:
                    sink.say(part.text)
            if candidate.finishReason is not None:
                sink.end_turn()
        return True
