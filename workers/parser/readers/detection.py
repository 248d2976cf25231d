"""Detection of the format of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, get_args

import msgspec

from voicestream.config.formats import READER_OF
from voicestream.workers.parser.json_lines import is_log, opens_object
from voicestream.workers.parser.readers import AnyReader
from voicestream.workers.parser.readers.agents.acp import AcpReader
from voicestream.workers.parser.readers.agents.chat_files import ChatFileReader
from voicestream.workers.parser.readers.agents.claude import ClaudeReader
from voicestream.workers.parser.readers.agents.codex import CodexReader
from voicestream.workers.parser.readers.agents.copilot import PREFIXES as _COPILOT
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
from voicestream.workers.text.lazy_regex import lazy_regex
from voicestream.workers.text.word_set import word_set

if TYPE_CHECKING:
    from voicestream.workers.parser.readers.reader import Reader

READERS: Final = {
    name: next(reader for reader in get_args(AnyReader) if reader.__name__ == READER_OF[name]) for name in READER_OF
}
"""The reader of each format that is not detected."""


def name_of(reader: type[Reader]) -> str:
    """The format that a reader is for; of several, the first."""
    return next(name for name, class_name in READER_OF.items() if class_name == reader.__name__)


class _Probe(msgspec.Struct):
    """The fields by which formats differ."""

    type: object = None
    role: object = None
    content: object = None
    message: object = None
    session_id: object = None
    sessionID: object = None  # noqa: N815 - the format's name
    sessionId: object = None  # noqa: N815 - the format's name
    uuid: object = None
    parentUuid: object = None  # noqa: N815 - the format's name
    isSidechain: object = None  # noqa: N815 - the format's name
    timestamp: object = None
    timestamp_ms: object = None
    model_call_id: object = None
    call_id: object = None
    subtype: object = None
    hook_event_name: object = None
    object_type: str | None = msgspec.field(default=None, name="object")
    choices: list[msgspec.Raw] | None = None
    candidates: list[msgspec.Raw] | None = None
    item: dict[str, msgspec.Raw] | None = None
    payload: dict[str, msgspec.Raw] | None = None
    error: object = None
    data: object = None
    text: object = None
    jsonrpc: object = None
    method: object = None
    projectHash: object = None  # noqa: N815 - the format's name
    finalText: object = None  # noqa: N815 - the format's name
    status: object = None
    severity: object = None


_DECODER: Final = msgspec.json.Decoder(_Probe)

_CLAUDE: Final = word_set(
    """
    system assistant user stream_event result rate_limit_event summary file-history-snapshot queue-operation
    control_request control_response
    """
)
_CODEX: Final = word_set(
    """
    thread.started turn.started turn.completed turn.failed item.started item.updated item.completed session_meta
    response_item event_msg turn_context
    """
)
_OPENCODE: Final = frozenset("step_start step_finish text reasoning tool_use tool error done".split())
_ANTHROPIC: Final = frozenset(
    "message_start content_block_start content_block_delta content_block_stop message_delta message_stop ping".split()
)

_CHANGE: Final = b'{"$set":'
"""Beginning of a record of Gemini CLI that changes others."""

_PI: Final = frozenset("session agent_start turn_start message_update message_end turn_end agent_end".split())


def detect(line: bytes) -> type[AnyReader] | None:  # noqa: PLR0911 - a table
    """The reader for a line that holds a JSON object; None when no format is known by it.

    Raises:
        msgspec.DecodeError: It is not JSON, or a known field has a shape that no format gives it.
    """
    probe = _DECODER.decode(line)
    if line.startswith(_CHANGE):
        return ChatFileReader
    if isinstance(probe.hook_event_name, str):
        return HookReader
    if probe.object_type in ("chat.completion.chunk", "chat.completion") or probe.choices is not None:
        return OpenAIChatReader
    if probe.candidates is not None:
        return GeminiApiReader
    if isinstance(probe.jsonrpc, str) or probe.method == "session/update":
        return AcpReader
    if isinstance(probe.type, str):
        return _by_type(probe.type, probe)
    if isinstance(probe.role, str) and probe.content is not None:
        return KimiReader
    if isinstance(probe.content, list):
        return ClaudeReader
    return ChatFileReader if isinstance(probe.projectHash, str) else None


def _by_type(kind: str, probe: _Probe) -> type[AnyReader] | None:  # noqa: C901, PLR0911, PLR0912 - a table
    if kind in _CODEX:
        return CodexReader
    if probe.sessionID is not None and kind in _OPENCODE:
        return OpencodeReader
    if kind.startswith("response."):
        return OpenAIResponsesReader
    if kind in _ANTHROPIC:
        return AnthropicReader
    if kind in _PI:
        return PiReader
    if kind.startswith(_COPILOT) and isinstance(probe.data, dict):
        return CopilotReader
    if kind in ("text", "thought") and isinstance(probe.data, str):
        return GrokReader
    if kind == "available_commands":
        return GrokReader
    if kind == "gemini" and probe.content is not None:
        return ChatFileReader
    if kind == "session_start":
        return DroidReader
    if kind == "completion" and isinstance(probe.finalText, str):
        return DroidReader
    if kind == "message":
        return _by_message(probe)
    if kind == "assistant" and (other := _by_assistant(probe)) is not None:
        return other
    if kind in ("init", "tool_use", "tool_result") and probe.timestamp is not None:
        return GeminiReader
    if kind == "result" and probe.subtype is None and probe.status is not None:
        return GeminiReader
    if kind in ("thinking", "tool_call") or probe.timestamp_ms is not None or probe.model_call_id is not None:
        return CursorReader if probe.session_id is not None or probe.timestamp_ms is not None else None
    if kind == "error":
        return _by_error(kind, probe)
    # Transcripts of Claude Code have many kinds of silent lines, all with the session's id.
    return ClaudeReader if kind in _CLAUDE or isinstance(probe.sessionId, str) else None


def _fields(value: object) -> dict[str, object] | None:
    """The fields of an object; None when the value is none."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _by_message(probe: _Probe) -> type[AnyReader]:
    """The reader of a line of the type ``message``, which many formats have."""
    message = _fields(probe.message)
    if message is not None:
        return GooseReader if isinstance(message.get("created"), int | float) else PiReader
    if isinstance(probe.text, str):
        return DroidReader
    return GeminiReader if isinstance(probe.content, str) else AnthropicReader


