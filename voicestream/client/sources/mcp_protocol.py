"""Model Context Protocol: messages of a server with one tool, JSON-RPC 2.0, one a line. Sans-I/O.

The official package ``mcp`` brings more than twenty others along; what a tool with three arguments needs is here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, cast

from voicestream import __version__

VERSIONS: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Known versions of the protocol, the newest first; they do not differ in what is used here."""

MAX_CHARACTERS: Final = 100_000
"""Upper bound of one text: two hours of speech."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMETERS: Final = -32602

TOOL: Final = {
    "name": "speak",
    "title": "Speak",
    "description": (
        "Read a text aloud to the user, in the user's language if a translation is set up. Markdown is understood. "
        "Use it for what the user should hear at once: a question, a result, a warning."
    ),
    "inputSchema": {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "The text to speak."},
            "language": {"type": "string", "description": "Language of the text, a BCP-47 tag such as en or pt-BR."},
            "wait": {
                "type": "boolean",
                "default": False,
                "description": "Return when the text has been spoken, not when it is queued.",
            },
        },
        "required": ["text"],
        "additionalProperties": False,
    },
    "annotations": {"readOnlyHint": True, "openWorldHint": False},
}

Id = int | str | None


@dataclass(frozen=True)
class Reply:
    """A line for the client."""

    line: bytes


@dataclass(frozen=True)
class Speak:
    """A call of the tool."""

    id: Id
    text: str
    language: str
    """Empty: that of the options."""
    wait: bool


@dataclass(frozen=True)
class Cancel:
    """The client does not want the result of a call."""

    id: Id


def handle(line: bytes) -> Reply | Speak | Cancel | None:
    """Return what a line of the client asks for; None if nothing is to be done."""
    try:
        message: object = json.loads(line)
    except (ValueError, RecursionError):
        return _error(None, PARSE_ERROR, "not valid JSON")
    fields = _fields(message)
    id_ = fields.get("id")
    if not fields or not isinstance(id_, int | str | None) or isinstance(id_, bool):
        return _error(None, INVALID_REQUEST, "not a request")
    method = fields.get("method")
    if method is None and ("result" in fields or "error" in fields):
        return None
    if not isinstance(method, str):
        return _error(id_, INVALID_REQUEST, "no method")
    parameters = _fields(fields.get("params"))
    if "id" not in fields:
        cancelled = parameters.get("requestId")
        is_cancel = method == "notifications/cancelled" and isinstance(cancelled, int | str)
        return Cancel(cast("Id", cancelled)) if is_cancel else None
    return _request(id_, method, parameters)


def result(id_: Id, text: str, *, is_error: bool = False) -> Reply:
    """Return the result of a call of the tool."""
    return _reply(id_, {"content": [{"type": "text", "text": text}], "isError": is_error})


def _request(id_: Id, method: str, parameters: dict[str, object]) -> Reply | Speak:
    match method:
        case "initialize":
            asked = parameters.get("protocolVersion")
            return _reply(
                id_,
                {
                    "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "voicestream", "version": __version__},
                },
            )
        case "ping":
            return _reply(id_, {})
        case "tools/list":
            return _reply(id_, {"tools": [TOOL]})
        case "tools/call":
            return _call(id_, parameters)
        case _:
            return _error(id_, METHOD_NOT_FOUND, f"no method {method[:100]}")


def _call(id_: Id, parameters: dict[str, object]) -> Reply | Speak:
    if parameters.get("name") != TOOL["name"]:
        return _error(id_, INVALID_PARAMETERS, f"no tool {str(parameters.get('name'))[:100]}")
    arguments = _fields(parameters.get("arguments"))
    text, language, wait = arguments.get("text"), arguments.get("language"), arguments.get("wait", False)
    if not isinstance(text, str) or not text.strip():
        return result(id_, "text must be a string with something to speak", is_error=True)
    if len(text) > MAX_CHARACTERS:
        return result(id_, f"text is longer than {MAX_CHARACTERS} characters", is_error=True)
    if not isinstance(language, str | None):
        return result(id_, "language must be a string", is_error=True)
    if not isinstance(wait, bool):
        return result(id_, "wait must be true or false", is_error=True)
    return Speak(id_, text, language or "", wait)


def _fields(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _reply(id_: Id, value: object) -> Reply:
    return Reply(_encoded({"jsonrpc": "2.0", "id": id_, "result": value}))


def _error(id_: Id, code: int, text: str) -> Reply:
    return Reply(_encoded({"jsonrpc": "2.0", "id": id_, "error": {"code": code, "message": text}}))


def _encoded(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"
