"""The fixture ``place``: somewhere of its own for each test that runs voicestream."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from helpers.running import voicestream_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.running import Voicestream

# A shell starts its background jobs with SIGINT ignored, and children inherit that: Ctrl-C is what is tested here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def place() -> Iterator[Voicestream]:
    """Where voicestream runs in this test; everything is ended afterwards."""
    with voicestream_place() as found:
        yield found
