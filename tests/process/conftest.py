"""A place of its own for each test that runs voicestream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.running import voicestream_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.running import Voicestream


@pytest.fixture
def place() -> Iterator[Voicestream]:
    """Where voicestream runs in this test; everything is ended afterwards."""
    with voicestream_place() as found:
        yield found
