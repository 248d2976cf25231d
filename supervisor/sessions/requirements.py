"""Requirements of a session: its workers, with their engines and settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from voicestream.config import gpu_selection, languages
from voicestream.config.engine_settings import AUTO, UNTRANSLATED, EngineSettings
from voicestream.errors import ConfigurationError
from voicestream.models import directions
from voicestream.supervisor.sessions import voice_selection

if TYPE_CHECKING:
    from voicestream.protocol.messages import EngineRole, Role, SessionOptions


@dataclass(frozen=True)
class Requirement:
    """Parameters of a worker; sessions with the same requirement share it."""

    role: Role
    engine: str = ""
    """Name of an engine, or ``auto``; empty for a role without engines."""
    settings: EngineSettings = field(default_factory=EngineSettings)
    """Settings that affect the engine."""
    language: str = ""
    """With ``auto``, base language of the voice engine (``pt``, not ``pt-BR``); empty = any."""


def of_engine(role: Role, engine: str, settings: EngineSettings, language: str = "") -> Requirement:
    """Return the requirement of an engine, without settings that do not affect it.

    Args:
        role: translation or tts.
        engine: its name, or ``auto``.
        settings: what it is to be loaded with.
        language: BCP-47 tag of the target language; affects the choice of a voice engine by ``auto``.
    """
    if engine != AUTO:
        settings = replace(settings, direction="")
    if settings != EngineSettings() and not uses_settings(role, engine):
        settings = EngineSettings()
    is_open = role == "tts" and engine == AUTO
    return Requirement(role, engine, settings, voice_selection.base_of(language) if is_open else "")


def uses_settings(role: Role, engine: str) -> bool:
    """Return whether settings affect an engine; True for an unknown one.

    Reads entry points, which takes about 20 ms. Call it only for settings other than the default.
    """
    if engine == AUTO:
        return True
    from voicestream.engines import registry  # noqa: PLC0415 - importlib.metadata takes its time, too

    try:
        if role == "translation":
            return registry.spec(registry.TRANSLATORS, engine).uses_settings
        return registry.spec(registry.SYNTHESIZERS, engine).uses_settings
    except ConfigurationError:
        return True


def settings_of(role: EngineRole, options: SessionOptions) -> EngineSettings:
    """Return the settings of a role's engines for a session."""
    may_choose = role == "translation" and options.translator == AUTO and translates(options)
    return EngineSettings(
        models=options.models,
        compute=gpu_selection.compute_of(role, options.compute, options.gpus),
        graphs=options.graphs,
        direction=directions.as_setting(options.models, options.parser.language, options.target) if may_choose else "",
    )


def translates(options: SessionOptions) -> bool:
    """Return whether the sentences of a session are translated."""
    return options.translator != UNTRANSLATED and not languages.are_same(options.target, options.parser.language)


def of_session(options: SessionOptions) -> dict[Role, Requirement]:
    """Return the workers that a session needs from its start; without translation, no translator."""
    found: dict[Role, Requirement] = {"player": Requirement("player"), "parser": Requirement("parser")}
    found["tts"] = of_engine("tts", options.tts, settings_of("tts", options), options.target)
    if translates(options):
        found["translation"] = of_engine("translation", options.translator, settings_of("translation", options))
    return found
