"""The process table with stand-ins for processes: why a role is given up is what its worker has said, if it has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from helpers.supervisor.stage import StandIn
from voicestream.errors import EXIT_CONFIGURATION, EXIT_NO_AUDIO
from voicestream.protocol.messages import Stopping
from voicestream.supervisor.ledger.commands import WorkerId
from voicestream.supervisor.processes.table import MAX_WAIT_FOR_REASON_SECONDS
from voicestream.supervisor.processes.worker_events import Ended, GivenUp

if TYPE_CHECKING:
    from voicestream.supervisor.processes.table import ProcessTable
    from voicestream.supervisor.processes.worker_record import WorkerRecord

TRANSLATOR = WorkerId("translation")
REASON = "there are no weights\nTry: voicestream setup"


def translator(table: ProcessTable) -> tuple[WorkerRecord, StandIn]:
    """The worker that ends in these tests, and its process."""
    record = table.records[TRANSLATOR]
    assert isinstance(record.process, StandIn)
    return record, record.process


def given_up(table: ProcessTable) -> list[GivenUp]:
    return [one for one in table.take_events() if isinstance(one, GivenUp)]


def ended(table: ProcessTable) -> list[Ended | GivenUp]:
    return [one for one in table.take_events() if isinstance(one, Ended | GivenUp)]


def ends_before_its_reason_arrives(table: ProcessTable, exit_code: int) -> list[Ended | GivenUp]:
    """End the worker's process, then receive its reason; return the events of its end, none of which comes earlier."""
    record, process = translator(table)
    process.end(exit_code)
    now = time.monotonic()
    table.check(now)
    assert not ended(table)
    assert table.due_at(now) < now + MAX_WAIT_FOR_REASON_SECONDS
    table.heard(record, Stopping(reason=REASON, exit_code=exit_code), now)
    table.check(now)
    return ended(table)


@pytest.mark.parametrize("status", [EXIT_CONFIGURATION, 0, 1, -9, -11])
def test_a_worker_that_says_that_its_configuration_is_wrong_is_believed_however_its_process_ends(
    table: ProcessTable, status: int
) -> None:
    record, process = translator(table)
    now = time.monotonic()
    table.heard(record, Stopping(reason=REASON, exit_code=EXIT_CONFIGURATION), now)
    process.end(status)
    table.check(now)
    assert given_up(table) == [GivenUp(worker=TRANSLATOR, reason=REASON, exit_code=EXIT_CONFIGURATION)]


def test_the_end_of_a_process_may_be_seen_before_the_reason_that_it_sent(table: ProcessTable) -> None:
    _, failed = ends_before_its_reason_arrives(table, EXIT_CONFIGURATION)
    assert failed == GivenUp(worker=TRANSLATOR, reason=REASON, exit_code=EXIT_CONFIGURATION)


def test_a_worker_whose_sound_system_hangs_has_ended_only_when_it_has_said_so(table: ProcessTable) -> None:
    """Before its reason comes the failure of the session that it was opening, which would hang the next player."""
    assert [one.worker for one in ends_before_its_reason_arrives(table, EXIT_NO_AUDIO)] == [TRANSLATOR]
    assert table.records[TRANSLATOR].start_at is not None


def test_a_wrong_configuration_without_a_reason_is_given_up_after_a_while(table: ProcessTable) -> None:
    _, process = translator(table)
    process.end(EXIT_CONFIGURATION)
    now = time.monotonic()
    table.check(now)
    table.check(now + MAX_WAIT_FOR_REASON_SECONDS)
    (failed,) = given_up(table)
    assert failed.exit_code == EXIT_CONFIGURATION
    assert "voicestream workers logs translation" in failed.reason


@pytest.mark.parametrize("status", [0, 1, -9])
def test_one_that_has_said_nothing_is_started_again(table: ProcessTable, status: int) -> None:
    record, process = translator(table)
    process.end(status)
    table.check(time.monotonic())
    assert not given_up(table)
    assert record.start_at is not None
