"""What ``--voice`` means, and what is said when it cannot be meant."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.audio.recordings import record, speech
from helpers.models.tiny_voices import kokoro, xtts
from voicestream.engines import registry
from voicestream.errors import ConfigurationError, EngineNotReadyError, UsageError
from voicestream.voices import cleaning, sample, voice_choice
from voicestream.voices.voice_choice import VoiceChoice
from voicestream.voices.voice_store import VoiceStore

if TYPE_CHECKING:
    from voicestream.voices.cleaning import Cleaned


class Asked:
    """Somebody who is asked whether a speaker has agreed."""

    def __init__(self, *, agrees: bool = True) -> None:
        self.files: list[Path] = []
        self._agrees = agrees

    def __call__(self, path: Path, cleaned: Cleaned) -> str:
        assert cleaned.sample.seconds > 0
        self.files.append(path)
        if not self._agrees:
            raise ConfigurationError("nobody has agreed")
        return "asked"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A machine with XTTS."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    xtts(tmp_path / "models" / "xtts-v2")
    return str(tmp_path / "models")


@pytest.fixture
def own(models: str) -> Path:
    """The sample of a voice of one's own, ``me``."""
    made = sample.make(speech(6.0, rate=sample.SAMPLE_RATE))
    return VoiceStore().add("me", made, "asked").path


def test_nothing_is_the_engines_own_choice(models: str) -> None:
    assert voice_choice.resolve("", "auto", models, Asked()) == VoiceChoice("", "auto")
    assert voice_choice.resolve("  ", "xtts", models, Asked()) == VoiceChoice("", "xtts")


@pytest.mark.parametrize(("tts", "taken"), [("auto", "xtts"), ("xtts", "xtts"), ("somebody-elses", "somebody-elses")])
def test_a_voice_of_ones_own_is_the_path_of_its_sample(models: str, own: Path, tts: str, taken: str) -> None:
    assert voice_choice.resolve("Me", tts, models, Asked()) == VoiceChoice(str(own), taken)
    assert voice_choice.engine_of("Me", models) == "xtts"


@pytest.mark.parametrize("tts", ["espeak", "kokoro"])
def test_an_engine_that_takes_no_samples_is_not_given_any(models: str, own: Path, tmp_path: Path, tts: str) -> None:
    pytest.importorskip("soundfile", reason="make neural")
    file = record(tmp_path / "other.wav", speech(8.0))
    for typed in ("me", str(file)):
        with pytest.raises(UsageError, match=f"{tts} has its own voices only") as error:
            voice_choice.resolve(typed, tts, models, Asked())
        assert error.value.hint == "Try: --tts xtts"


@pytest.mark.parametrize("tts", ["auto", "xtts"])
def test_without_xtts_a_sample_is_refused_once_and_not_with_each_sentence(own: Path, tmp_path: Path, tts: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EngineNotReadyError, match="there are no XTTS weights") as error:
        voice_choice.resolve("me", tts, str(tmp_path / "empty"), Asked())
    assert error.value.hint == "voicestream setup --voice-model xtts"


@pytest.mark.parametrize("tts", ["auto", "xtts"])
def test_xtts_own_voices_are_known_by_name_in_whatever_case(models: str, tts: str) -> None:
    assert voice_choice.resolve("claribel dervla", tts, models, Asked()) == VoiceChoice("Claribel Dervla", "xtts")


def test_a_near_miss_is_told_before_anything_is_spoken(models: str, own: Path) -> None:
    with pytest.raises(UsageError, match='xtts has no voice "Claribel Derwla"') as error:
        voice_choice.resolve("Claribel Derwla", "xtts", models, Asked())
    assert 'Did you mean --voice "Claribel Dervla"?' in error.value.hint
    with pytest.raises(UsageError) as error:
        voice_choice.resolve("mee", "xtts", models, Asked())
    assert "Did you mean --voice me?" in error.value.hint


@pytest.mark.parametrize(("typed", "tts"), [("+f3", "espeak"), ("x", "kokoro"), ("af_heart", "somebody-elses")])
def test_other_engines_know_their_names_themselves(models: str, typed: str, tts: str) -> None:
    assert voice_choice.resolve(typed, tts, models, Asked()) == VoiceChoice(typed, tts)


