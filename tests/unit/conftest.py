"""What several unit tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.supervisor.net import new_net

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.supervisor.net import Net


@pytest.fixture
def net() -> Iterator[Net]:
    """A real hub, to which a test connects peers."""
    with new_net() as made:
        yield made
