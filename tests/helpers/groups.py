"""Which tests run one after another when others run beside them, and in which order all begin.

What listens to sound or measures mostly waits, and too much of it at once would disturb its like: it makes three lines.
What shares something that is made once for a file would make it once in each process. The order is that of the longest
way: lines first, then tests with processes, then the many short ones, which fill the rest of the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

TESTS = Path(__file__).parents[1]

LINES: Final = {
    "line 1": ("audio/test_run_heard.py", "audio/test_device_faults.py"),
    "line 2": (
        "faults/test_chaos.py",
        "audio/test_run_faults.py",
        "benchmarks/test_bench.py",
        "process/test_never_slowed.py",
    ),
    "line 3": ("audio", "faults/test_soak.py"),
}
"""Folders and files below ``tests`` of what listens to sound or measures; those of a line run one after another. A
place belongs to the first line that has it."""

WHOLE: Final = ("engines", "benchmarks", "faults/test_matrix.py", "unit")
"""Each file of these is a group: it shares models, imports of a second or more, or is over in a moment."""

ORDER: Final = ("faults/test_matrix.py", "attacks", "faults", "process", "engines", "benchmarks", "unit")
"""What begins first, after the lines."""


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
    line = next((line for line, places in LINES.items() if place.startswith(places)), None)
    return line or (place if place.startswith(WHOLE) else None)


def _rank(place: str) -> int:
    order = (*LINES, *ORDER)
    return next((rank for rank, begin in enumerate(order) if (_group(place) or place).startswith(begin)), len(order))
