"""Inline markup of one sentence: code spans, links, tags, formulas, marks. Results that are final are kept apart.

The result contains placeholders (private-use characters) for pieces that no later stage may touch; ``unstash``
puts them back.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.markdown.formulas import is_formula, say_formula
from voicestream.workers.parser.sentences.emoji import BOXES
from voicestream.workers.parser.wording import tags
from voicestream.workers.parser.wording.words import say_words
from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_STASH: Final = 0xE000
"""First private-use character; none is in the input (see ``sanitize``)."""
_STASHED: Final = lazy_regex("[\ue000-\uf8ff]")

MARKUP: Final = lazy_regex(
    r"""(?=[`\\$\[!【<~=])(?:
      (?P<escapes>(?<!`)`(?!`)(?P<inner>(?:[^`\\]|\\(?!`)){0,200}\\`(?:[^`\\]|\\(?!`)){0,200}\\`(?:[^`\\]|\\(?!`)){0,200})`(?!`))
    | (?P<code>(?<!`)(?P<ticks>`+)(?!`)(?P<body>.+?)(?<!`)(?P=ticks)(?!`))
    | \\\((?P<formula>.{1,400}?)\\\)
    | \\\[.{1,400}?\\\] | \$\$.{1,900}?\$\$
    | (?<![\w$\\])\$(?=[^\s$])(?P<dollars>[^$\n]{1,120}?)(?<=[^\s\\$])\$(?![\w$])
    | \\(?P<escaped>[!-/:-@\[-`{-~])
    | (?P<mark>\[\^[^\]\s]{1,40}\]|【[^】]{0,60}†[^】]{0,60}】
        |(?<=[\w.,;!?)"'”:])(?:\[\d{1,3}(?:[,–-]\s?\d{1,3})*\])+(?![\w(\[])
        |(?<=\ )(?:\[\d{1,3}(?:[,–-]\s?\d{1,3})*\])+(?![\w(\[]))
    | (?P<cited>\[\[?\^?\d{1,3}\]\]?\([^()\s]{1,400}\))
    | \[\[(?P<wiki>[^\[\]|\s][^\[\]|]{0,200})(?:\|(?P<alias>[^\[\]|]{1,200}))?\]\](?!\()
    | !?\[(?P<label>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:[^()\s<>]|\([^()\s]*\)|<[^<>]*>)*(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)
    | (?<![\w\])])\[(?P<reference>[^\[\]]+)\]\[[^\[\]]*\]
    | <!--.{0,900}?-->
    | <(?P<address>(?:https?|ftp|mailto):[^<>\s]+|[^<>\s@]+@[^<>\s]+)>
    | (?P<silent><(?P<hidden>SILENT)(?:[\s=][^<>]{0,200})?>.{0,900}?</(?P=hidden)>)
    | <(?P<closing>/?)(?P<tag>[A-Za-z][\w.:-]*)(?P<attributes>\s[^<>]*)?(?P<empty>/?)>
    | (?<![\w=])==(?P<marked>[^\s=](?:[^=]{0,300}[^\s=])?)==(?![\w=])
    | ~~(?!~).+?~~
    )""".replace("SILENT", tags.SILENT_PATTERN),
    re.VERBOSE | re.DOTALL,
)
_MARKED: Final = lazy_regex(r"[`\\$\[【<~&]|==")

_OTHER: Final = frozenset("\\$[<~&【=｜")
_HALF_MARKED: Final = lazy_regex(r"(?<![\w=!<>])==(?=\w)|(?<=[\w.!?])==(?=\W|\Z)")
"""One side of a highlight that goes over several sentences."""
_CODE: Final = lazy_regex(r"`([^`]+)`")
"""The usual case: no markup but code spans in single backticks."""

_ADDRESS: Final = lazy_regex(
    r"(?<![\w@])(?:(?P<scheme>[a-z][a-z0-9+.-]{1,14})://(?:[^\s/@]+@)?(?P<host>[^\s/?#<>\"'`)\]}|,;]+)|www\.(?P<www>[\w.-]+))"
    r"(?P<rest>(?:[^\s<>\"'`|\\^(){}\[\]]|\([^\s<>()]*\)|\[[^\s<>\[\]]*\])*)"
)
_TRAILING: Final = ".,;:!?'\"*_~"
_PORT: Final = lazy_regex(r":\d+\Z")
_LOCAL: Final = lazy_regex(r"(?:localhost|\d+\.\d+\.\d+\.\d+|[\w-]+\.local)(?::\d+)?\Z")

_TAG_LIKE: Final = lazy_regex(r"<(/?)([A-Za-z][\w.:-]*)(?:\s[^<>]*)?/?>")
_STRUCK_TAG: Final = lazy_regex(r"<(del|s|strike)>.*?</\1>", re.IGNORECASE | re.DOTALL)

_SHORTEST_HASH: Final = 12
_LONGEST_CODE: Final = 60
"""Characters of inline code that are still read out."""
_SHORT_CODE: Final = 20
"""Characters of inline code that are read out with its operators."""
_LONGEST_MESSAGE: Final = 160
_MESSAGE: Final = lazy_regex(
    r"(?:[A-Za-z]{0,60}(?:Error|Exception|Warning)|[Ff]atal|[Ee]rror|[Ww]arning|[Pp]anic)(?: \[?[A-Z]*\d+\]?)?:"
    r"(?: \(?['\"]?[A-Za-z0-9][\w.'-]*+(?:\(\))?['\"]?\)?[,.:;!?]?)+"
)
"""An error message in words: ``TypeError: Cannot read properties of undefined (reading 'query')``."""
_STATEMENT: Final = lazy_regex(r"[{};|]|&&|\$\(|\? .* :")
_WRAPPED: Final = lazy_regex(r"(\*{1,3}|_{1,3}|~~|==)(\w(?:.*\w)?)\1\Z")
"""Markdown shown as code."""
_DRAWING: Final = lazy_regex(f"[{BOXES}]{{3,}}|\u2605")
_OPERATOR: Final = lazy_regex(
    r"(?:^|\s)(?:[-+*/%=<>!&|^]=?|===?|!==|&&|\|\||[=-]>|:=|>>|<<|\?|:)(?=\s|$)|[{};]|\$\(|&&|\|\|"
)
_NEEDS_NOUN: Final = lazy_regex(
    r"\b(?:in|to|and|or|see|from|of|by|with|per|as|than|both|also|is|are|array|list|range|interval|index|output|vector"
    r"|tuple|values?|returns?|gives|prints?|contains|issues?|pr|ref|version|page|step|number|no\.|item|ticket)\s\Z",
    re.IGNORECASE,
)
"""Before a citation these make it a word of the sentence: "according to [1]", "the list [1, 2]"."""
_CODE_LIKE: Final = lazy_regex(r"(?:[_.]\w|\w[a-z][A-Z])\w*\Z")


class Stash:
    """The pieces of one sentence that are final."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def keep(self, piece: str) -> str:
        """A placeholder for a piece."""
        if not piece:
            return ""
        self.pieces.append(piece)
        return chr(_STASH + len(self.pieces) - 1)

    def restore(self, text: str) -> str:
        """Put the pieces back."""
        if not self.pieces:
            return text
        return _STASHED.sub(lambda found: self.pieces[ord(found[0]) - _STASH], text)


def strip_markup(text: str, words: Phrases, stash: Stash) -> str:
    """Take inline markup out of one sentence; emphasis is left to ``strip_emphasis``."""
    if _MARKED.search(text) is not None:
        if "<" in text or "[" in text:
            text = tags.CONTROL.sub(" ", text)
        if "</" in text:
            text = _STRUCK_TAG.sub("", text)
        if "``" not in text and _OTHER.isdisjoint(text):
            text = _CODE.sub(lambda code: stash.keep(say_code(code[1], words)), text)
        else:
            text = _replace(text, words, stash)
        if "&" in text:
            text = _decode_entities(text)
    if "://" in text or "www." in text:
        text = _ADDRESS.sub(lambda found: _say_address(found, stash), text)
    return text


def _replace(text: str, words: Phrases, stash: Stash) -> str:  # noqa: C901 - one question after another
    def said(found: re.Match[str]) -> str:  # noqa: C901, PLR0911 - a table
        kind = found.lastgroup
        if kind in {"code", "escapes"}:
            body = found["body"] if kind == "code" else found["inner"].replace("\\`", " ")
            return stash.keep(say_code(body, words))
        if kind == "formula":
            return stash.keep(say_formula(found["formula"], words))
        if kind == "dollars":
            return _say_dollars(found, stash, words)
        if kind == "escaped":
            character = found["escaped"]
            return character if character in "_&" else stash.keep(character)
        if kind == "mark":
            return _say_mark(found)
        if kind == "cited":
            return _say_cited(found)
        if kind in {"wiki", "alias"}:
            return (found["alias"] or found["wiki"].replace("#", " ")).strip()
        if kind in {"label", "reference", "marked"}:
            return _replace(found[kind], words, stash)
        if kind == "address":
            return found["address"].removeprefix("mailto:")
        if kind == "empty":
            return _say_tag(found)
        return " "  # the rest has no name: display formulas, comments, silent elements, struck-through text

    text = MARKUP.sub(said, text)
    return _HALF_MARKED.sub("", text) if "==" in text else text


def say_code(code: str, words: Phrases) -> str:
    """Inline code as words: kept where it can be said, else the word for code."""
    if code.isalnum() and len(code) < _SHORTEST_HASH:
        return code
    if "://" in code:
        code = _ADDRESS.sub(lambda found: _host(found)[0], code)
        if " " not in code:
            return code
    if not code.isascii():
        code = _DRAWING.sub(" ", code)
    code = " ".join(code.replace("`", " ").split())
    if len(code) > _LONGEST_CODE:
        return code if len(code) <= _LONGEST_MESSAGE and _MESSAGE.fullmatch(code) is not None else words.code
    if " " in code and _OPERATOR.search(code) is not None:
        is_short = len(code) <= _SHORT_CODE and _STATEMENT.search(code) is None
        return code if is_short else words.code
    wrapped = _WRAPPED.match(code)
    return say_words(wrapped[2] if wrapped else code, words, code=True)


def _say_dollars(found: re.Match[str], stash: Stash, words: Phrases) -> str:
    formula = found["dollars"]
    return stash.keep(say_formula(formula, words) if is_formula(formula) else found[0])


def _say_cited(found: re.Match[str]) -> str:
    """A number that is a link: a citation, if no word before it needs it."""
    before = found.string[max(0, found.start() - 40) : found.start()]
    if before[-1:].isspace() and _NEEDS_NOUN.search(before) is not None:
        return found[0].partition("]")[0].strip("[^")
    return ""


def _say_mark(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 40) : found.start()]
    if found["mark"].startswith("[") and not found["mark"].startswith("[^"):
        if _NEEDS_NOUN.search(before) is not None:
            return found["mark"].strip("[]").replace("][", ", ")
        is_index = _CODE_LIKE.search(before) is not None or found["mark"] == "[0]"
        if is_index:
            return found[0]
    return ""


def _say_tag(found: re.Match[str]) -> str:  # noqa: PLR0911 - one question after another
    """Tags of HTML go; of a placeholder (``<branch-name>``), which only looks like a tag, the name stays."""
    name, attributes = found["tag"], found["attributes"] or ""
    is_empty = bool(found["empty"]) or attributes.endswith("/")
    attributes = attributes.rstrip("/ ").strip()
    if tags.is_known(name) and not tags.has_attributes(attributes):
        return found[0]
    if tags.ends_line(name):
        return " "
    if tags.is_known(name):
        return ""
    text = found.string
    if attributes and "=" not in attributes and not is_empty:
        is_name = attributes.islower() and not _is_comparison(found)
        return f"{name} {attributes}" if is_name else found[0]
    if is_empty and name[0].isupper() and not attributes:
        return name
    if found["closing"] or is_empty or "=" in attributes or f"</{name}>" in text[found.end() :]:
        return ""
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    if not before and after.isalnum():
        return ""  # "<answer>The result …"
    return " " + name if before.isalnum() else name


def _is_comparison(found: re.Match[str]) -> bool:
    """``x<y and y>z``: two comparisons."""
    text = found.string
    return text[found.start() - 1 : found.start()].isalnum() or text[found.end() : found.end() + 1].isalnum()


def _decode_entities(text: str) -> str:
    decoded = html.unescape(text)
    if decoded == text:
        return text
    return _TAG_LIKE.sub(lambda tag: "" if tag[1] else tag[2], decoded)


def _say_address(found: re.Match[str], stash: Stash) -> str:
    said, tail = _host(found)
    return stash.keep(said) + tail


def _host(found: re.Match[str]) -> tuple[str, str]:
    """The spoken part of an address, and the punctuation behind it.

    That is the host, without www; of a local address the port stays, because it is needed.
    """
    whole = found[0]
    tail = whole[len(whole.rstrip(_TRAILING)) :]
    if found["scheme"] == "file":
        path = whole.removesuffix(tail).rstrip("/")
        return path.rpartition("/")[2], tail
    host = found["www"] or found["host"]
    if not found["rest"].strip("/"):
        host = host.removesuffix(tail)
    host = host.rstrip(".").removeprefix("www.")
    return host if _LOCAL.match(host) else _PORT.sub("", host), tail
