"""The process table that several tests of the supervisor act on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from helpers.supervisor.stage import StandIn
from voicestream.protocol import pool_memory
from voicestream.supervisor.processes import table as process_table
from voicestream.supervisor.processes.table import ProcessTable
from voicestream.supervisor.processes.watchdog import Limits
from voicestream.supervisor.sessions.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.supervisor.net import Net


@pytest.fixture
def table(net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessTable]:
    """With a translation worker, whose process is a stand-in."""
    monkeypatch.setattr(process_table, "WorkerProcess", StandIn)
    monkeypatch.setenv("VOICESTREAM_LOG_DIR", str(tmp_path / "log"))
    pool = pool_memory.reserve(lambda _name: None)
    made = ProcessTable(
        net.hub,
        hub_path=net.path,
        segment=pool,
        limits=Limits(),
        threads=1,
        progress=lambda _role: (None, 0),
    )
    made.obtain(Requirement("translation", "nllb"), time.monotonic())
    yield made
    for record in made.records.values():
        if record.process is not None:
            record.process.kill()
            record.process.close()
    pool.remove()
