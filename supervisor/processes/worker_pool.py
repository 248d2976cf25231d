"""Worker pool: the workers of all roles, and their selection by requirement."""

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
    """Pool with one parser, one player, and as many workers of the other roles as needed."""

    def __init__(self) -> None:
        self.records: Final[dict[WorkerId, WorkerRecord]] = {}
        self._numbers: Final[collections.Counter[Role]] = collections.Counter()
        """Number of workers created per role."""

    def add(self, requirement: Requirement) -> WorkerRecord:
        """Add a worker without a process."""
        role = requirement.role
        worker = WorkerId(role, self._numbers[role])
        self._numbers[role] += 1
        record = WorkerRecord(worker=worker, requirement=requirement, log=WorkerLog(log.safe_path_of(role)))
        self.records[worker] = record
        return record

    def find(self, requirement: Requirement) -> WorkerRecord | None:
        """Return the worker that meets a requirement: started for it, or with that engine found by ``auto``."""
        of_role = self.of_role(requirement.role)
        exact = next((one for one in of_role if one.requirement == requirement), None)
        if exact is not None or not of_role:
            return exact
        if requirement.engine == AUTO and requirement.role == "tts":
            # Reads entry points and looks for weights: once, and not for each worker.
            wanted = voice_selection.candidates(requirement.language, requirement.settings)
            return next((one for one in of_role if _is_what_auto_would_take(requirement, wanted, one)), None)
        return next((one for one in of_role if _runs(requirement, one)), None)

    def of_role(self, role: Role) -> list[WorkerRecord]:
        """Return the workers of a role, the oldest first."""
        return [record for record in self.records.values() if record.role == role]

    def record_of(self, identity: bytes) -> WorkerRecord | None:
        """Return the worker whose present process has this name on the hub; None for a fenced-off predecessor."""
        named = (one for one in self.records.values() if one.process is not None and one.process.identity == identity)
        return next(named, None)

    def identity(self, worker: WorkerId) -> bytes | None:
        """Return the name of a worker's process on the hub."""
        record = self.records.get(worker)
        return record.process.identity if record is not None and record.process is not None else None

    @property
    def is_empty(self) -> bool:
        """True if no worker is running."""
        return all(record.process is None for record in self.records.values())

    @property
    def is_complete(self) -> bool:
        """True if every worker that has not failed has a connected process."""
        return all(
            record.state == "failed" or (record.process is not None and record.hello_at is not None)
            for record in self.records.values()
        )


def _runs(requirement: Requirement, record: WorkerRecord) -> bool:
    """Return whether a worker runs the required engine with the required settings."""
    if record.engine_name != requirement.engine or not record.ready:
        return False
    return requirements.of_engine(record.role, record.engine_name, record.requirement.settings) == requirement


def _is_what_auto_would_take(requirement: Requirement, wanted: tuple[str, ...], record: WorkerRecord) -> bool:
    """Return whether ``auto`` would choose a worker's voice engine, with the same settings.

    Args:
        requirement: of a voice engine that ``auto`` chooses.
        wanted: names of the engines that it would try, the best first.
        record: of the worker.
    """
    settings, its = requirement.settings, record.requirement.settings
    best = next(iter(wanted), "")
    if record.ready and record.engine_name == best:
        return requirements.of_engine("tts", best, its) == requirements.of_engine("tts", best, settings)
    if record.requirement.engine != AUTO or its != settings:
        return False
    return voice_selection.candidates(record.requirement.language, settings) == wanted
