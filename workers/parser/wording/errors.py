"""Errors of agents as a person would report them: the message, without request bodies, markup and stack traces."""

from __future__ import annotations

import html
import json
import re
from typing import Final, cast

from voicestream.workers.parser.markdown.lines.machine_text import Machine, kind_of
from voicestream.workers.text.lazy_regex import lazy_regex

_COUNTER: Final = r"[^\n{]{0,60}?(?:\d{1,3}\s?(?:/|of)\s?\d{1,3}|\bin \d+(?:\.\d+)?\s?(?:m?s|sec))"
_RETRY: Final = lazy_regex(
    rf"\W{{0,4}}(?:re-?connect(?:ing|ion)?|re-?try(?:ing)?|attempt)\b{_COUNTER}"
    rf"|[^\n{{]{{0,120}}\b(?:retrying|reconnecting)\b{_COUNTER}",
    re.IGNORECASE,
)
_TITLE: Final = lazy_regex(r"<(title|h1)[^<>]{0,200}>([^<>]{1,300})</\1>", re.IGNORECASE)
_PAGE: Final = lazy_regex(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_TAG: Final = lazy_regex(r"<[/!]?[A-Za-z][^<>]{0,400}>")
_HIDDEN: Final = lazy_regex(r"<(style|script)\b.{0,20000}?</\1>", re.IGNORECASE | re.DOTALL)
_KEYS: Final = ("message", "data", "error", "errors", "detail", "details", "description", "reason", "name", "type")
"""Fields that hold the words of an error, the best first."""
_DEEPEST: Final = 8
_MOST_BODIES: Final = 4
"""JSON bodies within one error."""


def is_retry(text: str) -> bool:
    """Return whether an error is the counter of a retry: the agent has not given up."""
    return _RETRY.match(text) is not None


def message_of(error: object, depth: int = 0) -> str:
    """The innermost message of an error: a string, which may be JSON again, or an object with a message in it."""
    if depth > _DEEPEST:
        return ""
    if isinstance(error, str):
        return _message_in(error, depth)
    if isinstance(error, list):
        items = cast("list[object]", error)
        return message_of(items[0], depth + 1) if items else ""
    if isinstance(error, dict):
        fields = cast("dict[str, object]", error)
        for key in _KEYS:
            text = message_of(fields.get(key), depth + 1)
            if text:
                return text
    return ""


def _message_in(text: str, depth: int) -> str:
    """A text in which each JSON body is replaced by its innermost message."""
    said: list[str] = []
    position = 0
    for _ in range(_MOST_BODIES):
        start = text.find("{", position)
        if start < 0:
            break
        start -= text[start - 1 : start] == "["
        try:
            body, end = cast("tuple[object, int]", json.JSONDecoder().raw_decode(text, start))
        except (ValueError, RecursionError):
            end = text.index("{", start) + 1
            said.append(text[position:end])
        else:
            message = message_of(body, depth + 1)
            said.extend((text[position:start], message or (text[start:end] if not body else "")))
        position = end
    return "".join((*said, text[position:])).strip()


def readable(text: str) -> str:
    """An error in plain lines: the innermost message, no page of HTML, no stack trace."""
    text = message_of(text)
    page = _PAGE.search(text)
    if page is not None:
        before = text[: page.start()].rstrip()
        title = _TITLE.search(text)
        shown = title[2].strip() if title else _TAG.sub(" ", _HIDDEN.sub(" ", text[page.start() :]))
        code = before.rpartition(" ")[2]
        text = f"{before} {shown.removeprefix(code).lstrip() if code else shown}"
    if "&" in text:
        text = html.unescape(text)
    return " ".join(_without_trace(text.splitlines()).split())


def _without_trace(lines: list[str]) -> str:
    """The lines of a message up to its stack trace; of one that begins with a trace the lines behind it."""
    shown: list[str] = []
    for index, line in enumerate(lines):
        kind = kind_of(line) if line else None
        if kind is None:
            shown.append(line)
        elif shown:
            break
        elif kind is Machine.INDENTED:
            return " ".join(rest for rest in lines[index + 1 :] if rest[:1] not in ("", " ", "\t"))
    return " ".join(shown)
