"""Which tests run one after another when others run beside them (``make test`` has three processes).

What listens to sound or measures would disturb its like; what needs a model would make it twice.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

LISTENING = (
    "audio",
    "benchmarks/test_bench.py",
    "faults/test_soak.py",
    "faults/test_chaos.py",
    "process/test_never_slowed.py",
)
"""Folders and files below ``tests``."""

MODELS = ("_models", "xtts_models")
"""The fixtures that make models: what needs one of them runs in one process, so that it is made once."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests into their groups; the longest group first, so that the others fill the rest of the time."""
    for item in items:
        group = _group(item)
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: _group(item) != "listening")


def _group(item: pytest.Item) -> str | None:
    where = item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else ""
    if where.startswith(LISTENING):
        return "listening"
    return next((fixture for fixture in MODELS if fixture in getattr(item, "fixturenames", ())), None)
