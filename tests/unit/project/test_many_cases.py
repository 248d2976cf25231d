"""Many cases in one test: all are checked, and those that fail are named."""

from __future__ import annotations

import pytest

from helpers.project.many_cases import assert_each


def _divides_twelve(number: int) -> None:
    assert 12 % number == 0


def test_every_case_that_fails_is_named_with_its_reason_and_none_hides_another() -> None:
    with pytest.raises(pytest.fail.Exception) as failure:
        assert_each([1, 5, 0, 8, 6], _divides_twelve, lambda number: f"case {number}")
    said = str(failure.value)
    assert said.startswith("3 of 5 cases failed")
    assert said.index("case 5: assert (12 % 5) == 0") < said.index("case 0: Traceback") < said.index("case 8: ")
    assert "ZeroDivisionError" in said


def test_without_a_case_nothing_is_shown_and_the_test_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="0 of 0 cases"):
        assert_each([], _divides_twelve)
