"""The deadline of a test: all of its waits draw from it, so that none of them is tuned to one machine.

A wait takes ``remaining()`` as its limit. On a loaded machine a single step may then take most of the test's time, and
a test that waits in vain fails shortly before pytest-timeout ends it, with a message of its own.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

OUTSIDE_SECONDS: Final = 120.0
"""The limit of a wait of a program that is no test."""

MARGIN_SECONDS: Final = 20.0
"""Between the last wait's end and the end of the test by pytest-timeout."""

LEAST_SECONDS: Final = 10.0
"""For what a test tidies up after its deadline."""

DEFAULT_SECONDS: Final = 60.0
"""Of a test without a timeout."""


class _Deadline:
    """On the clock ``time.monotonic``."""

    of_test: float | None = None
    of_thread = threading.local()


def remaining() -> float:
    """Return the seconds that are left to the test, or to the thread (``allow``); at least ``LEAST_SECONDS``."""
    ends_at: float | None = getattr(_Deadline.of_thread, "ends_at", _Deadline.of_test)
    return OUTSIDE_SECONDS if ends_at is None else max(LEAST_SECONDS, ends_at - time.monotonic())


def remaining_milliseconds() -> int:
    """Return the milliseconds that are left, for a poll."""
    return int(remaining() * 1000)


@contextmanager
def allow(seconds: float) -> Iterator[None]:
    """Give the waits of this thread a deadline of their own: it works for tests that have not begun."""
    _Deadline.of_thread.ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        del _Deadline.of_thread.ends_at


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Set the deadline of a test; set-up and tear-down count."""
    before = _Deadline.of_test
    _Deadline.of_test = time.monotonic() + max(LEAST_SECONDS, _timeout_of(item) - MARGIN_SECONDS)
    try:
        return (yield)
    finally:
        _Deadline.of_test = before


def _timeout_of(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    if marker is not None and marker.args:
        return float(marker.args[0])
    return float(item.config.getoption("timeout", None) or item.config.getini("timeout") or DEFAULT_SECONDS)
