"""What a session needs of the workers: which roles, and which engine each with which settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicestream.config import gpu_selection, languages
from voicestream.config.engine_settings import AUTO, UNTRANSLATED, EngineSettings
from voicestream.errors import ConfigurationError

if TYPE_CHECKING:
    from voicestream.protocol.messages import EngineRole, Role, SessionOptions
    from voicestream.supervisor.processes.worker_record import WorkerRecord


@dataclass(frozen=True)
class Requirement:
    """The engine that a session wants of a role."""

    engine: str
    settings: EngineSettings

    def is_what_runs(self, record: WorkerRecord) -> bool:
        """Whether the record has (or has failed with) just this."""
        return self.engine == record.engine and (
            self.settings == record.settings or not uses_settings(record.role, self.engine)
        )


def uses_settings(role: Role, engine: str) -> bool:
    """Whether it makes a difference with which settings an engine was loaded; of one that is not known it may.

    Reads entry points, which takes some 20 ms: asked only where settings differ.
    """
    from voicestream.engines import registry  # noqa: PLC0415 - importlib.metadata takes its time, too

    if engine == AUTO:
        return True
    try:
        if role == "translation":
            return registry.spec(registry.TRANSLATORS, engine).uses_settings
        return registry.spec(registry.SYNTHESIZERS, engine).uses_settings
    except ConfigurationError:
        return True


def translates(options: SessionOptions) -> bool:
    """Whether the sentences of a session go to the translation worker."""
    return options.translator != UNTRANSLATED and not languages.are_same(options.target, options.parser.language)


def is_needed(role: Role, options: SessionOptions) -> bool:
    """Whether a session cannot be spoken without a worker of this role."""
    return role != "translation" or translates(options)


def required_engines(options: SessionOptions) -> dict[Role, Requirement]:
    """What a session wants of the roles that have a choice; one that it does not need is not in it."""
    engines: dict[EngineRole, str] = {"tts": options.tts}
    if translates(options):
        engines["translation"] = options.translator
    return {
        role: Requirement(
            engine,
            EngineSettings(
                models=options.models,
                compute=gpu_selection.compute_of(role, options.compute, options.gpus),
                graphs=options.graphs,
            ),
        )
        for role, engine in engines.items()
    }
