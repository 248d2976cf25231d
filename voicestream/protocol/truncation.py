"""Truncation of workers' texts for people, so that frames stay below the limit. Pure.

An engine's error may be a megabyte long. It is repeated in events, at the end of a session and in ``workers status``; a
frame that is too large for its reader would be dropped there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from voicestream.protocol.messages import (
    EngineNotice,
    InputNotice,
    Loading,
    OutputFailed,
    Ready,
    SentenceFound,
    Stopping,
    Translated,
    WorkFailed,
)

if TYPE_CHECKING:
    from voicestream.protocol.messages import FromWorker

M = TypeVar("M", bound="FromWorker")

MAX_CHARACTERS: Final = 2_000
"""Some ten lines on a terminal."""

_TEXTS: Final[dict[type, tuple[str, ...]]] = {
    EngineNotice: ("text",),
    InputNotice: ("text",),
    Loading: ("stage",),
    OutputFailed: ("reason",),
    Ready: ("engine", "device", "note"),
    SentenceFound: ("language",),
    Stopping: ("reason",),
    Translated: ("engine", "language"),
    WorkFailed: ("reason",),
}


def truncate(message: M) -> M:
    """Return the message with its texts for people truncated to ``MAX_CHARACTERS``."""
    for name in _TEXTS.get(type(message), ()):
        text: str = getattr(message, name)
        if len(text) > MAX_CHARACTERS:
            message = msgspec.structs.replace(message, **{name: _cut(text)})
    if isinstance(message, Translated) and any(len(one.failure) > MAX_CHARACTERS for one in message.sentences):
        sentences = [msgspec.structs.replace(one, failure=_cut(one.failure)) for one in message.sentences]
        message = msgspec.structs.replace(message, sentences=sentences)
    return message


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
