"""Finds the engine of a name: ours and other people's come through the same door, entry points.

Looking up a name reads what the installed distributions say about themselves and imports one module, that of the
engine. On a 2-core machine importing ``importlib.metadata`` took 13 ms and the look-up 3 ms, once a worker.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, cast

from voicestream import accelerator, engine_settings
from voicestream.engine_names import KINDS, SYNTHESIZERS, TRANSLATORS, find, unknown
from voicestream.engine_settings import EngineSettings
from voicestream.errors import ConfigurationError, EngineNotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.engines.translator import Translator

_log = logging.getLogger(__name__)

AUTO: Final = "auto"

BEST: Final = {TRANSLATORS: ("nllb-ct2", "nllb", "apertium", "none"), SYNTHESIZERS: ("xtts", "kokoro", "espeak")}
"""What ``auto`` tries, best first; somebody else's engine is taken when it is named."""

BEST_ON_GPU: Final = {TRANSLATORS: ("nllb", "nllb-ct2", "apertium", "none")}
"""Likewise where there is a GPU, as far as it makes a difference."""


def load_translator(
    name: str,
    report: Callable[[str, float | None], None],
    explain: Callable[[str], None] = _log.info,
) -> Translator:
    """The translation engine of that name, loaded; ``auto``: the best that is ready on this machine.

    Args:
        name: what stands after ``--translator``.
        report: hears the stages of loading; with ``auto`` also which engine was taken and why.
        explain: hears, once, why ``auto`` did not take a better one, if there is one.

    Raises:
        ConfigurationError: no engine has that name, or it cannot be imported.
        EngineNotReadyError: the named engine lacks something; the hint is the command that mends it.
    """
    return cast("Translator", _load(TRANSLATORS, name, report, explain))


def load_synthesizer(
    name: str,
    report: Callable[[str, float | None], None],
    explain: Callable[[str], None] = _log.info,
) -> Synthesizer:
    """The voice engine of that name, loaded; ``auto``: the best that is ready on this machine.

    Args:
        name: what stands after ``--tts``.
        report: as for ``load_translator``.
        explain: as for ``load_translator``.

    Raises:
        ConfigurationError: as for ``load_translator``.
        EngineNotReadyError: as for ``load_translator``.
    """
    return cast("Synthesizer", _load(SYNTHESIZERS, name, report, explain))


def available(group: str) -> list[str]:
    """Names of all installed engines of a group, ready or not, without ``auto``."""
    return sorted(find(group))


def _load(
    group: str, name: str, report: Callable[[str, float | None], None], explain: Callable[[str], None]
) -> Translator | Synthesizer:
    installed = find(group)
    if name == AUTO:
        return _load_best(group, installed, report, explain)
    if name not in installed:
        raise _unknown(group, name, sorted(installed))
    engine = _make(group, installed[name])
    _load_or_close(engine, report)
    return engine


def _load_best(
    group: str,
    installed: dict[str, set[EntryPoint]],
    report: Callable[[str, float | None], None],
    explain: Callable[[str], None],
) -> Translator | Synthesizer:
    not_ready: dict[str, str] = {}
    for name in _best(group):
        if name not in installed:
            continue
        try:
            engine = _make(group, installed[name])
            _load_or_close(engine, report)
        except ConfigurationError as error:
            not_ready[name] = f"{name} is not ready: {error} ({error.hint})"
            continue
        reason = "; ".join(not_ready.values()) if not_ready else "the best that is installed"
        _log.info("engine=%s chosen_by=auto reason=%r", name, reason)
        report(f"{name} ({reason})", None)
        if told := _worth_telling(group, name, not_ready):
            explain("; ".join(told))
        return engine
    raise EngineNotReadyError(
        f"no {KINDS[group]} is ready: {'; '.join(not_ready.values()) or 'none is installed'}",
        hint="pip install voicestream",
    )


def _worth_telling(group: str, taken: str, not_ready: dict[str, str]) -> list[str]:
    """What a person should know of the better engines; a voice that nobody has asked for is no news."""
    if group != SYNTHESIZERS or not not_ready:
        return list(not_ready.values())
    from voicestream.models import presence

    models = EngineSettings.from_environment().models
    return [reason for name, reason in not_ready.items() if presence.is_missed(name, taken, models)]


def _best(group: str) -> tuple[str, ...]:
    """What to try, in this order. An engine that is quick on a GPU is the slower one where there is none."""
    compute = EngineSettings.from_environment().compute
    uses_gpu = accelerator.may_have_gpu() if compute == engine_settings.AUTO else compute != "cpu"
    return BEST_ON_GPU.get(group, BEST[group]) if uses_gpu else BEST[group]


def _load_or_close(engine: Translator | Synthesizer, report: Callable[[str, float | None], None]) -> None:
    try:
        engine.load(report)
    except BaseException:
        # What it has opened by then would stay open beside the next engine.
        engine.close()
        raise


def _make(group: str, entries: set[EntryPoint]) -> Translator | Synthesizer:
    """The engine of an entry point, not loaded yet."""
    entry = next(iter(entries))
    if len({other.value for other in entries}) > 1:
        owners = ", ".join(sorted(f"{_owner(other)} ({other.value})" for other in entries))
        raise ConfigurationError(
            f"more than one package brings a {KINDS[group]} named {entry.name}: {owners}",
            hint="pip uninstall all but one of them",
        )
    try:
        make = cast("Callable[[], Translator | Synthesizer]", entry.load())
        return make()
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"the {KINDS[group]} {entry.name} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}",
            hint=f"pip install --force-reinstall {_owner(entry)}",
        ) from error


def _owner(entry: EntryPoint) -> str:
    """Name of the distribution that brings it."""
    return entry.dist.name if entry.dist else "its package"


def _unknown(group: str, name: str, installed: list[str]) -> ConfigurationError:
    message, hint = unknown(group, name, installed)
    return ConfigurationError(message, hint=hint)
