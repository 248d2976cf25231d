"""Registry of installed engines: names and specs from entry points, without importing an engine.

Nothing is cached: a directory may be added to the path at any time.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from voicestream.config.engine_settings import AUTO
from voicestream.engines import entry_points
from voicestream.engines.spec import EngineSpec, SynthesizerSpec, TranslatorSpec
from voicestream.errors import ConfigurationError, UsageError
from voicestream.records import FrozenRecord
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.engines.entry_points import EntryPoint

Spec = TypeVar("Spec", bound=EngineSpec)

MAX_GUESSES: Final = 3


class EngineGroup(FrozenRecord, Generic[Spec], frozen=True):
    """The engines of one kind."""

    entry_points: str
    """Group of entry points; each names a spec, or a function without arguments that returns one."""
    title: str
    """Name for people of an engine of this kind."""
    option: str
    """Command-line option that selects one."""
    spec: type[Spec]


TRANSLATORS: Final = EngineGroup("voicestream.translators", "translator", "--translator", TranslatorSpec)
SYNTHESIZERS: Final = EngineGroup("voicestream.synthesizers", "voice engine", "--tts", SynthesizerSpec)


def names(group: EngineGroup[Spec]) -> list[str]:
    """Return the names of all installed engines of a group, ready or not, sorted, without ``auto``."""
    return sorted(_entries(group))


def spec(group: EngineGroup[Spec], name: str) -> Spec:
    """Return the spec of a name.

    Raises:
        ConfigurationError: no engine or more than one has that name, or its spec cannot be imported.
    """
    entries = _entries(group)
    if name not in entries:
        message, hint = unknown(group, name, sorted(entries))
        raise ConfigurationError(message, hint=hint)
    return _read(group, entries[name])


def specs(group: EngineGroup[Spec]) -> list[Spec]:
    """Return all specs of a group by descending rank; an unreadable one is logged and left out."""
    found: list[Spec] = []
    for entries in _entries(group).values():
        try:
            found.append(_read(group, entries))
        except ConfigurationError as error:
            _warn(f"voicestream: left out: {error} ({error.hint})")
    return sorted(found, key=lambda one: (-one.rank, one.name))


def all_specs() -> list[EngineSpec]:
    """Return the specs of both groups."""
    return [*specs(TRANSLATORS), *specs(SYNTHESIZERS)]


def chosen_by_auto(group: EngineGroup[Spec], *, uses_gpu: bool, language: str = "") -> list[Spec]:
    """Return the engines that ``auto`` tries on a device, best first.

    Args:
        group: of engines.
        uses_gpu: whether a GPU computes.
        language: base language (``pt``, not ``pt-BR``); engines that do not speak it are left out, unless none does.
            Empty = any.
    """
    ranked = [one for one in specs(group) if one.rank_for(uses_gpu=uses_gpu) > 0]
    ranked.sort(key=lambda one: (-one.rank_for(uses_gpu=uses_gpu), one.name))
    return [one for one in ranked if not language or one.may_speak(language)] or ranked


def sends_text(group: EngineGroup[Spec], name: str) -> bool:
    """Return whether an engine sends sentences to hosts; False for ``auto``, which chooses none of those."""
    return name != AUTO and spec(group, name).sends_text


def for_samples() -> SynthesizerSpec | None:
    """Return the best voice engine that can clone a voice from a sample; None if there is none."""
    return next((one for one in chosen_by_auto(SYNTHESIZERS, uses_gpu=False) if one.takes_samples), None)


def check(*, tts: str = AUTO, translator: str = AUTO) -> None:
    """Check both names before anything is started; no spec is read.

    Raises:
        UsageError: no installed engine has the name; the hint has the nearest ones.
    """
    _check(SYNTHESIZERS, tts)
    _check(TRANSLATORS, translator)


def unknown(group: EngineGroup[Spec], name: str, installed: Sequence[str]) -> tuple[str, str]:
    """Return the message for an unknown engine name, and the hint with the nearest names."""
    import difflib  # noqa: PLC0415 - rarely needed, and takes its time

    known = [AUTO, *installed]
    nearest = difflib.get_close_matches(name.lower(), known, n=MAX_GUESSES)
    guess = f"Did you mean {' or '.join(f'{group.option} {one}' for one in nearest)}? " if nearest else ""
    shown = name if len(name) <= 60 else f"{name[:59]}…"  # noqa: PLR2004 - a line on a terminal
    return f'there is no {group.title} named "{shown}"', f"{guess}Try: {group.option} with one of: {', '.join(known)}"


def cannot_be_loaded(group: EngineGroup[Spec], entry: EntryPoint, error: BaseException) -> ConfigurationError:
    """Return the error for an engine whose package is broken."""
    return ConfigurationError(
        f"the {group.title} {entry.name} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}",
        hint=f"pip install --force-reinstall {entry.package}",
    )


def _check(group: EngineGroup[Spec], name: str) -> None:
    if name == AUTO:
        return
    installed = names(group)
    if name not in installed:
        message, hint = unknown(group, name, installed)
        raise UsageError(message, hint=hint)


def _entries(group: EngineGroup[Spec]) -> dict[str, set[EntryPoint]]:
    """Return all entry points of a group by name; several where packages claim the same name."""
    found: dict[str, set[EntryPoint]] = {}
    for entry in entry_points.of_group(group.entry_points):
        found.setdefault(entry.name, set()).add(entry)
    return found


def _read(group: EngineGroup[Spec], entries: set[EntryPoint]) -> Spec:
    """Return the spec behind the entry points of one name."""
    entry = next(iter(entries))
    if len({other.value for other in entries}) > 1:
        owners = ", ".join(sorted(f"{other.package} ({other.value})" for other in entries))
        raise ConfigurationError(
            f"more than one package brings a {group.title} named {entry.name}: {owners}",
            hint="pip uninstall all but one of them",
        )
    try:
        found = _called(entry.load())
    except (Exception, SystemExit) as error:
        raise cannot_be_loaded(group, entry, error) from error
    if not isinstance(found, group.spec):
        wrong = TypeError(f"it is no {group.spec.__name__}, which docs/internals/engines.md describes")
        raise cannot_be_loaded(group, entry, wrong)
    if found.name != entry.name:
        raise cannot_be_loaded(group, entry, ValueError(f"its spec has another name, {found.name}"))
    return found


def _called(found: object) -> object:
    """Return the spec itself, or the result of a function without arguments."""
    if isinstance(found, EngineSpec) or not callable(found):
        return found
    make: Callable[[], object] = found
    return make()


@functools.cache
def _warn(text: str) -> None:
    """Log a warning once, or write it to stderr in a process without a log."""
    import logging  # noqa: PLC0415 - takes as long to import as all else that a command needs

    logging.getLogger(__name__).warning(one_line(text))
