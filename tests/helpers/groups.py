"""Which tests run one after another when others run beside them, and in which order all begin.

What listens to sound or measures would disturb its like. What shares something that is made once for a file would make
it once in each process. The order is that of the longest way: groups first, then tests with processes, then the many
short ones, which fill the rest of the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

TESTS = Path(__file__).parents[1]

LISTENING: Final = (
    "faults/test_soak.py",
    "faults/test_chaos.py",
    "audio",
    "benchmarks/test_bench.py",
    "process/test_never_slowed.py",
)
"""Folders and files below ``tests`` of the group that listens to sound or measures, the longest first."""

WHOLE: Final = ("engines", "benchmarks", "faults/test_matrix.py", "unit")
"""Each file of these is a group: it shares models, imports of a second or more, or is over in a moment."""

ORDER: Final = (*LISTENING, "faults/test_matrix.py", "attacks", "faults", "process", "engines", "benchmarks", "unit")
"""What begins first."""


def pytest_configure(config: pytest.Config) -> None:
    """Have xdist keep the order: its own begins with the group of the most tests."""
    if config.pluginmanager.hasplugin("xdist"):
        config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests into their groups and into their order."""
    for item in items:
        group = _group(_place_of(item))
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: _rank(_place_of(item)))


def _place_of(item: pytest.Item) -> str:
    """Below ``tests``; empty: elsewhere."""
    return item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else ""


def _group(place: str) -> str | None:
    if place.startswith(LISTENING):
        return "listening"
    return place if place.startswith(WHOLE) else None


def _rank(place: str) -> int:
    return next((rank for rank, begin in enumerate(ORDER) if place.startswith(begin)), len(ORDER))
