"""A sound server for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.audio.player_driver import PlayerDriver
from helpers.audio.pulse import PulseServer, Recorder, skip_unless_installed
from helpers.process.running import voicestream_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.process.running import Voicestream


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseServer]:
    """A server, and the environment in which programs find it."""
    skip_unless_installed()
    with PulseServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def recorder(pulse: PulseServer) -> Iterator[Recorder]:
    """What is heard there."""
    with Recorder(pulse) as recorder:
        yield recorder


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[PlayerDriver]:
    """A supervisor's part; the player is not started yet."""
    with PlayerDriver(tmp_path) as driver:
        yield driver


@pytest.fixture
def place(pulse: PulseServer) -> Iterator[Voicestream]:
    """Where voicestream runs, with the test's sound server as its speakers."""
    with voicestream_place() as found:
        found.environment |= pulse.environment
        yield found
