"""Remote engines of a test, which are closed after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.remote import opened_engines

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Engines leave no connection."""
    yield
    opened_engines.close()
