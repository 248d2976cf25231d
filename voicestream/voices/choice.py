"""What ``--voice`` means: a voice of one's own, a sound file, or a name that the engine knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.engine_settings import AUTO
from voicestream.errors import UsageError
from voicestream.voices import builtin, names, sound_file
from voicestream.voices.store import VoiceStore
from voicestream.workers.tts.xtts import directory as xtts_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.voices.cleaning import Cleaned

XTTS: Final = "xtts"

WITHOUT_SAMPLES: Final = frozenset({"espeak", "kokoro"})
"""Our engines that have only voices of their own."""


@dataclass(frozen=True)
class Choice:
    """What an engine is told, and which engine."""

    voice: str
    """The absolute path of a cleaned sample, or a name; empty = the engine's own choice."""
    tts: str


def resolve(typed: str, tts: str, models: str, agree: Callable[[Path, Cleaned], str]) -> Choice:
    """What is meant; ``auto`` becomes the engine that has the voice.

    Args:
        typed: after ``--voice``.
        tts: the engine that is wanted, or ``auto``.
        models: directory of models, or a model; empty = the user's.
        agree: sees to it that the speaker of a file has agreed, and says how, or raises.

    Raises:
        UsageError: there is no such file, it is no voice, the engine takes no samples, or a name is not known.
        ConfigurationError: nobody has agreed, or XTTS is not there.
    """
    if not typed.strip():
        return Choice("", tts)
    store = VoiceStore()
    own = store.named(typed)
    if own is not None:
        _check_engine(f'the voice "{own.name}"', tts, models)
        return Choice(str(own.path), XTTS if tts == AUTO else tts)
    if sound_file.looks_like_one(typed):
        path = _file(Path(typed).expanduser().absolute(), typed, store, (tts, models), agree)
        return Choice(path, XTTS if tts == AUTO else tts)
    if tts == XTTS:
        known = [*builtin.of_xtts(models), *(voice.name for voice in store.voices())]
        return Choice(names.choose(typed, known, XTTS) if known else typed, tts)
    return _whose(typed, models, store) if tts == AUTO else Choice(typed, tts)


def engine_of(typed: str, models: str) -> str:
    """The engine that has a voice, or ``auto`` where that cannot be told.

    Raises:
        UsageError: none has it.
    """
    store = VoiceStore()
    if store.named(typed) is not None or sound_file.looks_like_one(typed):
        return XTTS
    return _whose(typed, models, store).tts


def _whose(typed: str, models: str, store: VoiceStore) -> Choice:
    """The engine that has a voice of that name, the better one first."""
    xtts, kokoro, espeak = builtin.of_xtts(models), builtin.of_kokoro(models), builtin.of_espeak()
    for engine, known in ((XTTS, xtts), ("kokoro", kokoro)):
        found = names.match(typed, known)
        if found is not None:
            return Choice(found, engine)
    # Kokoro mixes voices: af_heart+af_bella.
    if kokoro and all(names.match(part, kokoro) for part in typed.split("+")):
        return Choice(typed, "kokoro")
    if espeak is None or espeak.has(typed):
        return Choice(typed, AUTO if espeak is None else "espeak")
    everybody = [*(voice.name for voice in store.voices()), *xtts, *kokoro, *espeak.voices]
    return Choice(names.choose(typed, everybody, ""), AUTO)


def _file(
    path: Path, typed: str, store: VoiceStore, engine: tuple[str, str], agree: Callable[[Path, Cleaned], str]
) -> str:
    from voicestream.voices import cleaning  # noqa: PLC0415 - numpy, where there is sound

    if not path.is_file():
        raise UsageError(f"--voice {typed}: there is no such file", hint="Try: voicestream voices list")
    _check_engine(f"the voice in {typed}", *engine)
    cleaned = cleaning.clean([path])
    kept = store.with_content(cleaned.sample.content_hash)
    if kept is None:
        kept = store.add_file(cleaned.sample, agree(path, cleaned))
    return str(kept.path)


def _check_engine(what: str, tts: str, models: str) -> None:
    """Say now, and not of each sentence, that no engine is there that speaks with a sample."""
    if tts in WITHOUT_SAMPLES:
        raise UsageError(f"{tts} has its own voices only: it cannot speak with {what}", hint=f"Try: --tts {XTTS}")
    if tts in (XTTS, AUTO):
        xtts_directory.find(models)
