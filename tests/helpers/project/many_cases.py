"""Hundreds of small cases in one test: a test of its own costs pytest several times as much as such a case."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Case = TypeVar("Case")


def assert_each(cases: Iterable[Case], check: Callable[[Case], None], name: Callable[[Case], str] = str) -> None:
    """Check every case, and fail with the name of each that failed and the reason; without a case, too."""
    count, wrong = 0, list[str]()
    for count, case in enumerate(cases, start=1):  # noqa: B007 - read behind the loop
        try:
            check(case)
        except AssertionError as error:
            wrong.append(f"{name(case)}: {error}")
        except Exception:  # noqa: BLE001 - whatever it is, the other cases are checked
            wrong.append(f"{name(case)}: {traceback.format_exc()}")
    if wrong or not count:
        pytest.fail(f"{len(wrong)} of {count} cases failed\n\n" + "\n\n".join(wrong), pytrace=False)
