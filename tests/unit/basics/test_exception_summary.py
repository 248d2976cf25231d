"""Exceptions as logs show them: what kind, where and why, and nothing that their messages quote."""

from __future__ import annotations

import pytest

from voicestream import exception_summary
from voicestream.errors import ProtocolError, VoicestreamError
from voicestream.exception_summary import MAX_CHAINED, MAX_FRAMES

WORDS = "Zyxomarabel"


def raised(error: BaseException) -> BaseException:
    """An exception that has been raised and caught."""

    def fail() -> None:
        raise error

    try:
        fail()
    except BaseException as caught:  # noqa: BLE001 - any kind
        return caught


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError(WORDS), "ValueError"),
        (VoicestreamError(WORDS, hint=WORDS), "VoicestreamError"),
        (OSError(28, WORDS, WORDS), "OSError: No space left on device (ENOSPC)"),
        (OSError(WORDS), "OSError"),
        (UnicodeDecodeError("utf-8", WORDS.encode(), 0, 1, WORDS), "UnicodeDecodeError"),
        (ProtocolError("frame of 7 bytes"), "ProtocolError: frame of 7 bytes"),
        (SystemExit(WORDS), "SystemExit"),
    ],
)
def test_an_exception_is_its_kind_and_where_it_was_raised(error: BaseException, kind: str) -> None:
    assert exception_summary.describe(error) == kind
    shown = exception_summary.describe(raised(error))
    assert shown.startswith(f"{kind} at ")
    assert shown.endswith(" in fail")
    assert WORDS not in "".join(exception_summary.lines(raised(error)))


def test_causes_come_first_and_the_kind_last() -> None:
    try:
        try:
            {}[WORDS]
        except KeyError as error:
            raise RuntimeError(WORDS) from error
    except RuntimeError as error:
        found = exception_summary.lines(error)
    kinds = [line for line in found if not line.startswith(" ")]
    assert kinds == [
        "Traceback (most recent call last), without messages:",
        "KeyError",
        "Then traceback (most recent call last), without messages:",
        "RuntimeError",
    ]
    assert WORDS not in "".join(found)


def test_of_a_group_every_exception_is_described() -> None:
    group = ExceptionGroup(WORDS, [ValueError(WORDS), ExceptionGroup(WORDS, [TypeError(WORDS)])])
    found = exception_summary.lines(raised(group))
    assert found[-3:] == ["ExceptionGroup", "  of ValueError", "  of ExceptionGroup"]


def test_deep_calls_and_long_chains_are_cut() -> None:
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        raise ValueError(WORDS)

    try:
        deeper(500)
    except ValueError as error:
        found = exception_summary.lines(error)
    assert len(found) == MAX_FRAMES + 3
    last: BaseException = ValueError(WORDS)
    for _ in range(100):
        error = ValueError(WORDS)
        error.__cause__ = last
        last = error
    last.__cause__ = error  # a chain that is a ring
    assert len(exception_summary.lines(last)) <= 2 * MAX_CHAINED
