"""The voices that installed engines bring, by name, without loading any engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voicestream.errors import EngineNotReadyError
from voicestream.workers.tts import espeak_voices
from voicestream.workers.tts.kokoro import directories as kokoro_directories
from voicestream.workers.tts.kokoro import voices as kokoro_voices
from voicestream.workers.tts.xtts import directory as xtts_directory
from voicestream.workers.tts.xtts import speakers

if TYPE_CHECKING:
    from voicestream.workers.tts.espeak_voices import EspeakVoices


def of_xtts(models: str) -> list[str]:
    """The names of XTTS's own voices; none where XTTS is not installed, or damaged: whoever loads it says so.

    Args:
        models: directory of models, or a model; empty = the user's.
    """
    try:
        return speakers.names(xtts_directory.find(models))
    except EngineNotReadyError:
        return []


def of_kokoro(models: str) -> list[str]:
    """Likewise, of Kokoro."""
    try:
        return kokoro_voices.names(kokoro_directories.find(models))
    except EngineNotReadyError:
        return []


def of_espeak() -> EspeakVoices | None:
    """What espeak-ng has; None where it is not installed."""
    try:
        import espeakng_loader  # noqa: PLC0415 - not on every machine

        return espeak_voices.find(Path(espeakng_loader.get_data_path()))
    except (ImportError, RuntimeError, EngineNotReadyError):
        return None
