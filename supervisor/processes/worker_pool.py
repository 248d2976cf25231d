"""Worker pool: the workers of all roles, and which of them meets a requirement."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Final

from voicestream import log
from voicestream.config.engine_settings import AUTO
from voicestream.supervisor.ledger.commands import WorkerId
from voicestream.supervisor.processes.worker_log import WorkerLog
from voicestream.supervisor.processes.worker_record import WorkerRecord
from voicestream.supervisor.sessions import requirements, voice_selection

if TYPE_CHECKING:
    from voicestream.protocol.messages import Role
    from voicestream.supervisor.sessions.requirements import Requirement


class WorkerPool:
    """Parser and player are one each, the others as many as are needed."""

    def __init__(self) -> None:
        self.records: Final[dict[WorkerId, WorkerRecord]] = {}
        self._numbers: Final[collections.Counter[Role]] = collections.Counter()
        """Workers of each role so far."""

    def add(self, requirement: Requirement) -> WorkerRecord:
        """A further worker; it has no process yet."""
        role = requirement.role
        worker = WorkerId(role, self._numbers[role])
        self._numbers[role] += 1
        record = WorkerRecord(worker=worker, requirement=requirement, log=WorkerLog(log.safe_path_of(role)))
        self.records[worker] = record
        return record

    def find(self, requirement: Requirement) -> WorkerRecord | None:
        """The worker that meets a requirement: started for just that, or one whose ``auto`` has found that engine."""
        of_role = self.of_role(requirement.role)
        exact = next((one for one in of_role if one.requirement == requirement), None)
        return exact or next((one for one in of_role if _is_met_by(requirement, one)), None)

    def of_role(self, role: Role) -> list[WorkerRecord]:
        """The workers of a role, the oldest first."""
        return [record for record in self.records.values() if record.role == role]

    def record_of(self, identity: bytes) -> WorkerRecord | None:
        """The worker whose process of now has this name on the hub; None for a predecessor's (it is fenced off)."""
        named = (one for one in self.records.values() if one.process is not None and one.process.identity == identity)
        return next(named, None)

    def identity(self, worker: WorkerId) -> bytes | None:
        """The name on the hub of the process of a worker."""
        record = self.records.get(worker)
        return record.process.identity if record is not None and record.process is not None else None

    @property
    def is_empty(self) -> bool:
        """Whether no worker is running."""
        return all(record.process is None for record in self.records.values())

    @property
    def is_complete(self) -> bool:
        """Whether every worker that has not failed has a process that has found us."""
        return all(
            record.state == "failed" or (record.process is not None and record.hello_at is not None)
            for record in self.records.values()
        )


def _is_met_by(requirement: Requirement, record: WorkerRecord) -> bool:
    """Whether the engine that a worker runs, or is about to choose, is just what is required."""
    if requirement.engine == AUTO and requirement.role == "tts":
        return _is_what_auto_would_take(requirement, record)
    if record.engine_name != requirement.engine or not record.ready:
        return False
    return requirements.of_engine(record.role, record.engine_name, record.requirement.settings) == requirement


def _is_what_auto_would_take(requirement: Requirement, record: WorkerRecord) -> bool:
    """Whether ``auto`` would choose the same voice engine for the language required, and load it as it is."""
    settings, its = requirement.settings, record.requirement.settings
    wanted = voice_selection.candidates(requirement.language, settings)
    best = next(iter(wanted), "")
    if record.ready and record.engine_name == best:
        return requirements.of_engine("tts", best, its) == requirements.of_engine("tts", best, settings)
    if record.requirement.engine != AUTO or its != settings:
        return False
    return voice_selection.candidates(record.requirement.language, settings) == wanted
