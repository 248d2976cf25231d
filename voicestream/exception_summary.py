"""Exception summary without messages: type, error number and code locations, for logs that must not quote text. Pure.

A message may quote the text being processed: a sentence, a line of the agent, a path made of one. Names of types,
functions and source files cannot.
"""

from __future__ import annotations

import errno
import os
import traceback
from typing import TYPE_CHECKING, Final, cast

from voicestream.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FRAMES: Final = 30
"""Innermost frames of one exception; an endless recursion has a thousand."""

MAX_CHAINED: Final = 8
"""Exceptions in a chain of causes, or in a group."""


def describe(error: BaseException) -> str:
    """Describe an exception in one line: type, error number and place."""
    frames = list(_frames(error))
    return f"{_kind(error)} at {frames[-1]}" if frames else _kind(error)


def lines(error: BaseException) -> list[str]:
    """Format an exception and its causes as a traceback, the innermost call last, without any message."""
    found: list[str] = []
    for number, one in enumerate(reversed(_chain(error))):
        found.append(f"{'Then t' if number else 'T'}raceback (most recent call last), without messages:")
        frames = list(_frames(one))
        left_out = len(frames) - MAX_FRAMES
        found += [f"  … {left_out} calls"] if left_out > 0 else []
        found += [f"  {frame}" for frame in frames[-MAX_FRAMES:]]
        found.append(_kind(one))
        if isinstance(one, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", one)
            found += [f"  of {describe(part)}" for part in group.exceptions[:MAX_CHAINED]]
    return found


def _kind(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, ProtocolError):
        return f"{name}: {error}"
    number = getattr(error, "errno", None)
    if not isinstance(number, int):
        return name
    # Not the error's own text, which may come from outside.
    return f"{name}: {os.strerror(number)} ({errno.errorcode.get(number, number)})"


def _frames(error: BaseException) -> Iterator[str]:
    for frame, number in traceback.walk_tb(error.__traceback__):
        yield f"{frame.f_code.co_filename}:{number} in {frame.f_code.co_name}"


def _chain(error: BaseException) -> list[BaseException]:
    """Return the exception, its cause, and so on."""
    found = [error]
    while len(found) < MAX_CHAINED:
        last = found[-1]
        cause = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if cause is None or cause in found:
            break
        found.append(cause)
    return found
