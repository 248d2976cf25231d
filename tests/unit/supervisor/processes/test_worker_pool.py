"""The pool of workers, with stand-ins for processes: who shares one, and what becomes of one that nobody needs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from helpers.supervisor.stage import StandIn
from voicestream.config.engine_settings import EngineSettings
from voicestream.protocol.messages import Ready
from voicestream.supervisor.ledger.commands import WorkerId
from voicestream.supervisor.processes.worker_events import Removed
from voicestream.supervisor.sessions.requirements import Requirement

if TYPE_CHECKING:
    from voicestream.supervisor.processes.table import ProcessTable

TRANSLATOR = WorkerId("translation")


def test_who_requires_the_same_shares_a_worker_and_who_requires_other_settings_gets_another(
    table: ProcessTable,
) -> None:
    now = time.monotonic()
    same = Requirement("translation", "nllb")
    other = Requirement("translation", "nllb", EngineSettings(compute="cuda:1"))
    assert table.obtain(same, now) is table.records[TRANSLATOR]
    second = table.obtain(other, now)
    assert second is not table.records[TRANSLATOR]
    assert table.obtain(other, now) is second
    identities = [record.process.identity for record in table.of_role("translation") if record.process is not None]
    assert len(identities) == len(set(identities)) == 2
    assert [table.record_of(identity) for identity in identities] == table.of_role("translation")
    assert [record.incarnation for record in table.of_role("translation")] == [1, 2]


def test_a_worker_whose_auto_has_found_an_engine_is_shared_with_who_names_that_engine(table: ProcessTable) -> None:
    now = time.monotonic()
    found = table.obtain(Requirement("translation", "auto"), now)
    table.heard(found, Ready(engine="apertium", device="cpu"), now)
    assert table.obtain(Requirement("translation", "apertium"), now) is found
    assert table.obtain(Requirement("translation", "nllb"), now) is table.records[TRANSLATOR]


def test_a_worker_that_nobody_needs_is_removed_when_it_has_ended(table: ProcessTable) -> None:
    now = time.monotonic()
    record = table.records[TRANSLATOR]
    table.dismiss(record, "idle", now)
    assert isinstance(record.process, StandIn)
    record.process.end(0)
    table.check(now)
    assert TRANSLATOR not in table.records
    assert Removed(TRANSLATOR) in table.take_events()
    assert table.obtain(record.requirement, now).worker == WorkerId("translation", 1), "no id is used twice"


def test_a_worker_that_is_required_again_while_it_ends_is_started_again(table: ProcessTable) -> None:
    now = time.monotonic()
    record = table.records[TRANSLATOR]
    table.dismiss(record, "idle", now)
    assert isinstance(record.process, StandIn)
    assert table.obtain(record.requirement, now) is record
    record.process.end(0)
    table.check(now)
    table.check(time.monotonic())
    assert table.records[TRANSLATOR].incarnation == 2
