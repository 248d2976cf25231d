"""Rows of a table as sentences: two columns are ``key: value``, more are ``first: Header value, Header value``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.sentences.boundary import LONGEST_SENTENCE
from voicestream.workers.parser.wording import cleanup
from voicestream.workers.parser.wording.secrets import redact_row
from voicestream.workers.parser.wording.sentence import fragment_to_speech
from voicestream.workers.text.clauses import divide
from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_DELIMITER: Final = lazy_regex(r"[ \t]*+(?:\|[ \t]*+)?:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+\Z")
_CELL: Final = lazy_regex(r"((?:\\.|`[^`]*`|[^|\\`]|[\\`])*)(?:\||\Z)")
_BORDERS: Final = str.maketrans(dict.fromkeys("│┃║", "|"))
_YES: Final = frozenset("✅✓✔☑🗹🟢👍⭕")
_NO: Final = frozenset("❌✗✘✖❎☒🔴👎🚫⛔")
_EMPTY: Final = frozenset({"", "-", "--", "---", "–", "—", "―", "−", "…", "...", "‐", "·", "ー"})
_ASKING: Final = frozenset("?!？！؟")
_STOPS: Final = ".。 "
_KEY_AND_VALUE: Final = 2
"""Columns of a table that is read without its header."""


def is_delimiter(line: str) -> bool:
    """Return whether a line is the ruler under a table's header."""
    return _DELIMITER.match(line) is not None and "-" in line


def cells(line: str) -> list[str]:
    """The cells of a row, without the outer bars."""
    line = line.translate(_BORDERS).strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    found: list[str] = []
    position = 0
    while position <= len(line):
        cell = _CELL.match(line, position)
        if cell is None:
            break
        found.append(cell[1].replace("\\|", "|").strip())
        position = cell.end() + (0 if cell.end() > cell.end(1) else 1)
    return found


def say_row(header: list[str], row: list[str], words: Phrases) -> str:
    """One row as one sentence, "" when there is nothing in it."""
    row = redact_row(header, row, words.withheld)
    said = [_say_cell(cell, words) for cell in row]
    if not any(said):
        return ""
    columns = max(len(header), len(said))
    first, *others = said
    if columns > _KEY_AND_VALUE and header:
        names = [_say_cell(name, words) for name in header[1 : len(said)]]
        names.extend([""] * (len(others) - len(names)))
        others = [f"{name} {cell}".strip() if cell else "" for name, cell in zip(names, others, strict=True)]
    rest = _joined([other for other in others if other], ", ", words)
    text = _joined([part for part in (first, rest) if part], words.colon, words)
    return cleanup.close(text) if cleanup.has_words(text) else ""


def _joined(parts: list[str], mark: str, words: Phrases) -> str:
    """Parts with a mark between each two; none behind a question or exclamation mark, and no stop before it."""
    text = ""
    for part in parts:
        if not text:
            text = part
        elif text[-1] in _ASKING:
            text = f"{text} {part}"
        else:
            text = text.rstrip(_STOPS) + (mark if mark != ", " or words.colon != "：" else "、") + part
    return text


def _say_cell(cell: str, words: Phrases) -> str:
    """A cell in words: a mark alone is a yes or a no, a dash alone is nothing."""
    shown = cell.strip(" \t*_`\ufe0f")
    if shown in _EMPTY:
        return ""
    if shown in _YES or shown in _NO:
        return words.yes if shown in _YES else words.no
    if len(cell) <= LONGEST_SENTENCE:
        return fragment_to_speech(cell, words)[0].rstrip(":： ")
    return " ".join(fragment_to_speech(part, words)[0] for part in divide(cell, LONGEST_SENTENCE)).rstrip(":： ")
