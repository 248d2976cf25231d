"""Choice of voice and engine by ``--voice``: an own voice, a sound file, or a name of an engine's voice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voicestream.config.engine_settings import AUTO
from voicestream.engines import registry
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.voices import names, sound_file
from voicestream.voices.voice_store import VoiceStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.engines.spec import SynthesizerSpec
    from voicestream.voices.cleaning import Cleaned


@dataclass(frozen=True)
class VoiceChoice:
    """The chosen voice and engine."""

    voice: str
    """Absolute path of a cleaned sample, or a name; empty = the engine's default."""
    tts: str


def resolve(typed: str, tts: str, models: str, agree: Callable[[Path, Cleaned], str]) -> VoiceChoice:
    """Resolve ``--voice``; ``auto`` becomes the engine that has the voice.

    Args:
        typed: value of ``--voice``.
        tts: requested engine, or ``auto``.
        models: directory of models, or a model; empty = the user's.
        agree: obtains the consent of a file's speaker and returns how it was given, or raises.

    Raises:
        UsageError: the file or name is unknown, it is not a voice, or the engine cannot clone voices.
        ConfigurationError: there is no consent, or no engine that can clone voices is ready.
    """
    if not typed.strip():
        return VoiceChoice("", tts)
    store = VoiceStore()
    own = store.named(typed)
    if own is not None:
        return VoiceChoice(str(own.path), _with_samples(f'the voice "{own.name}"', tts, models))
    if sound_file.is_path(typed):
        return _file(Path(typed).expanduser().absolute(), typed, store, (tts, models), agree)
    if tts == AUTO:
        return _whose(typed, models, store)
    spec = _named(tts)
    if spec is not None and spec.takes_samples:
        found = spec.voices(models)
        known = [*found.names, *(voice.name for voice in store.voices())]
        return VoiceChoice(names.choose(typed, known, tts) if known and found.has_all else typed, tts)
    return VoiceChoice(typed, tts)


def engine_of(typed: str, models: str) -> str:
    """Return the engine that has a voice, or ``auto`` if it is unknown.

    Raises:
        UsageError: no engine has it.
    """
    store = VoiceStore()
    if store.named(typed) is not None or sound_file.is_path(typed):
        return engine_of_samples() or AUTO
    return _whose(typed, models, store).tts


def engine_of_samples() -> str:
    """Return the name of the best engine that can clone voices; empty if there is none."""
    best = registry.for_samples()
    return best.name if best is not None else ""


def _taken_by_auto() -> list[SynthesizerSpec]:
    return registry.chosen_by_auto(registry.SYNTHESIZERS, uses_gpu=False)


def _named(tts: str) -> SynthesizerSpec | None:
    """Return the spec of a name; None if there is no readable one, which loading the engine reports."""
    return next((spec for spec in registry.specs(registry.SYNTHESIZERS) if spec.name == tts), None)


def _whose(typed: str, models: str, store: VoiceStore) -> VoiceChoice:
    """Return the best engine that has a voice of that name."""
    lists = [(spec.name, spec.voices(models)) for spec in _taken_by_auto()]
    for engine, voices in lists:
        found = names.match(typed, voices.names)
        if found is not None:
            return VoiceChoice(found, engine)
        if voices.also is not None and voices.also(typed):
            return VoiceChoice(typed, engine)
    if not all(voices.has_all for _, voices in lists):
        return VoiceChoice(typed, AUTO)
    everybody = [voice.name for voice in store.voices()] + [name for _, voices in lists for name in voices.names]
    return VoiceChoice(names.choose(typed, everybody, ""), AUTO)


def _file(
    path: Path, typed: str, store: VoiceStore, engine: tuple[str, str], agree: Callable[[Path, Cleaned], str]
) -> VoiceChoice:
    from voicestream.voices import cleaning  # noqa: PLC0415 - numpy, where there is sound

    if not path.is_file():
        raise UsageError(f"--voice {typed}: there is no such file", hint="Try: voicestream voices list")
    tts = _with_samples(f"the voice in {typed}", *engine)
    cleaned = cleaning.clean([path])
    kept = store.find_by_hash(cleaned.sample.content_hash)
    if kept is None:
        kept = store.add_file(cleaned.sample, agree(path, cleaned))
    return VoiceChoice(str(kept.path), tts)


def _with_samples(what: str, tts: str, models: str) -> str:
    """Return the engine for a voice sample; of ``auto`` the best one that has its weights.

    A missing engine is reported now, and not with each sentence.

    Raises:
        UsageError: the named engine cannot clone voices, or no installed one can.
        EngineNotReadyError: its weights are missing or damaged.
    """
    if tts != AUTO:
        spec = _named(tts)
        if spec is not None and not spec.takes_samples:
            best = engine_of_samples()
            raise UsageError(
                f"{tts} has its own voices only: it cannot speak with {what}", hint=f"Try: --tts {best}" if best else ""
            )
        if spec is not None and spec.find_weights is not None:
            spec.find_weights(models)
        return tts
    first: EngineNotReadyError | None = None
    for spec in _taken_by_auto():
        if not spec.takes_samples:
            continue
        try:
            if spec.find_weights is not None:
                spec.find_weights(models)
        except EngineNotReadyError as error:
            first = first or error
        else:
            return spec.name
    raise first or UsageError(f"no engine that is installed can speak with {what}")
