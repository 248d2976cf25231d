"""Inline markup of one sentence: code spans, links, tags, formulas, marks. What it found to be final is kept apart.

The result contains placeholders (private-use characters) for pieces that no later stage may touch; ``unstash``
puts them back.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.parser.markdown.formulas import say_formula
from voicestream.workers.parser.sentences.spans import BLOCK_TAGS
from voicestream.workers.parser.wording.words import say_words
from voicestream.workers.text.word_set import word_set

if TYPE_CHECKING:
    from voicestream.workers.parser.wording.phrases import Phrases

_STASH: Final = 0xE000
"""First private-use character; none is in the input (see ``sanitize``)."""
_STASHED: Final = re.compile("[\ue000-\uf8ff]")

MARKUP: Final = re.compile(
    r"""(?=[`\\$\[!【<~])(?:
      (?P<code>(?<!`)(?P<ticks>`+)(?!`)(?P<body>.+?)(?<!`)(?P=ticks)(?!`))
    | \\\((?P<formula>.{1,400}?)\\\)
    | \\\[.{1,400}?\\\] | \$\$.{1,900}?\$\$
    | (?<![\w$\\])\$(?=[^\s$])(?P<dollars>[^$\n]{1,120}?)(?<=[^\s\\$])\$(?![\w$])
    | \\(?P<escaped>[!-/:-@\[-`{-~])
    | (?P<mark>\[\^[^\]\s]{1,40}\]|【[^】]{0,60}†[^】]{0,60}】
        |(?<=[\w.,;!?)"'”])(?:\[\d{1,3}(?:[,–-]\s?\d{1,3})*\])+(?![\w(])
        |(?<=\ )(?:\[\d{1,3}\])+(?![\w(]))
    | !?\[(?P<label>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:[^()\s<>]|\([^()\s]*\)|<[^<>]*>)*(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)
    | (?<![\w\])])\[(?P<reference>[^\[\]]+)\]\[[^\[\]]*\]
    | <!--.{0,900}?-->
    | <(?P<address>(?:https?|ftp|mailto):[^<>\s]+|[^<>\s@]+@[^<>\s]+)>
    | <(?P<closing>/?)(?P<tag>[A-Za-z][\w.:-]*)(?:\s[^<>]*)?/?>
    | ~~(?!~).+?~~
    )""",
    re.VERBOSE | re.DOTALL,
)
_MARKED: Final = re.compile(r"[`\\$\[【<~&]")

_OTHER: Final = frozenset("\\$[<~&【")
_CODE: Final = re.compile(r"`([^`]+)`")
"""The usual case: no markup but code spans in single backticks."""

_ADDRESS: Final = re.compile(
    r"(?<![\w@])(?:(?P<scheme>[a-z][a-z0-9+.-]{1,14})://(?:[^\s/@]+@)?(?P<host>[^\s/?#<>\"'`)\]}|,;]+)|www\.(?P<www>[\w.-]+))"
    r"(?P<rest>(?:[^\s<>\"'`|\\^(){}\[\]]|\([^\s<>()]*\)|\[[^\s<>\[\]]*\])*)"
)
_TRAILING: Final = ".,;:!?'\"*_~"
_PORT: Final = re.compile(r":\d+\Z")
_LOCAL: Final = re.compile(r"(?:localhost|\d+\.\d+\.\d+\.\d+|[\w-]+\.local)(?::\d+)?\Z")

_HTML: Final = BLOCK_TAGS | word_set(
    """
    a abbr audio b bdi bdo big body button canvas caption cite code col colgroup data datalist del dfn em embed
    font head html i iframe img input ins kbd label legend link map mark math meta meter noscript object output
    param picture pre progress q rp rt ruby s samp script select slot small source span strike strong style sub
    sup svg template textarea time title track tt u var video wbr path g rect circle
    """
)
_TAG_LIKE: Final = re.compile(r"<(/?)([A-Za-z][\w.:-]*)(?:\s[^<>]*)?/?>")
_STRUCK_TAG: Final = re.compile(r"<(del|s|strike)>.*?</\1>", re.IGNORECASE | re.DOTALL)

_SHORTEST_HASH: Final = 12
_LONGEST_CODE: Final = 60
"""Characters of inline code that are still read out."""
_OPERATOR: Final = re.compile(
    r"(?:^|\s)(?:[-+*/%=<>!&|^]=?|===?|!==|&&|\|\||[=-]>|:=|>>|<<|\?|:)(?=\s|$)|[{};]|\$\(|&&|\|\|"
)
_NEEDS_NOUN: Final = re.compile(
    r"\b(?:in|to|and|or|see|from|of|by|with|per|as|than|both|also|is|are)\s\Z", re.IGNORECASE
)
"""Before a citation these make it a word of the sentence: "according to [1]"."""
_CODE_LIKE: Final = re.compile(r"(?:[_.]\w|\w[a-z][A-Z])\w*\Z")


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


def _replace(text: str, words: Phrases, stash: Stash) -> str:
    def said(found: re.Match[str]) -> str:  # noqa: PLR0911 - a table
        kind = found.lastgroup
        if kind == "code":
            return stash.keep(say_code(found["body"], words))
        if kind == "formula":
            return say_formula(found["formula"])
        if kind == "dollars":
            return _say_dollars(found, stash)
        if kind == "escaped":
            character = found["escaped"]
            return character if character in "_&" else stash.keep(character)
        if kind == "mark":
            return _say_mark(found)
        if kind in {"label", "reference"}:
            return _replace(found[kind], words, stash)
        if kind == "address":
            return found["address"].removeprefix("mailto:")
        if kind == "tag":
            return _say_tag(found["closing"], found["tag"], attached=_is_attached(found))
        return " "  # what is left has no name: display formulas, comments, struck-through text

    return MARKUP.sub(said, text)


def say_code(code: str, words: Phrases) -> str:
    """Inline code as words: kept where it can be said, else the word for code."""
    if code.isalnum() and len(code) < _SHORTEST_HASH:
        return code
    if "://" in code:
        code = _ADDRESS.sub(lambda found: _host(found)[0], code)
        if " " not in code:
            return code
    code = " ".join(code.replace("`", " ").split())
    if len(code) > _LONGEST_CODE or (" " in code and _OPERATOR.search(code) is not None):
        return words.code
    return say_words(code, words, code=True)


def _say_dollars(found: re.Match[str], stash: Stash) -> str:
    formula = found["dollars"]
    if len(formula) == 1 or any(sign in formula for sign in "\\^_{}=+<>()"):
        return say_formula(formula)
    return stash.keep(found[0])


def _say_mark(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 40) : found.start()]
    if found["mark"].startswith("[") and not found["mark"].startswith("[^"):
        if _NEEDS_NOUN.search(before) is not None:
            return found["mark"].strip("[]").replace("][", ", ")
        is_index = _CODE_LIKE.search(before) is not None or found["mark"] == "[0]"
        if is_index:
            return found[0]
    return ""


def _is_attached(found: re.Match[str]) -> bool:
    return found.start() > 0 and found.string[found.start() - 1].isalnum()


def _say_tag(closing: str, name: str, *, attached: bool) -> str:
    """Tags of HTML go; of what only looks like a tag (``<branch-name>``) the name stays."""
    if name.lower() in BLOCK_TAGS:
        return " "
    if name.lower() in _HTML:
        return ""
    if closing:
        return ""
    return " " + name if attached else name


def _decode_entities(text: str) -> str:
    decoded = html.unescape(text)
    if decoded == text:
        return text
    return _TAG_LIKE.sub(lambda tag: "" if tag[1] else tag[2], decoded)


def _say_address(found: re.Match[str], stash: Stash) -> str:
    said, tail = _host(found)
    return stash.keep(said) + tail


def _host(found: re.Match[str]) -> tuple[str, str]:
    """What is said of an address, and the punctuation behind it.

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
