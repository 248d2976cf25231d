"""A person's own voices on the disk: for nobody else's eyes, and never without consent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.recordings import speech
from voicestream.errors import ConfigurationError, UsageError, VoicestreamError
from voicestream.voices import cleaning, embedding_cache, sample, voice_store
from voicestream.voices.voice_store import CONSENT, VoiceStore

if TYPE_CHECKING:
    from pathlib import Path

    from voicestream.voices.sample import Sample


def made(pitch: float = 150.0) -> Sample:
    return sample.make(speech(6.0, pitch=pitch, rate=sample.SAMPLE_RATE))


@pytest.fixture
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceStore:
    monkeypatch.setattr(embedding_cache, "directory", lambda: tmp_path / "cache" / "xtts-voices")
    return VoiceStore(tmp_path / "data" / "voices")


def test_a_voice_is_kept_with_its_consent_and_found_in_whatever_case(voices: VoiceStore) -> None:
    assert voices.voices() == []
    kept = voices.add("Me at work", made(), "--i-have-consent")
    found = voices.named("me at WORK")
    assert found == kept
    assert voices.voices() == [kept]
    assert np.array_equal(cleaning.read(kept.path).samples, made().samples)
    assert kept.record.content_hash == made().content_hash
    assert kept.record.seconds == 6.0
    assert kept.record.consent.words == CONSENT
    assert kept.record.consent.by == "--i-have-consent"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", kept.record.consent.date)


def test_nobody_else_can_look_at_it(voices: VoiceStore) -> None:
    voices.add("me", made(), "asked")
    voices.add_file(made(200.0), "asked")
    for path in (voices.root, *voices.root.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_name_means_one_voice(voices: VoiceStore) -> None:
    voices.add("me", made(), "asked")
    with pytest.raises(UsageError, match='there is a voice "me" already') as error:
        voices.add("ME", made(200.0), "asked")
    assert error.value.hint.endswith("voicestream voices remove me")
    assert voices.find_by_hash(made(200.0).content_hash) is None


@pytest.mark.parametrize(
    "name", ["", " ", "../me", "a/b", ".me", "-me", "me.wav", "me.MP3", "me\n", " me", "me ", "+f3", "m" * 61, "_x"]
)
def test_a_name_that_could_be_something_else_is_refused(voices: VoiceStore, name: str) -> None:
    with pytest.raises(UsageError, match="a voice cannot be named"):
        voices.add(name, made(), "asked")
    assert not voices.root.exists()


@pytest.mark.parametrize("name", ["me", "Claribel Dervla", "私の声", "José", "O'Neill", "2nd", "dr. no", "a_b-c"])
def test_names_of_people_are_fine(voices: VoiceStore, name: str) -> None:
    assert voices.add(name, made(), "asked").name == name
    assert voices.named(name) is not None


def test_a_file_without_a_name_is_known_by_its_sound(voices: VoiceStore) -> None:
    kept = voices.add_file(made(), "asked")
    assert voices.find_by_hash(made().content_hash) == kept
    assert voices.voices() == []
    assert voices.files() == [kept]
    assert voices.named(kept.name) is None
    assert voices.find_by_hash(made(200.0).content_hash) is None


def test_a_removed_voice_is_gone_with_its_consent(voices: VoiceStore) -> None:
    kept = voices.add("me", made(), "asked")
    assert voices.remove("Me").name == "me"
    assert not kept.path.parent.exists()
    assert voices.find_by_hash(made().content_hash) is None
    with pytest.raises(UsageError, match='voicestream has no voice "me"'):
        voices.remove("me")


def test_what_an_engine_has_made_of_it_goes_with_it(voices: VoiceStore) -> None:
    for remove in (lambda: voices.remove("me"), voices.remove_files):
        voices.add("me", made(), "asked") if voices.named("me") is None else None
        voices.add_file(made(200.0), "asked")
        embedding_cache.directory().mkdir(parents=True)
        (embedding_cache.directory() / "made.pt").touch()
        remove()
        assert not embedding_cache.directory().exists()


def test_files_are_removed_together(voices: VoiceStore) -> None:
    voices.add("me", made(), "asked")
    for pitch in (200.0, 250.0):
        voices.add_file(made(pitch), "asked")
    assert voices.remove_files() == 2
    assert voices.remove_files() == 0
    assert [voice.name for voice in voices.voices()] == ["me"]


def test_a_voice_without_its_record_is_none_and_one_with_a_damaged_one_is_named(voices: VoiceStore) -> None:
    kept = voices.add("me", made(), "asked")
    record = kept.path.with_name(voice_store.RECORD)
    record.write_text("{}")
    with pytest.raises(ConfigurationError, match=re.escape(f"{record} cannot be read")) as error:
        voices.voices()
    assert str(kept.path.parent) in error.value.hint
    record.unlink()
    assert voices.voices() == []


def test_where_nothing_can_be_written_that_is_said(voices: VoiceStore, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(VoicestreamError, match="the voice cannot be kept in"):
        voices.add("me", made(), "asked")
