"""Engine loading by name, or with ``auto`` the best engine that is ready on this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from voicestream.config import engine_settings, gpu_probe
from voicestream.config.engine_settings import AUTO, EngineSettings
from voicestream.engines import registry
from voicestream.engines.registry import SYNTHESIZERS, TRANSLATORS
from voicestream.engines.spec import SynthesizerSpec, TranslatorSpec
from voicestream.errors import ConfigurationError, EngineNotReadyError
from voicestream.models import directions

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.engines.registry import EngineGroup
    from voicestream.engines.spec import Report
    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.engines.translator import Translator

_log = logging.getLogger(__name__)

Spec = TypeVar("Spec", TranslatorSpec, SynthesizerSpec)
Engine = TypeVar("Engine")


def load_translator(
    name: str, report: Report, explain: Callable[[str], None] = _log.info, pair: tuple[str, str] | None = None
) -> Translator:
    """Load the translation engine with a name; ``auto``: the best one that is ready.

    Args:
        name: argument of ``--translator``.
        report: receives the stages of loading; with ``auto`` also the chosen engine and the reason.
        explain: receives once why a better engine was not chosen by ``auto``, if there is one.
        pair: BCP-47 tags of source and target that it must translate; None = any.

    Raises:
        ConfigurationError: no engine has that name, or it cannot be imported.
        EngineNotReadyError: the named engine is not ready; the hint is the command that fixes it.
    """
    settings = _settings(name)
    if pair is not None:
        settings = replace(settings, direction=directions.as_setting(settings.models, *pair))

    def load(spec: TranslatorSpec) -> Translator:
        engine = spec.load(settings, report)
        if pair is not None and not engine.supports(*pair):
            engine.close()
            raise EngineNotReadyError(f"{spec.name} does not translate from {pair[0]} to {pair[1]}")
        return engine

    if name != AUTO:
        return _loaded(registry.spec(TRANSLATORS, name), load)
    taken, engine, not_ready = _best(TRANSLATORS, settings, report, load)
    # With models of another engine installed, no model for a single direction is missed.
    missed = [reason for one, reason in not_ready.items() if not (taken.models and _lacks_direction(one, settings))]
    if missed:
        explain("; ".join(missed))
    return engine


def load_synthesizer(
    name: str, report: Report, explain: Callable[[str], None] = _log.info, language: str = ""
) -> Synthesizer:
    """Load the voice engine with a name; ``auto``: the best one that is ready.

    Args:
        name: argument of ``--tts``.
        report: as for ``load_translator``.
        explain: as for ``load_translator``, except for voices that were never set up.
        language: base language for which ``auto`` chooses; empty = any.

    Raises:
        ConfigurationError: as for ``load_translator``.
        EngineNotReadyError: as for ``load_translator``.
    """
    settings = _settings(name)

    def load(spec: SynthesizerSpec) -> Synthesizer:
        if name == AUTO and language and spec.speaks is not None and not spec.speaks(settings.models, language):
            raise EngineNotReadyError(
                f"no voice of {spec.title} for {language} is installed",
                hint=f"voicestream setup --voice-model {spec.name}",
            )
        return spec.load(settings, report)

    if name != AUTO:
        return _loaded(registry.spec(SYNTHESIZERS, name), load)
    spec, engine, not_ready = _best(SYNTHESIZERS, settings, report, load, language)
    missed = [reason for one, reason in not_ready.items() if _is_missed(one, spec, settings.models)]
    if missed:
        explain("; ".join(missed))
    return engine


def built_in_voice(language: str) -> str:
    """Return the name of a voice engine that is ready on every machine; empty if there is none.

    Args:
        language: BCP-47 tag; engines that speak it come first.
    """
    built_in = [spec for spec in registry.specs(SYNTHESIZERS) if spec.is_built_in]
    base = language.partition("-")[0].lower()
    return next((spec.name for spec in [*(one for one in built_in if one.may_speak(base)), *built_in]), "")


def available(group: EngineGroup[Spec]) -> list[str]:
    """Return the names of all installed engines of a group, ready or not, without ``auto``."""
    return registry.names(group)


def uses_gpu(settings: EngineSettings) -> bool:
    """Return whether a GPU will be used, as far as known without torch."""
    if settings.compute == engine_settings.AUTO:
        return gpu_probe.may_have_gpu()
    return settings.compute != "cpu"


def _settings(name: str) -> EngineSettings:
    """Return the settings of this worker for an engine; the hosts of another engine are not its business."""
    settings = EngineSettings.from_environment()
    return replace(settings, remote="") if name == AUTO else settings


def _best(
    group: EngineGroup[Spec],
    settings: EngineSettings,
    report: Report,
    load: Callable[[Spec], Engine],
    language: str = "",
) -> tuple[Spec, Engine, dict[Spec, str]]:
    """Return the first spec of ``auto`` that can be loaded, its engine, and the errors of those before it."""
    not_ready: dict[Spec, str] = {}
    for spec in registry.chosen_by_auto(group, uses_gpu=uses_gpu(settings), language=language):
        if _lacks_direction(spec, settings):
            not_ready[spec] = (
                f"{spec.name} is not ready: it has no model for these languages (voicestream setup --to LANG)"
            )
            continue
        try:
            engine = _loaded(spec, load)
        except ConfigurationError as error:
            not_ready[spec] = f"{spec.name} is not ready: {error} ({error.hint})"
        else:
            _tell(spec, not_ready, report)
            return spec, engine, not_ready
    raise EngineNotReadyError(
        f"no {group.title} is ready: {'; '.join(not_ready.values()) or 'none is installed'}",
        hint="pip install voicestream",
    )


def _loaded(spec: Spec, load: Callable[[Spec], Engine]) -> Engine:
    try:
        return load(spec)
    except ImportError as error:
        raise EngineNotReadyError(
            f"{spec.name} cannot be imported: {type(error).__name__}: {error}",
            hint=spec.install or "pip install --force-reinstall the package that brings it",
        ) from error
    except PermissionError as error:
        # Of the directory of models, for example: auto takes another engine.
        raise EngineNotReadyError(
            f"cannot use {error.filename}: {error.strerror}", hint="voicestream doctor"
        ) from error


def _tell(spec: Spec, not_ready: dict[Spec, str], report: Report) -> None:
    reason = "; ".join(not_ready.values()) if not_ready else "the best that is installed"
    _log.info("engine=%s chosen_by=auto reason=%r", spec.name, reason)
    report(spec.name, None)


def _lacks_direction(spec: TranslatorSpec | SynthesizerSpec, settings: EngineSettings) -> bool:
    return spec.is_for_directions and not settings.direction


def _is_missed(spec: SynthesizerSpec, taken: SynthesizerSpec, models: str) -> bool:
    from voicestream.models import packages

    return packages.is_wanted(spec, taken, models)
