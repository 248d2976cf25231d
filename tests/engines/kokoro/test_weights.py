"""Directories of Kokoro as they are found: whole, damaged, and none at all."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from helpers.models import tiny_kokoro
from helpers.models.tiny_kokoro import NAME
from voicestream.config.engine_settings import MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError
from voicestream.workers import engine_loading
from voicestream.workers.engines.kokoro import voices, weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

tiny_kokoro.skip_unless_installed()


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in a directory of models, which is looked into."""
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return tiny_kokoro.build(tmp_path / "models" / NAME)


def refusal() -> EngineNotReadyError:
    with pytest.raises(EngineNotReadyError) as caught:
        engine_loading.load_synthesizer("kokoro", lambda *_: None)
    return caught.value


def cut(file: Path) -> None:
    """As a download that broke off leaves it."""
    os.truncate(file, file.stat().st_size * 2 // 3)


def test_a_directory_of_models_and_a_model_itself_are_found(model: Path) -> None:
    assert weights.find(str(model.parent)) == model
    assert weights.find(str(model)) == model
    assert weights.find("") == model
    engine_loading.load_synthesizer("kokoro", lambda *_: None).close()


def test_models_of_other_engines_beside_it_are_passed_over(model: Path) -> None:
    other = model.parent / "xtts-v2"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"model": "xtts"}))
    damaged = model.parent / "half"
    damaged.mkdir()
    (damaged / "config.json").write_text("{")
    assert weights.find("") == model
    shutil.rmtree(model)
    assert "there are no Kokoro weights in" in str(refusal())


def test_without_any_directory_setup_is_the_next_thing_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "none"))
    error = refusal()
    assert "there are no Kokoro weights in" in str(error)
    assert error.hint == "voicestream setup --voice-model kokoro"


def test_a_damaged_model_is_passed_over_when_there_is_another(model: Path) -> None:
    shutil.copytree(model, model.parent / "a-damaged-one")
    (model.parent / "a-damaged-one" / "tokenizer.json").unlink()
    os.utime(model / "config.json", ns=(0, 0))
    assert weights.find("") == model


def test_the_network_in_float32_goes_before_others_and_may_lie_beside_the_vocabulary(model: Path) -> None:
    whole = model / "onnx" / "model.onnx"
    for name in ("model_quantized.onnx", "model_q4.onnx"):
        shutil.copy(whole, model / "onnx" / name)
    assert weights.network(model) == whole
    whole.unlink()
    assert weights.network(model) == model / "onnx" / "model_quantized.onnx"
    (model / "onnx" / "model_quantized.onnx").unlink()
    assert weights.network(model) == model / "onnx" / "model_q4.onnx"
    (model / "onnx" / "model_q4.onnx").rename(model / "model.onnx")
    assert weights.network(model) == model / "model.onnx"
    engine_loading.load_synthesizer("kokoro", lambda *_: None).close()


def extend(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"more")


def nan_voice(model: Path) -> None:
    for file in (model / "voices").glob("*.bin"):
        file.write_bytes(b"\xff" * file.stat().st_size)


DAMAGE = [
    (lambda model: (model / "tokenizer.json").unlink(), "has no tokenizer.json: phonemes have no ids without it"),
    (lambda model: cut(model / "tokenizer.json"), "tokenizer.json is damaged"),
    (lambda model: (model / "tokenizer.json").write_text("[]"), "tokenizer.json is damaged: it holds no table"),
    (lambda model: (model / "onnx" / "model.onnx").unlink(), "has no onnx/model.onnx"),
    (lambda model: cut(model / "onnx" / "model.onnx"), "model.onnx cannot be loaded"),
    (lambda model: (model / "onnx" / "model.onnx").write_bytes(b""), "model.onnx cannot be loaded"),
    (
        lambda model: (model / "onnx" / "model.onnx").write_text("version https://git-lfs"),
        "model.onnx cannot be loaded",
    ),
    (lambda model: shutil.rmtree(model / "voices"), "has no voices (voices/af_heart.bin)"),
    (lambda model: cut(model / "voices" / "am_adam.bin"), "am_adam.bin is damaged: it has 348160 bytes, not 522240"),
    (lambda model: extend(model / "voices" / "am_adam.bin"), "am_adam.bin is damaged: it has 522244 bytes, not 522240"),
    (nan_voice, "af_heart.bin is damaged: it holds values that are not finite"),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_a_damaged_directory_is_named_and_so_is_what_is_wrong(
    model: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(model)
    error = refusal()
    assert words in str(error)
    assert str(model) in str(error)
    assert "voicestream setup" in error.hint


def test_a_voice_may_have_more_rows_than_are_needed(model: Path) -> None:
    usual = voices.read(model, ["af_heart"])
    file = model / "voices" / "af_heart.bin"
    file.write_bytes(file.read_bytes() + bytes(1024))
    voices.check(model, "af_heart")
    assert (voices.read(model, ["af_heart"]) == usual).all()


def test_voices_are_listed_with_their_languages(model: Path) -> None:
    assert voices.names(model) == sorted(tiny_kokoro.VOICES)
    assert [voices.language_of(name) for name in ("af_heart", "bm_lewis", "jf_alpha", "pf_dora", "zm_yunxi")] == [
        "en-US",
        "en-GB",
        "ja",
        "pt-BR",
        "zh",
    ]
    assert voices.language_of("expr-voice-2-f") == voices.language_of("af") == ""
    assert voices.names(model / "none") == []