@pytest.mark.parametrize(
    ("typed", "engine"),
    [
        ("Claribel Dervla", "xtts"),
        ("AF_heart", "kokoro"),
        ("af_heart+jf_alpha", "kokoro"),
        ("en-gb", "espeak"),
        ("+f3", "espeak"),
        ("EN_GB+F3", "espeak"),
    ],
)
def test_auto_is_the_engine_that_has_the_voice(models: str, tmp_path: Path, typed: str, engine: str) -> None:
    kokoro(tmp_path / "models" / "kokoro-82m-v1.0")
    assert voice_choice.resolve(typed, "auto", models, Asked()).tts == voice_choice.engine_of(typed, models) == engine


def test_a_name_that_no_engine_has_is_told_before_anything_is_spoken(models: str, own: Path) -> None:
    for typed, guess in (("Claribel Derwla", '"Claribel Dervla"'), ("mee", "me"), ("en-gp", "en-gb")):
        with pytest.raises(UsageError, match=f'there is no voice "{typed}"') as error:
            voice_choice.resolve(typed, "auto", models, Asked())
        assert f"Did you mean --voice {guess}?" in error.value.hint


def test_where_no_engine_can_be_asked_for_its_voices_a_name_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    assert voice_choice.resolve("Claribel Dervla", "xtts", str(tmp_path), Asked()) == VoiceChoice(
        "Claribel Dervla", "xtts"
    )
    assert voice_choice.resolve("en-gb", "auto", str(tmp_path), Asked()) == VoiceChoice("en-gb", "auto")


# --- a sound file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pytest.importorskip("soundfile", reason="soundfile not found: make neural")
    return record(tmp_path / "friend.flac", speech(8.0))


def test_a_file_is_cleaned_and_asked_for_once(models: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked()
    monkeypatch.chdir(file.parent)
    paths = {
        voice_choice.resolve(typed, "auto", models, asked).voice
        for typed in (str(file), "friend.flac", "./friend.flac")
    }
    assert asked.files == [file]
    (path,) = map(Path, paths)
    assert path.is_absolute()
    assert cleaning.read(path).seconds == pytest.approx(8.0, abs=0.1)
    assert [kept.path for kept in VoiceStore().files()] == [path]


def test_a_file_that_was_added_as_a_voice_is_not_asked_for_again(models: str, file: Path) -> None:
    kept = VoiceStore().add("friend", cleaning.read(file), "asked")
    asked = Asked()
    assert voice_choice.resolve(str(file), "auto", models, asked) == VoiceChoice(str(kept.path), "xtts")
    assert asked.files == []


def test_a_file_with_another_sound_under_the_same_name_is_asked_for_anew(models: str, file: Path) -> None:
    asked = Asked()
    voice_choice.resolve(str(file), "auto", models, asked)
    record(file, speech(8.0, pitch=200.0))
    voice_choice.resolve(str(file), "auto", models, asked)
    assert asked.files == [file, file]


def test_what_nobody_has_agreed_to_is_not_kept(models: str, file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nobody has agreed"):
        voice_choice.resolve(str(file), "auto", models, Asked(agrees=False))
    assert not (tmp_path / "data" / "voicestream" / "voices").exists()


@pytest.mark.parametrize("typed", ["none.wav", "there/is/none", "~/none.mp3"])
def test_a_file_that_is_not_there_is_said(models: str, typed: str) -> None:
    with pytest.raises(UsageError, match=f"--voice {typed}: there is no such file"):
        voice_choice.resolve(typed, "auto", models, Asked())


# --- what engines bring


def voices(engine: str, models: Path) -> list[str]:
    return list(registry.spec(registry.SYNTHESIZERS, engine).voices(str(models)).names)


def test_the_voices_of_each_engine_are_found_in_one_directory(tmp_path: Path) -> None:
    xtts(tmp_path / "models" / "xtts-v2")
    kokoro(tmp_path / "models" / "kokoro-82m-v1.0")
    for place in ("xtts-v2", "kokoro-82m-v1.0"):
        os.utime(tmp_path / "models" / place / "config.json")
        assert voices("xtts", tmp_path / "models")[0] == "Claribel Dervla"
        assert voices("kokoro", tmp_path / "models") == ["af_heart", "jf_alpha"]
    assert voices("xtts", tmp_path) == voices("kokoro", tmp_path) == []
    assert "en-gb" in voices("espeak", tmp_path)
