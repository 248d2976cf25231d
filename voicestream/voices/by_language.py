"""Voices by language: the values of ``[voices]`` in the user's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestream.config.engine_settings import AUTO
from voicestream.engines import registry
from voicestream.errors import UsageError
from voicestream.voices import voice_choice

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

    from voicestream.voices.cleaning import Cleaned
    from voicestream.voices.voice_choice import VoiceChoice


def resolve(written: str, models: str) -> VoiceChoice:
    """Return the engine and the voice of ``ENGINE``, ``ENGINE:VOICE`` or the name of a voice of one's own.

    Args:
        written: the value.
        models: directory of models, or a model; empty = the user's.

    Raises:
        UsageError: there is no such engine or voice.
        ConfigurationError: no engine is ready that speaks with a sample.
    """
    engine, colon, voice = written.partition(":")
    if colon:
        registry.check(tts=engine)
    if engine in registry.names(registry.SYNTHESIZERS):
        return voice_choice.resolve(voice, engine, models, _refuse)
    return voice_choice.resolve(written, AUTO, models, _refuse)


def _refuse(path: Path, _cleaned: Cleaned) -> NoReturn:
    raise UsageError(f"{path} is no voice of yours yet", hint=f"Try: voicestream voices add NAME {path}")