def _by_assistant(probe: _Probe) -> type[AnyReader] | None:
    """The reader of a line of the type ``assistant`` that is neither Claude Code's nor Cursor's."""
    message = _fields(probe.message)
    if message is not None:
        return ChatFileReader if "parts" in message and "content" not in message else None
    return GrokReader if probe.message is None and probe.content is not None else None


def _by_error(kind: str, probe: _Probe) -> type[AnyReader] | None:
    del kind
    if probe.severity is not None:
        return GeminiReader
    if isinstance(probe.message, str):
        return CodexReader
    return AnthropicReader if isinstance(probe.error, dict) else None


_PROSE: Final = lazy_regex(rb"[A-Z\x80-\xff][^\[\]={}|<>]*\s[^\[\]={}|<>]*")
_NOT_ASCII: Final = 0x80


_WORDS: Final = lazy_regex(rb"[A-Za-z\x80-\xff][A-Za-z\x80-\xff\s,.'!?:;()\"-]*")
"""Without figures: "now using node v22.1.0" is what a script prints before its agent starts."""


def looks_like_prose(lines: list[bytes], *, needs_stop: bool = True) -> bool:
    """Return whether lines after which nothing came for a while are words for a person, and not the banner of a script.

    Without ``needs_stop`` a sentence need not have ended: nothing came for so long that it is waited for.
    """
    shown = [line.strip() for line in lines if line.strip()]
    if not shown or any(map(is_log, shown)) or any(map(opens_object, shown)):
        return False
    if not needs_stop:
        return all(_PROSE.match(line) or _WORDS.fullmatch(line) for line in shown)
    last = shown[-1]
    return all(map(_PROSE.match, shown)) and (last.endswith((b".", b"!", b"?")) or last[-1] >= _NOT_ASCII)
