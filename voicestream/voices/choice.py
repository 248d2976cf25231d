"""What ``--voice`` means: a voice of one's own, a sound file, or a name that the engine knows."""

from __future__ import annotations

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


def resolve(typed: str, tts: str, models: str, agree: Callable[[Path, Cleaned], str]) -> str:
    """What the engine is told.

    Args:
        typed: after ``--voice``.
        tts: the engine that is wanted, or ``auto``.
        models: directory of models, or a model; empty = the user's.
        agree: sees to it that the speaker of a file has agreed, and says how, or raises.

    Returns:
        The absolute path of a cleaned sample, or a name.

    Raises:
        UsageError: there is no such file, it is no voice, the engine takes no samples, or a name is not known.
        ConfigurationError: nobody has agreed, or XTTS is not there.
    """
    if not typed.strip():
        return ""
    store = VoiceStore()
    own = store.named(typed)
    if own is not None:
        _check_engine(f'the voice "{own.name}"', tts, models)
        return str(own.path)
    if sound_file.looks_like_one(typed):
        return _file(Path(typed).expanduser().absolute(), typed, store, (tts, models), agree)
    if tts not in (XTTS, AUTO):
        return typed
    known = builtin.of_xtts(models)
    if tts == XTTS and known:
        return names.choose(typed, [*known, *(voice.name for voice in store.voices())], XTTS)
    return names.match(typed, known) or typed


def _file(
    path: Path, typed: str, store: VoiceStore, engine: tuple[str, str], agree: Callable[[Path, Cleaned], str]
) -> str:
    from voicestream.voices import cleaning  # noqa: PLC0415 - numpy, where there is sound

    if not path.is_file():
        raise UsageError(f"--voice {typed}: there is no such file", hint="Voices by name: voicestream voices list")
    _check_engine(f"the voice in {typed}", *engine)
    cleaned = cleaning.clean([path])
    kept = store.with_content(cleaned.sample.content_hash)
    if kept is None:
        kept = store.add_file(cleaned.sample, agree(path, cleaned))
    return str(kept.path)


def _check_engine(what: str, tts: str, models: str) -> None:
    """Say now, and not of each sentence, that no engine is there that speaks with a sample."""
    if tts in WITHOUT_SAMPLES:
        raise UsageError(f"{tts} has its own voices only: it cannot speak with {what}", hint=f"Type: --tts {XTTS}")
    if tts in (XTTS, AUTO):
        xtts_directory.find(models)
