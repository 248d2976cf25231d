"""Callouts: ``[!WARNING]`` in a block quote and the fences of admonitions (``:::warning``), as one mark of an alert."""

from __future__ import annotations

import re
from typing import Final

from voicestream.workers.text.lazy_regex import lazy_regex

ALERT: Final = lazy_regex(
    r"\[!(?:(?P<warning>WARNING|CAUTION|ATTENTION|DANGER|WARN)|NOTE|TIP|IMPORTANT|INFO|HINT|SUCCESS|CHECK|DONE|QUESTION|HELP"
    r"|FAQ|ABSTRACT|SUMMARY|TLDR|TODO|EXAMPLE|QUOTE|CITE|BUG|FAILURE|FAIL|ERROR|MISSING|SEEALSO|DETAILS)\][-+]?\s*",
    re.IGNORECASE,
)
"""The mark of an alert, which warns or says nothing by itself."""
_FENCE: Final = lazy_regex(
    r"(?::{3,}|!{3}|\?{3}\+?)\s*(?:\{?\.?([A-Za-z]{2,20})\}?)?(?:\s*\[([^\[\]]{1,200})\]|\s+(\S.{0,300}))?\s*\Z"
)


def read(fence: str) -> tuple[str, str]:
    """The alert and the title in the line that opens an admonition; both "" in the line that closes one."""
    found = _FENCE.match(fence)
    if found is None or found[1] is None:
        return "", ""
    title = (found[2] or found[3] or "").strip().strip('"')
    alert = f"[!{found[1].upper()}]"
    if ALERT.fullmatch(alert) is None:
        return "", title
    return alert, "" if title.startswith("{") else title
