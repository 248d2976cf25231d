"""Keys, tokens and passwords: never spoken, never shown in a caption or a notice."""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        sk-[A-Za-z0-9_-]{16,}                                  # OpenAI, Anthropic
      | (?:sk|pk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}    # Stripe
      | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_\w{16,} | glpat-[\w-]{16,}
      | (?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{12,} | AIza[\w-]{20,} | ya29\.[\w-]{16,}
      | xox[abeoprs]-[A-Za-z0-9-]{10,} | xapp-[A-Za-z0-9-]{10,}
      | eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?                   # JSON web token
      | npm_[A-Za-z0-9]{20,} | pypi-[\w-]{16,} | hf_[A-Za-z0-9]{16,} | gsk_[A-Za-z0-9]{16,} | xai-[A-Za-z0-9]{16,}
      | dop_v1_[a-f0-9]{32,} | SG\.[\w-]{16,}\.[\w-]{16,} | r8_[A-Za-z0-9]{20,} | tvly-[\w-]{16,}
      | AGE-SECRET-KEY-[A-Z0-9]+
      | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z\ ]*PRIVATE\ KEY-----|\Z)
      )""",
    re.VERBOSE | re.DOTALL,
)
_NAMED: Final = re.compile(
    r"""(?i)\b(
        [\w.-]*(?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)s?["'`]?
        \s?[:=]\s?["'`]?
      | \bbearer\s+ | \bauthorization:\s*(?:basic|bearer)\s+
      )(?=[^\s"'`]*\d|[^\s"'`]*[^\w\s"'`.,;:()]|[^\s"'`]{16,})([^\s"'`,;]{6,})""",
    re.VERBOSE,
)
"""A value with a digit or a special character, or a long one, behind a name that says what it is."""
_IN_ADDRESS: Final = re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+@")
"""``https://user:password@host``."""
_LONG: Final = re.compile(
    r"(?<![\w/+.-])(?=[A-Za-z0-9+_-]*[a-z])(?=[A-Za-z0-9+_-]*[A-Z])(?=(?:[A-Za-z+_-]*[0-9]){3})[A-Za-z0-9+_-]{32,}=*(?![\w/]|\.\w)"
)
"""Long random letters in both cases with several digits: a key of a kind not listed, and noise in any case."""

_SHORTEST_SECRET: Final = 14
"""Letters; together with the signs that name a value, one cheap look at which most sentences end."""


def redact(text: str, placeholder: str) -> str:
    """Replace every secret in a text by ``placeholder``."""
    if not (
        ":" in text or "=" in text or "earer" in text or len(max(text.split(), key=len, default="")) >= _SHORTEST_SECRET
    ):
        return text
    text = _SECRET.sub(placeholder, text)
    text = _IN_ADDRESS.sub("", text)
    text = _NAMED.sub(lambda found: found[1] + placeholder, text)
    return _LONG.sub(placeholder, text)
