"""Engines set variables for the libraries they load, as is right in a worker; here they must not outlive a test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Puts the environment back."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
