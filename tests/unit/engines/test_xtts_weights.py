"""Where XTTS's weights are looked for, and what is said of those that are damaged."""

from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from helpers.models.tiny_voices import xtts as make
from voicestream.config.engine_settings import MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError
from voicestream.models import licences, location
from voicestream.workers.engines.nllb import weights as nllb
from voicestream.workers.engines.xtts import weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing was set up."""
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def make_nllb(place: Path) -> Path:
    place.mkdir(parents=True)
    (place / "config.json").write_text(json.dumps({"architectures": ["M2M100ForConditionalGeneration"]}))
    (place / "tokenizer.json").write_text("{}")
    with zipfile.ZipFile(place / "pytorch_model.bin", "w") as archive:
        archive.writestr("archive/data.pkl", b"weights")
    return place


def test_the_model_that_was_set_up_is_found_and_so_is_one_that_is_named(home: Path) -> None:
    own = make(location.directory() / "xtts-v2")
    other = make(home / "other" / "mine")
    assert weights.find("") == own
    assert weights.find(str(home / "other")) == other
    assert weights.find(str(other)) == other


def test_one_directory_may_hold_models_of_all_kinds(home: Path) -> None:
    models = home / "models"
    voice, translator = make(models / "xtts-v2"), make_nllb(models / "nllb")
    kokoro = models / "kokoro"
    kokoro.mkdir()
    (kokoro / "config.json").write_text('{"model_type": "style_text_to_speech_2"}')
    for place in (voice, translator, kokoro):
        os.utime(place / "config.json")
        assert weights.find(str(models)) == voice
        assert nllb.original(str(models)) == translator


def test_another_engines_model_is_not_taken_for_a_damaged_one(home: Path) -> None:
    make_nllb(home / "translators" / "nllb")
    with pytest.raises(EngineNotReadyError, match="there are no XTTS weights in") as error:
        weights.find(str(home / "translators"))
    assert error.value.hint == "voicestream setup --voice-model xtts"
    make(home / "voices" / "xtts-v2")
    with pytest.raises(EngineNotReadyError, match="there are no NLLB weights in"):
        nllb.original(str(home / "voices"))


def cut(file: Path) -> None:
    """As a download that broke off leaves it."""
    os.truncate(file, file.stat().st_size * 2 // 3)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda place: (place / "model.pth").unlink(), "has no model.pth"),
        (lambda place: (place / "vocab.json").unlink(), "has no vocab.json"),
        (lambda place: cut(place / "model.pth"), "model.pth is damaged: it is truncated"),
        (lambda place: cut(place / "config.json"), "config.json is damaged"),
        (lambda place: (place / "vocab.json").write_text("[]"), "vocab.json is damaged"),
    ],
)
def test_a_damaged_directory_is_named_and_so_is_what_is_wrong(
    home: Path, damage: Callable[[Path], None], words: str
) -> None:
    place = make(home / "models" / "xtts-v2")
    damage(place)
    with pytest.raises(EngineNotReadyError, match=words) as error:
        weights.find(str(place.parent))
    assert str(place) in str(error.value)
    assert error.value.hint == "Remove it and try: voicestream setup"


def test_a_named_model_of_another_kind_is_named(home: Path) -> None:
    place = make(home / "vits")
    (place / "config.json").write_text('{"model": "vits"}')
    with pytest.raises(EngineNotReadyError, match="holds vits, not XTTS"):
        weights.find(str(place))


@pytest.mark.parametrize("repository", ["coqui--XTTS-v2", "tts-hub--XTTS-v2"])
def test_weights_in_the_cache_of_the_hub_are_used_once_their_licence_was_accepted(
    home: Path, monkeypatch: pytest.MonkeyPatch, repository: str
) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(home / "hub"))
    root = home / "hub" / f"models--{repository}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text("c0ffee", encoding="ascii")
    place = make(root / "snapshots" / "c0ffee")
    with pytest.raises(EngineNotReadyError, match=r"XTTS v2 weights in .* have not accepted their licence"):
        weights.find("")
    licences.accept(licences.find("cpml"))
    assert weights.find("") == place
