"""Voices that XTTS speaks with, through the command line and the real worker: built-in, one's own, a file."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.recordings import record, speech
from helpers.process.running import line
from helpers.voices import auto_voice

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from helpers.process.running import Voicestream

# The first of them makes the model, and each loads it.


@pytest.fixture
def place(place: Voicestream) -> Voicestream:
    """A place where the engine is the one that has the voice."""
    return auto_voice.chooses(place)


@pytest.fixture
def models(place: Voicestream, xtts_models: Path) -> Path:
    """The tiny XTTS, and two voices of one's own."""
    place.environment["XDG_CACHE_HOME"] = str(place.home / "cache")
    for name, pitch in (("low", 120.0), ("high", 300.0)):
        file = record(place.cwd / f"{name}.flac", speech(8.0, pitch=pitch))
        assert place.call("voices", "add", name, str(file), "--i-have-consent").returncode == 0
    return xtts_models


def spoken(place: Voicestream, models: Path, voice: str) -> NDArray[np.int16]:
    """What is heard of one sentence, always the same."""
    run = place.run("--models", str(models), "--voice", voice, "--force", output="out.wav")
    run.write(line("The tests pass."))
    assert run.finish() == 0, run.stderr
    assert place.worker("tts")["engine"] == "xtts"
    with wave.open(str(place.cwd / "out.wav")) as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), np.int16)


def test_each_voice_sounds_of_itself_and_a_file_like_the_voice_that_was_made_of_it(
    place: Voicestream, models: Path
) -> None:
    voices = ("claribel dervla", "Daisy Studious", "low", "high", "low.flac")
    claribel, daisy, low, high, file = (spoken(place, models, voice) for voice in voices)
    different = [claribel, daisy, low, high]
    assert all(len(sound) > 0 for sound in different)
    assert len({sound.tobytes() for sound in different}) == len(different)
    assert np.array_equal(file, low)
    assert place.worker("tts")["incarnation"] == 1


def test_what_xtts_has_made_of_a_voice_is_kept_for_nobody_else_and_goes_with_the_voice(
    place: Voicestream, models: Path
) -> None:
    spoken(place, models, "low")
    kept = place.home / "cache" / "voicestream" / "xtts-voices"
    assert [file.stat().st_mode & 0o777 for file in kept.iterdir()] == [0o600]
    assert kept.stat().st_mode & 0o777 == 0o700
    assert place.call("voices", "remove", "low").returncode == 0
    assert not kept.exists()
    refused = place.call("say", "--models", str(models), "--voice", "low", "--output", "null", "Hello.")
    assert refused.returncode == 2
    assert 'there is no voice "low"' in refused.stderr
