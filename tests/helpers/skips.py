"""Under CI=true a test that is skipped for a missing part is a failure.

On a developer's machine a test may be skipped because a program or an audio server is missing. The build
installs all of them, so there a skip means that something was not tested and nobody noticed. What an
operating system cannot have at all stays skipped: such a test is marked `platform`.
"""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _fail_when_skipped(report: Report) -> Report:
    expected_failure = hasattr(report, "wasxfail")
    if os.environ.get("CI") == "true" and report.skipped and not expected_failure:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"under CI=true nothing may be missing. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of one test into a failure, unless it is marked `platform`."""
    report = yield
    return report if item.get_closest_marker("platform") else _fail_when_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into a failure; a file of one platform marks its tests instead."""
    return _fail_when_skipped((yield))
