"""Kokoro with parts that are missing, damaged or something else, and how it is loaded."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.models import tiny_kokoro
from helpers.models.kokoro_engine import SENTENCE, phonemes
from helpers.models.synthesized import sound
from helpers.models.tiny_kokoro import NAME, heard, spoken
from helpers.voices import auto_voice
from voicestream.config.engine_settings import MODELS_VARIABLE
from voicestream.errors import EngineNotReadyError
from voicestream.workers import engine_loading
from voicestream.workers.onnx_voice import session

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.models.kokoro_engine import Load

tiny_kokoro.skip_unless_installed()


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "espeakng_loader"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    package: str, load_kokoro: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_kokoro()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineNotReadyError, match=package) as caught:
        engine_loading.load_synthesizer("kokoro", lambda *_: None)
    assert caught.value.hint == "pip install 'voicestream[kokoro]'"


def test_a_network_of_the_package_kokoro_onnx_is_understood(load_kokoro: Load) -> None:
    synthesizer = load_kokoro(network=tiny_kokoro.tones(tokens="tokens"))
    assert heard(sound(synthesizer, SENTENCE)) == spoken(phonemes(synthesizer, SENTENCE))


@pytest.mark.parametrize("settings", [{"tokens": "text"}, {"style": "speaker"}])
def test_a_network_of_something_else_is_refused(settings: dict[str, str], load_kokoro: Load) -> None:
    with pytest.raises(EngineNotReadyError, match="is not Kokoro's network: it takes") as caught:
        load_kokoro(network=tiny_kokoro.tones(**settings))  # type: ignore[arg-type]
    assert "voicestream setup" in caught.value.hint


def test_a_network_that_makes_no_numbers_is_not_begun_with(load_kokoro: Load) -> None:
    with pytest.raises(EngineNotReadyError, match=r"model\.onnx cannot be used: .* not finite") as caught:
        load_kokoro(network=tiny_kokoro.tones(is_broken=True))
    assert "voicestream setup" in caught.value.hint


def test_samples_that_are_no_numbers_are_never_heard(load_kokoro: Load) -> None:
    synthesizer = load_kokoro()
    synthesizer._voice = (["af_heart"], np.full((510, 256), np.nan, np.float32))
    with pytest.raises(ValueError, match="not finite"):
        sound(synthesizer, SENTENCE)


def test_espeak_ng_that_is_damaged_is_named_with_what_installs_it_again(
    load_kokoro: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import espeakng_loader

    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(EngineNotReadyError, match="cannot use its data") as caught:
        load_kokoro()
    assert caught.value.hint == "pip install --force-reinstall espeakng-loader"


def test_what_the_network_refuses_costs_one_sentence(load_kokoro: Load) -> None:
    synthesizer = load_kokoro()
    assert synthesizer._vocabulary is not None
    synthesizer._vocabulary._ids["ð"] = 10_000
    with pytest.raises(RuntimeError, match="the network failed"):
        sound(synthesizer, SENTENCE)
    assert len(sound(synthesizer, "Yes."))


def test_loading_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_kokoro.build(tmp_path / "model")
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "model"))
    told: list[str] = []
    engine_loading.load_synthesizer("kokoro", lambda stage, _: told.append(stage)).close()
    assert told == ["importing onnxruntime", "loading the model", "warming up"]


def test_what_the_network_was_made_of_is_not_kept_beside_it(load_kokoro: Load) -> None:
    loaded = load_kokoro()._network
    assert loaded is not None
    assert not [value for value in vars(loaded._session._session).values() if isinstance(value, bytes)]


def test_threads_are_those_the_supervisor_grants(load_kokoro: Load) -> None:
    load_kokoro()
    assert session._options(3).intra_op_num_threads == 3
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_limits_are_about_half_a_minute_of_speech(load_kokoro: Load) -> None:
    synthesizer = load_kokoro()
    assert synthesizer.max_characters("en-GB") > 2 * synthesizer.max_characters("ja") > 200


def test_auto_takes_it_before_espeak_where_it_is_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    assert engine_loading.load_synthesizer("auto", lambda *_: None).name == auto_voice.NAME
    tiny_kokoro.build(tmp_path / "models" / NAME)
    found = engine_loading.load_synthesizer("auto", lambda *_: None)
    assert found.name == "kokoro"
    found.close()
