"""Detection of keys, tokens and passwords: never spoken, never shown in a caption or a notice.

Three ways to know one: its own form (``sk-…``), a name beside it (``password: …``, the cell before it in a table), and
its randomness. All are looked for in a text as it was written and again without its marks (``bare``), because a mark,
an entity or an invisible character may stand between a name and its value or inside the value.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from voicestream.workers.text.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECRET: Final = lazy_regex(
    r"""(?<![A-Za-z0-9])(?:
        sk-[A-Za-z0-9_-]{16,}                                  # OpenAI, Anthropic
      | (?:sk|pk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}    # Stripe
      | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_\w{16,} | glpat-[\w-]{16,}
      | (?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{12,} | AIza[\w-]{20,} | ya29\.[\w-]{16,}
      | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,}
      | (?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)?      # JSON web token
      | npm_[A-Za-z0-9]{20,} | pypi-[\w-]{16,} | hf_[A-Za-z0-9]{16,} | gsk_[A-Za-z0-9]{16,} | xai-[A-Za-z0-9]{16,}
      | dop_v1_[a-f0-9]{32,} | (?<![\w.-])SG\.[\w-]{16,}+\.[\w-]{16,}+ | r8_[A-Za-z0-9]{20,} | tvly-[\w-]{16,}
      | AGE-SECRET-KEY-[A-Z0-9]+
      | -----BEGIN\ [A-Z\ ]{0,40}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z\ ]{0,40}PRIVATE\ KEY-----|\Z)
      )""",
    re.VERBOSE | re.DOTALL,
)
_WORD_FOR_ONE: Final = (
    r"(?:pass(?:word|wd|phrase|code)|passwort|kennwort|contraseña|mot\ de\ passe|senha|(?<=_)pwd|パスワード|密码|密碼"
    r"|secret(?:[\ _-](?:access[\ _-])?key)?|credential)s?"
)
_KEY_NAME: Final = r"(?:api|access|private|signing|encryption|auth|license)[\ _-]?keys?"
_NAME: Final = rf"(?:{_WORD_FOR_ONE}|tokens?|{_KEY_NAME})"
_VERB: Final = "is|was|are|be|set|to|now|of|as|value|ist|lautet|est|es|called"
_ASSIGNED: Final = lazy_regex(
    rf"""(?i)(
        {_NAME}[\\"'`_*)\]]{{0,4}}\s{{0,3}}(?:=>|:=|[:=：＝])\s{{0,3}}\\?["'`(]?
      | (?<![\w-])--?(?:[a-z]{{1,12}}-){{0,3}}{_NAME}\s{{1,3}}["'`]?
      | \bbearer\s{{1,3}} | \bauthorization:\s{{0,3}}(?:basic|bearer)\s{{1,3}}
      )([^\s"'`,;]{{6,}})""",
    re.VERBOSE,
)
"""A name, a sign that gives it a value, and the value."""
_BESIDE: Final = lazy_regex(
    rf"""(?i)({_NAME}(?:\W{{1,4}}|\W{{0,4}}\s[—–-]\s`)(?:(?:{_VERB})\W{{1,4}}){{0,3}})
    ([^\s"'`,;]{{6,}})""",
    re.VERBOSE,
)
"""A name, and a word beside it or behind a verb: that may be prose, so only what can be no word of it is withheld."""
_INTRODUCES: Final = lazy_regex(rf"(?:\W(?:{_VERB})\W+|[—–-] *)`\Z", re.IGNORECASE)
"""A verb or a dash before a code span: then it is a value, also one that is not random."""
_IN_ADDRESS: Final = lazy_regex(r"(?<=://)[^\s/@:]{1,200}+:[^\s/]{1,400}@|(?<=://):[^\s/]{1,400}@")
"""``https://user:password@host``."""
_LONG: Final = lazy_regex(
    r"(?<![\w/+.-])(?=[A-Za-z0-9+_-]*[a-z])(?=[A-Za-z0-9+_-]*[A-Z])(?=(?:[A-Za-z+_-]*[0-9]){3})[A-Za-z0-9+_-]{32,}+=*+(?![\w/]|\.\w)"
)
"""Long random letters in both cases with several digits: a key of a kind not listed, and noise in any case."""

_SHORTEST_SECRET: Final = 14
"""Letters; together with the signs that name a value, one cheap look at which most sentences end."""
_SHORTEST_VALUE: Final = 6
_LONG_VALUE: Final = 16
"""Characters of a value that is withheld whatever it is made of."""
_RANDOM_VALUE: Final = 10
_RANDOM_DIGITS: Final = 3
NAME_ENDS: Final = frozenset(":=：*_`\"'")
"""Last characters of a text that ends with a name and a colon."""

_EDGES: Final = "()[]{}<>.,:;!?\"'`*_…。"
_BENIGN: Final = lazy_regex(
    r"""(?:
        v?\d+(?:\.\d+)+\w*                                        # versions, addresses
      | \d[\d.,:/-]*(?:T[\d:.]+Z?)?(?:[-‑]?[A-Za-z%µ]{1,12})?     # dates, times, 32-byte, 90days
      | (?i:sha|md|base|utf|oauth|http|aes|rsa|[hre]s|ed|ecdsa|curve|tls|fido|argon|pbkdf)-?\d+(?:[-/_.]?[A-Za-z]+)*
      | [A-Z]{2,5}-?\d{1,6}                                       # RFC6749
      | [A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+                             # NAME_OF_A_VARIABLE
      | [\w./@-]+\.(?:py|js|tsx?|jsx|mjs|json|ya?ml|toml|txt|md|env|rs|go|java|rb|sh|cfg|ini|conf|html|css|c|h|cpp|lock
        |xml|sql|pem|key|log|csv)(?::\d+)?                        # docs/auth.md:42
      | [\w.+-]+@[\w-]+(?:\.[\w-]+)+ | [\w-]+@v?\d[\w.-]*         # addresses, packages
      | [A-Za-z_]+(?:\.[A-Za-z_]+)+(?:\(.*)?                       # settings.SECRET
      )\Z""",
    re.VERBOSE,
)
_LONGEST_BENIGN: Final = 64
_PLACEHOLDER: Final = ("$", "<", "%", "{", "/", "~/", "./", "../", "http://", "https://")
"""Beginnings of a placeholder, or of the place of a value."""
_SPECIAL: Final = frozenset("!@#$%^&*?~")
_SPECIAL_IN_PROSE: Final = frozenset("!$%^&*@")

_CELL: Final = lazy_regex(
    rf"""(?i)(?:.*[\W_])?(?:{_WORD_FOR_ONE}|(?:access|api|auth|refresh|bearer|bot)[\ _-]?tokens|token|{_KEY_NAME})
    (?:[_\ ](?:value|prod|dev|test|staging|live|new|old))?(?:\ (?:is|are|ist|lautet|est|es))?\W*\Z""",
    re.VERBOSE,
)
"""A cell, or a header, that says that the next is a secret."""
_LONGEST_NAME: Final = 60

_INVISIBLE: Final = lazy_regex(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]"
)
_MARKS: Final = frozenset("&`*~<[\\")
_LINK: Final = lazy_regex(r"\[([^\[\]]*)\](?:\([^()\s]*\)|\[[^\[\]]*\])")
_TAG: Final = lazy_regex(r"<[/!]?[A-Za-z-][^<>]*>")
_ESCAPE: Final = lazy_regex(r"\\([!-/:-@\[-`{-~])")


def redact(text: str, placeholder: str) -> str:
    """Replace every secret in a text by ``placeholder``; where marks hide one, the marks of the text go too."""
    plain = bare(text)
    if "://" not in text and not _may_hold_one(plain):
        return text
    safe = _redact(text, placeholder)
    if plain == text:
        return safe
    if safe != text:
        text, plain = safe, bare(safe)
    safe = _redact(plain, placeholder)
    return text if safe == plain else safe


def may_hold_a_name(text: str) -> bool:
    """Return whether a text may name a secret: a cheap look at which most end."""
    low = text.lower()
    return (
        "assw" in low
        or "ecret" in low
        or "oken" in low
        or "key" in low
        or "pwd" in low
        or "earer" in low
        or "redential" in low
        or "assph" in low
        or "asscode" in low
        or "uthoriz" in low
        or "nwort" in low
        or "senha" in low
        or (not text.isascii() and ("パス" in low or "密" in low or "contrase" in low))
        or "mot de passe" in low
    )


def may_hold_a_word_for_one(text: str) -> bool:
    """The same for a plain English sentence without signs."""
    low = text.lower()
    return "assw" in low or "ecret" in low or "oken" in low or "key" in low or "redential" in low or "passc" in low


def names_a_secret(text: str) -> bool:
    """Return whether a text ends with the name of a secret and a colon, so that the next one may be its value."""
    end = bare(text[-_LONGEST_NAME:]).rstrip()
    return end.endswith((":", "=", "：")) and may_hold_a_name(end) and _CELL.match(end) is not None


def redact_value(text: str, placeholder: str) -> str:
    """Like ``redact``, for a text whose name stood before it."""
    plain = bare(text).strip()
    if _is_value(plain, strong=True):
        return placeholder
    safe = " ".join(placeholder if _is_value_in_prose(word) else word for word in plain.split(" "))
    return text if safe == plain else safe


def redact_row(header: Sequence[str], row: Sequence[str], placeholder: str) -> list[str]:
    """The cells of a row without the values that another cell of it, or their header, names as secrets."""
    shown = [bare(cell) for cell in row]
    names = [len(cell) <= _LONGEST_NAME and may_hold_a_name(cell) and bool(_CELL.match(cell)) for cell in shown]
    columns = [
        len(name) <= _LONGEST_NAME and may_hold_a_name(name) and bool(_CELL.match(bare(name)))
        for name in header[: len(row)]
    ]
    columns += [False] * (len(row) - len(columns))
    if not any(names) and not any(columns):
        return list(row)
    cells = list(row)
    for index, cell in enumerate(shown):
        is_named = columns[index] or any(names[:index])
        if is_named and not names[index]:
            cells[index] = _without_value(cells[index], cell, placeholder)
    return cells


def bare(text: str) -> str:
    """A text without marks, entities and invisible characters."""
    if text.isascii() and _MARKS.isdisjoint(text):
        return text
    has_entities = "&" in text
    if has_entities:
        text = html.unescape(text)
    if has_entities or not text.isascii():
        text = _INVISIBLE.sub("", text)
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub("", text)
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    if "~~" in text:
        text = text.replace("~~", "")
    return text.replace("`", "").replace("*", "")


def _may_hold_one(text: str) -> bool:
    """One cheap look, at which most sentences end."""
    return (
        ":" in text
        or "=" in text
        or may_hold_a_name(text)
        or not text.isascii()
        or len(max(text.split(), key=len, default="")) >= _SHORTEST_SECRET
    )


def _redact(text: str, placeholder: str) -> str:
    text = _SECRET.sub(placeholder, text)
    if "://" in text:
        text = _IN_ADDRESS.sub("", text)

    def assigned(found: re.Match[str]) -> str:
        strong = "oken" not in found[1].lower()
        return found[1] + placeholder if _is_value(found[2], strong=strong) else found[0]

    def beside(found: re.Match[str]) -> str:
        is_introduced = _INTRODUCES.search(found[1]) is not None
        return found[1] + placeholder if _is_value_in_prose(found[2], introduced=is_introduced) else found[0]

    if may_hold_a_name(text):
        text = _BESIDE.sub(beside, _ASSIGNED.sub(assigned, text))
    return _LONG.sub(placeholder, text)


def _without_value(cell: str, shown: str, placeholder: str) -> str:
    """A named cell without the secret in it."""
    if " " not in shown:
        return placeholder if _is_value(shown, strong=True) else cell
    safe = " ".join(placeholder if _is_value_in_prose(word) else word for word in shown.split(" "))
    return cell if safe == shown else safe


def _is_value(word: str, *, strong: bool) -> bool:
    """Return whether a word behind the name of a secret is its value; ``strong``: figures alone may be one, too."""
    if word.startswith(_PLACEHOLDER) and not _is_random(word):
        return False
    value = word.strip(_EDGES)
    if len(value) < _SHORTEST_VALUE or " " in value:
        return False
    if strong and value.isdecimal():
        return True
    if len(value) <= _LONGEST_BENIGN and _BENIGN.match(value):
        return False
    if any(map(str.isdigit, value)) and any(map(str.isalpha, value)):
        return True
    return not _SPECIAL.isdisjoint(value) or (len(value) >= _LONG_VALUE and any(map(str.isalnum, value)))


def _is_value_in_prose(word: str, *, introduced: bool = False) -> bool:
    """The same where the word may as well be one of a sentence; ``introduced``: as a value, in code."""
    value = word.strip(_EDGES)
    if len(value) < _SHORTEST_VALUE or word.startswith(_PLACEHOLDER):
        return False
    if not (any(map(str.isdigit, value)) and any(map(str.isalpha, value))):
        return False
    if len(value) <= _LONGEST_BENIGN and _BENIGN.match(value):
        return False
    return introduced or not _SPECIAL_IN_PROSE.isdisjoint(value) or _is_random(value)


def _is_random(value: str) -> bool:
    return (
        len(value) >= _RANDOM_VALUE
        and sum(map(str.isdigit, value)) >= _RANDOM_DIGITS
        and any(map(str.isupper, value))
        and any(map(str.islower, value))
    )
