"""Piper's voices in a directory: which there are, which one speaks, and what is damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.models import piper_voices
from voicestream.config.engine_settings import EngineSettings
from voicestream.engines import registry
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.workers.engines.piper import model, synthesizer, voices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicestream.workers.engines.piper.synthesizer import PiperSynthesizer

piper_voices.skip_unless_engine_installed()

ENGLISH, BRITISH, GERMAN = "en_US-tiny-low", "en_GB-tiny-low", "de_DE-tiny-low"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    piper_voices.build(tmp_path / "models", ENGLISH, espeak="en-us")
    piper_voices.build(tmp_path / "models", BRITISH, espeak="en-gb")
    piper_voices.build(tmp_path / "models", GERMAN, espeak="de", speaker_id_map={"one": 0, "two": 1})
    return tmp_path / "models"


@pytest.fixture
def loaded(models: Path) -> Iterator[PiperSynthesizer]:
    found = synthesizer.load(EngineSettings(models=str(models)), lambda *_: None)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("typed", "language", "expected"),
    [
        ("", "en", (BRITISH, 0)),
        ("", "en-US", (ENGLISH, 0)),
        ("", "de-AT", (GERMAN, 0)),
        ("EN_us-Tiny-low", "en-GB", (ENGLISH, 0)),
        (f"{GERMAN}#two", "de", (GERMAN, 1)),
        (f"{GERMAN}#two", "en-US", (ENGLISH, 0)),
    ],
)
def test_the_voice_for_a_language_or_the_one_that_was_typed(
    models: Path, typed: str, language: str, expected: tuple[str, int]
) -> None:
    voice, speaker = voices.choose(voices.find(str(models)), typed, language)
    assert (voice.name, speaker) == expected


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        ("de_DE-tinny-low", "no voice", f"Did you mean --voice {GERMAN}?"),
        (f"{GERMAN}#three", 'no speaker "three"', "There is one, two."),
        ("me.wav", "voice of a recording", "--voice"),
    ],
)
def test_a_voice_that_is_not_there_is_told_with_what_to_type(models: Path, typed: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        voices.choose(voices.find(str(models)), typed, "de")
    assert hint in str(caught.value.hint)


def test_each_voice_speaks_and_networks_make_room(loaded: PiperSynthesizer) -> None:
    for language in ("en-US", "en-GB", "de", "en-US"):
        first, again = (
            np.concatenate(list(loaded.synthesize("tests pass, all of them.", language, "", 7))) for _ in range(2)
        )
        assert len(first) > 20 * piper_voices.TINY_FRAME
        assert np.array_equal(first, again)
        assert len(loaded._sessions) <= synthesizer.LOADED_VOICES


def test_a_directory_of_one_voice_and_the_spec_of_several(models: Path, tmp_path: Path) -> None:
    assert list(voices.find(str(models / f"{model.PREFIX}{GERMAN}"))) == [GERMAN]
    spec = registry.spec(registry.SYNTHESIZERS, "piper")
    assert spec.voices(str(models)).names == [GERMAN, BRITISH, ENGLISH]
    assert spec.speaks is not None
    assert [base for base in ("de", "en", "fr") if spec.speaks(str(models), base)] == ["de", "en"]
    assert spec.language_of(GERMAN) == "de-DE"
    assert spec.voices(str(tmp_path / "none")).names == ()
    with pytest.raises(EngineNotReadyError, match="there are no Piper voices in") as caught:
        voices.find(str(tmp_path / "none"))
    assert caught.value.hint == "voicestream setup --voice-model piper"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phoneme_type": "text"}, "phonemes are of the type text"),
        ({"phoneme_id_map": {"_": [0]}}, "it has no symbol"),
        ({"audio": {}}, "sample_rate"),
        ({"language": {"code": "tlh_QO"}}, "is no voice that can be used"),
    ],
)
def test_a_configuration_of_something_else_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    piper_voices.build(tmp_path, GERMAN, espeak="de", **changes)
    with pytest.raises(EngineNotReadyError, match=message):
        voices.find(str(tmp_path))


def test_a_damaged_file_is_named_and_a_whole_voice_beside_it_speaks(tmp_path: Path) -> None:
    place = piper_voices.build(tmp_path, GERMAN, espeak="de")
    (place / f"{GERMAN}.onnx").write_bytes(b"onnx")
    with pytest.raises(EngineNotReadyError, match=r"de_DE-tiny-low\.onnx cannot be loaded"):
        synthesizer.load(EngineSettings(models=str(tmp_path)), lambda *_: None)
    (place / f"{GERMAN}.onnx").unlink()
    with pytest.raises(EngineNotReadyError, match=r"de_DE-tiny-low\.onnx is missing"):
        voices.find(str(tmp_path))
    piper_voices.build(tmp_path, ENGLISH, espeak="en-us")
    assert list(voices.find(str(tmp_path))) == [ENGLISH]


def test_the_table_pins_every_file_and_each_licence_is_known() -> None:
    table = json.loads(model._TABLE.read_text())
    licences = {licence.id for licence in model.LICENCES}
    assert len(table["commit"]) == 40
    for one in model.models():
        assert one.licence in licences
        assert one.language
        assert [len(file.sha256) for file in one.files] == [64, 64]
        assert all(f"/resolve/{table['commit']}/" in file.url for file in one.files)
    (joe,) = (one for one in model.models() if one.name.endswith(piper_voices.NAME))
    assert {file.sha256 for file in joe.files} == set(piper_voices.SHA256.values())
