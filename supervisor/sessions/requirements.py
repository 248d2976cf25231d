"""Requirements of a session: its workers, with their engines and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import field
from msgspec.structs import replace

from voicestream.config import gpu_selection, languages
from voicestream.config.engine_settings import AUTO, UNTRANSLATED, EngineSettings
from voicestream.errors import ConfigurationError
from voicestream.models import directions
from voicestream.records import FrozenRecord
from voicestream.supervisor.sessions import voice_selection

if TYPE_CHECKING:
    from voicestream.engines.spec import EngineSpec
    from voicestream.protocol.messages import EngineRole, Role, SessionOptions


class Requirement(FrozenRecord, frozen=True):
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
    spec = _spec_of(role, engine) if settings != EngineSettings() and engine != AUTO else None
    if spec is not None and not spec.uses_settings:
        settings = EngineSettings()
    if spec is None or not spec.sends_text:
        settings = replace(settings, remote="")
    is_open = role == "tts" and engine == AUTO
    return Requirement(role, engine, settings, voice_selection.base_of(language) if is_open else "")


def _spec_of(role: Role, engine: str) -> EngineSpec | None:
    """Return the spec of an engine; None for an unknown one.

    Reads entry points, which takes about 20 ms. Call it only for settings other than the default.
    """
    from voicestream.engines import registry  # noqa: PLC0415 - importlib.metadata takes its time, too

    try:
        if role == "translation":
            return registry.spec(registry.TRANSLATORS, engine)
        return registry.spec(registry.SYNTHESIZERS, engine)
    except ConfigurationError:
        return None


def settings_of(role: EngineRole, options: SessionOptions) -> EngineSettings:
    """Return the settings of a role's engines for a session."""
    hosts = options.remote.get(role)
    may_choose = role == "translation" and options.translator == AUTO and translates(options)
    return EngineSettings(
        models=options.models,
        compute=gpu_selection.compute_of(role, options.compute, options.gpus),
        graphs=options.graphs,
        direction=directions.as_setting(options.models, options.parser.language, options.target) if may_choose else "",
        remote=msgspec.json.encode(hosts).decode() if hosts is not None else "",
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
