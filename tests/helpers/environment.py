"""Engines set variables for the libraries they load, as is right in a worker; here they must not outlive a file."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def environment_of_a_file() -> Iterator[None]:
    """Puts the environment back, also after fixtures that are made once for a file."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
