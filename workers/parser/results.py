"""Results of the pipeline."""

from __future__ import annotations

import msgspec

from voicestream.protocol.messages import SentenceKind


class Found(msgspec.Struct, frozen=True, gc=False):
    """One sentence to be heard."""

    ordinal: int
    """Counts all sentences of the session, from 0; with the session's name it is the sentence's id."""
    message: int
    """Ordinal of the assistant message; sessions take turns by message."""
    text: str
    language: str
    """BCP-47 tag: what the text shows, else the session's."""
    kind: SentenceKind = "speech"
    paragraph: bool = False
    """It opens a paragraph."""
    closes: bool = False
    """It ended with its line, and so with its paragraph, item, heading or message as far as one can know by then."""


class Notice(msgspec.Struct, frozen=True, gc=False):
    """Something for the terminal, never spoken."""

    text: str
    lost: bool = False
    """Words of the agent were left out, and ``text`` is the reason."""


class Checkpoint(msgspec.Struct, frozen=True):
    """From where another pipeline can go on."""

    offset: int
    """Bytes; the input before it is never needed again ..."""
    state: bytes
    """... if a pipeline starts with this state."""
