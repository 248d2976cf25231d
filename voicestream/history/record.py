"""Record of one session: the lines of its file, and the session read from them. Pure.

A file is JSON lines, appended as things happen. After a kill the last line may be incomplete; it is ignored, as are
lines of a later version.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import field

from voicestream import records
from voicestream.protocol.messages import Counts

if TYPE_CHECKING:
    from pathlib import Path

State = Literal["open", "spoken", "incomplete", "interrupted"]
"""``interrupted``: the supervisor was killed, so the end is missing."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", omit_defaults=True):
    """Base of the lines."""


class Opened(_Line, frozen=True, kw_only=True, tag="opened"):
    """First line of a file."""

    started: str
    """Time in ISO 8601, with its offset from UTC."""
    language: str
    """BCP-47 tag of the spoken language."""
    source: str
    """BCP-47 tag of the agent's language."""


class Described(_Line, frozen=True, kw_only=True, tag="described"):
    """Source of the session, once known; empty fields say nothing."""

    agent: str = ""
    """Format of the input, or name of the agent whose hooks feed the session."""
    project: str = ""
    """Name of the working directory."""


class FoundLine(_Line, frozen=True, kw_only=True, tag="found"):
    """One sentence of the agent."""

    sentence: int
    text: str
    language: str
    closes: bool = False
    """The sentence ends its paragraph."""


class TranslatedLine(_Line, frozen=True, kw_only=True, tag="translated"):
    """Translation of a sentence."""

    sentence: int
    text: str
    language: str


class CutLine(_Line, frozen=True, kw_only=True, tag="cut"):
    """The file has reached its limit; no further sentence is recorded."""


class ClosedLine(_Line, frozen=True, kw_only=True, tag="closed"):
    """Last line of a file."""

    counts: Counts
    exit_code: int
    lost_lines: int = 0
    """Lines that could not be written."""


AnyLine = Opened | Described | FoundLine | TranslatedLine | CutLine | ClosedLine

_DECODER: Final = msgspec.json.Decoder(AnyLine)


def encode(line: AnyLine) -> bytes:
    """Return a line with its line feed."""
    return msgspec.json.encode(line) + b"\n"


class Sentence(records.Record):
    """One recorded sentence."""

    text: str
    language: str
    """BCP-47 tag of ``text``."""
    closes: bool = False
    translation: str = ""
    translation_language: str = ""


class Record(records.Record):
    """One recorded session."""

    id: str
    path: Path
    is_open: bool
    """True while a supervisor writes the file."""
    started: datetime
    language: str
    """BCP-47 tag of the spoken language."""
    source: str
    """BCP-47 tag of the agent's language."""
    agent: str = ""
    project: str = ""
    sentences: dict[int, Sentence] = field(default_factory=dict[int, Sentence])
    closed: ClosedLine | None = None
    is_cut: bool = False
    """True if sentences are missing, because of the limit of the file or because of write errors."""

    @property
    def state(self) -> State:
        """State of the session."""
        if self.closed is None:
            return "open" if self.is_open else "interrupted"
        return "incomplete" if self.closed.exit_code else "spoken"

    @property
    def found(self) -> int:
        """Number of sentences found, whether recorded or not."""
        return max(len(self.sentences), self.closed.counts.found if self.closed is not None else 0)

    @property
    def first_words(self) -> str:
        """Text of the first sentence; empty if there is none."""
        return next((one.text for one in self.sentences.values()), "")


def read(data: bytes, name: str, path: Path, *, is_open: bool) -> Record | None:
    """Return the session of a file's contents; None if it has no valid first line.

    Args:
        data: contents of the file.
        name: id of the session.
        path: of the file.
        is_open: a supervisor writes the file.
    """
    record: Record | None = None
    for text in data.split(b"\n"):
        try:
            line = _DECODER.decode(text)
            if record is None:
                if not isinstance(line, Opened):
                    return None
                started = datetime.fromisoformat(line.started).astimezone()
                record = Record(
                    id=name,
                    path=path,
                    is_open=is_open,
                    started=started,
                    language=line.language,
                    source=line.source,
                )
                continue
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
            if record is None:
                return None
            continue
        _take(record, line)
    return record


def _take(record: Record, line: AnyLine) -> None:
    match line:
        case Described():
            record.agent = line.agent or record.agent
            record.project = line.project or record.project
        case FoundLine():
            record.sentences[line.sentence] = Sentence(line.text, line.language, line.closes)
        case TranslatedLine() if line.sentence in record.sentences:
            sentence = record.sentences[line.sentence]
            sentence.translation, sentence.translation_language = line.text, line.language
        case CutLine():
            record.is_cut = True
        case ClosedLine():
            record.closed = line
            record.is_cut = record.is_cut or bool(line.lost_lines)
        case _:
            pass  # a second first line, or a translation without its sentence
