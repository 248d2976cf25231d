"""Terminal-safe text: outside text without the codes and characters that a terminal interprets or hides. Pure.

Agents, files, engines and the environment are outside. Their text is cleaned where it goes to a terminal, a log or an
event (not on input), after decoding. Sequences are those of ECMA-48, begun by ESC or by a C1 control.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

_C0_WITHOUT_BREAKS: Final = "\x00-\x08\x0e-\x1f\x7f"
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""Characters of Unicode's Default_Ignorable_Code_Point: soft hyphens, fillers, zero-width characters, directions,
tags."""

_NONCHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)
)
_BREAKS: Final = "\v\f\r\x85\u2028\u2029"
_JOINERS: Final = "\u200c\u200d"
_MONGOLIAN_SELECTORS: Final = "\u180b-\u180d\u180f"
_SELECTORS: Final = f"{_MONGOLIAN_SELECTORS}\ufe00-\ufe0f\U000e0100-\U000e01ef"

_SEQUENCE: Final = (
    # Control strings: DCS, SOS, OSC, PM, APC, up to their terminator. Without a terminator only the introducer is
    # removed: the rest is then visible text.
    r"(?:\x1b[PX\]^_]|[\x90\x98\x9d-\x9f])(?:[^\x00-\x08\x0a-\x1f\x7f-\x9f]*+(?:\x07|\x1b\\|\x9c))?"
    r"|(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]?"  # CSI: colours, cursor, clearing
    r"|\x1b[ -/]*+[0-~]?"  # the short ones: reset, character sets
)
_UNWANTED: Final = f"[{_C0_WITHOUT_BREAKS}\x80-\x84\x86-\x9f{_INVISIBLE}{_NONCHARACTERS}]"
_BREAK: Final = f"\r\n|[{_BREAKS}]"
_SURROGATE: Final = "[\ud800-\udfff]"
_CONTEXTUAL: Final = f"[{_JOINERS}{_SELECTORS}]+"
_SUSPICIOUS: Final = (
    f"[{_C0_WITHOUT_BREAKS}\x80-\x9f{_BREAKS}{_INVISIBLE}{_NONCHARACTERS}{_JOINERS}{_SELECTORS}\ud800-\udfff]"
)

_JOINING_SCRIPTS: Final = (
    # Arabic, Syriac, Thaana, N'Ko, Mandaic; the scripts of India, Sri Lanka and Tibet; Myanmar, Khmer, Mongolian;
    # those of Indonesia and the rest of Brahmi's family; Arabic's forms.
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1700-\u18af\u1900-\u1aaf\u1b00-\u1c4f\ua800-\ua82f\ua840-\ua8ff"
    "\ua930-\ua9df\uaa00-\uaa7f\uaae0-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010a00-\U00010a5f"
    "\U00010ac0-\U00010aff\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
_MONGOLIAN: Final = "[\u1800-\u180a\u1810-\u18af]"
_IDEOGRAPHS: Final = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_KEYCAPS: Final = frozenset("0123456789#*")
_MORE_PICTURES: Final = "[\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u2bff\u3030\u303d\u3297\u3299]"
_VIRAMA: Final = 9
"""Combining class of a sign that removes a consonant's vowel; a joiner after it selects the consonant's form."""


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return the compiled pattern; compiled on first use, because most processes need none."""
    return re.compile(pattern)


def strip_terminal_codes(text: str) -> str:
    """Remove everything that a terminal interprets or hides; line feeds and tabs stay.

    Control sequences, control characters, marks and overrides of direction, tags and invisible characters are removed.
    Joiners stay between emoji and between letters of scripts that need them, variation selectors after emoji and
    ideographs. A carriage return becomes a line feed, another kind of line break a space, a lone surrogate U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    if _compiled(_SUSPICIOUS).search(text) is None:
        return text
    text = _compiled(_SEQUENCE).sub("", text)
    text = _compiled(_BREAK).sub(lambda found: "\n" if "\r" in found[0] else " ", text)
    text = _compiled(_UNWANTED).sub("", text)
    text = _compiled(_SURROGATE).sub("\ufffd", text)
    return _compiled(_CONTEXTUAL).sub(_in_context, text)


def one_line(text: str) -> str:
    """Remove the same, and turn line feeds and tabs into spaces."""
    return strip_terminal_codes(text).replace("\n", " ").replace("\t", " ")


def _in_context(found: re.Match[str]) -> str:
    """Return the part of a run of joiners and variation selectors that its neighbours permit."""
    text = found.string
    before = text[found.start() - 1] if found.start() else ""
    after = text[found.end()] if found.end() < len(text) else ""
    run = found[0]
    if _is_picture(before):
        selector = run[0] if run[0] in "\ufe0e\ufe0f" else ""
        return selector + ("\u200d" if "\u200d" in run and _is_picture(after) else "")
    if before in _KEYCAPS:
        return run[0] if run[0] in "\ufe0e\ufe0f" else ""
    if before and _compiled(_IDEOGRAPHS).match(before):
        return run[0] if run[0] not in _JOINERS else ""
    if before and _compiled(_JOINING_SCRIPTS).match(before):
        return _joined(before, run, after)
    return ""


def _joined(before: str, run: str, after: str) -> str:
    """Return the permitted part between letters of scripts with contextual forms."""
    selector = ""
    if _compiled(_MONGOLIAN).match(before) and re.match(f"[{_MONGOLIAN_SELECTORS}]", run):
        selector, run = run[0], run[1:]
    is_needed = unicodedata.combining(before) == _VIRAMA or (after and _compiled(_JOINING_SCRIPTS).match(after))
    joiner = next((character for character in run if character in _JOINERS), "") if is_needed else ""
    return selector + joiner


def _is_picture(character: str) -> bool:
    """Return whether a character may be an emoji, or a part of one."""
    if not character:
        return False
    is_emoji = "\U0001f000" <= character <= "\U0001faff" or character in "\u00a9\u00ae\u20e3"
    return is_emoji or _compiled(_MORE_PICTURES).match(character) is not None
