"""The engine ``firefox`` with Mozilla's real models between English and Portuguese."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.models import firefox_models
from voicestream.config.engine_settings import EngineSettings
from voicestream.engines.translator import CancelledError, Job
from voicestream.errors import EngineNotReadyError
from voicestream.workers import engine_loading
from voicestream.workers.engines.firefox import process, translator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicestream.workers.engines.firefox.translator import FirefoxTranslator

firefox_models.skip_unless_installed()

SLOW = " ".join(["q" * 60] * 6)
"""Takes the model seconds."""


def load(models: Path) -> FirefoxTranslator:
    return translator.load(EngineSettings(models=str(models)), lambda *_: None)


@pytest.fixture(scope="module")
def engine(firefox_models: Path) -> Iterator[FirefoxTranslator]:
    found = load(firefox_models)
    yield found
    found.close()


def helper_of(engine: FirefoxTranslator) -> psutil.Process:
    assert engine.pid is not None
    return psutil.Process(engine.pid)


@pytest.mark.parametrize(
    ("pair", "text", "translation"),
    [
        (("en", "pt"), "All 42 tests pass.", "Todos os 42 testes passam."),
        (("en-US", "pt-BR"), "All 42 tests pass.", "Todos os 42 testes passam."),
        (("pt", "en"), "Todos os testes passam.", "All tests pass."),
    ],
)
def test_a_sentence_is_translated_in_both_directions(
    engine: FirefoxTranslator, pair: tuple[str, str], text: str, translation: str
) -> None:
    assert engine.supports(*pair)
    assert engine.translate([text, text], *pair, Job()) == [translation, translation]


def test_a_pair_without_models_is_not_supported(engine: FirefoxTranslator) -> None:
    assert not any(engine.supports(*pair) for pair in (("en", "de"), ("de", "pt"), ("pt", "pt-BR"), ("xx", "pt")))


def test_a_pair_without_a_model_of_its_own_goes_through_english(tmp_path: Path) -> None:
    firefox_models.plant(tmp_path, ["pt-en"])
    firefox_models.plant(tmp_path, ["en-pt"], as_direction="en-gl")
    engine = load(tmp_path)
    try:
        assert engine.translate(["Todos os testes passam."], "pt", "gl", Job()) == ["Todos os testes passam."]
    finally:
        engine.close()


def test_a_word_of_thousands_of_letters_stays_as_it_is(engine: FirefoxTranslator) -> None:
    word = "a" * 5_000
    (answer,) = engine.translate([f"The first word {word} is long."], "en", "pt", Job())
    assert f" {word} " in answer
    assert answer.startswith("A primeira palavra")


def test_a_long_text_comes_back_whole(engine: FirefoxTranslator) -> None:
    text = " ".join(f"The function number {n} reads the file and returns a list." for n in range(12))
    (answer,) = engine.translate([text], "en", "pt", Job())
    assert [n for n in range(12) if f" {n} " not in answer] == []


def test_a_cancelled_batch_ends_at_once_and_the_next_one_is_translated(engine: FirefoxTranslator) -> None:
    cancelled = threading.Event()
    threading.Timer(0.1, cancelled.set).start()
    with pytest.raises(CancelledError):
        engine.translate([SLOW] * 8, "en", "pt", Job(is_cancelled=cancelled.is_set))
    assert engine.translate(["All 42 tests pass."], "en", "pt", Job()) == ["Todos os 42 testes passam."]


def test_a_killed_helper_process_costs_no_sentence(engine: FirefoxTranslator) -> None:
    helper = helper_of(engine)
    helper.kill()
    helper.wait()
    assert engine.translate(["All 42 tests pass."], "en", "pt", Job()) == ["Todos os 42 testes passam."]
    assert engine.pid != helper.pid


def test_a_helper_that_dies_over_every_attempt_fails_the_batch(engine: FirefoxTranslator) -> None:
    def kill() -> bool:
        if engine.pid is not None:
            os.kill(engine.pid, signal.SIGKILL)
        return False

    with pytest.raises(RuntimeError, match="ended with signal 9"):
        engine.translate([SLOW], "en", "pt", Job(is_cancelled=kill))
    assert engine.translate(["All 42 tests pass."], "en", "pt", Job()) == ["Todos os 42 testes passam."]


def test_a_closed_engine_leaves_no_process(firefox_models: Path) -> None:
    engine = load(firefox_models)
    helper = helper_of(engine)
    engine.close()
    assert not helper.is_running()


def test_three_models_stay_loaded_and_the_one_used_last_is_kept(tmp_path: Path) -> None:
    places = [str(firefox_models.plant(tmp_path, ["en-pt"], as_direction=f"en-{target}")) for target in "abcd"]
    models = process.Models()
    for place in (*places[:3], places[0], places[3]):
        models.get(place)
    assert models.warm == [places[2], places[0], places[3]]


def private_copy(tmp_path: Path) -> Path:
    """A direction whose files are its own; returns the model file."""
    place = firefox_models.plant(tmp_path, ["en-pt"])
    path = place / "model.enpt.intgemm.alphas.bin"
    source = path.resolve()
    path.unlink()
    shutil.copyfile(source, path)
    return path


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for position in range(0, len(data), len(data) // 100):
        data[position] ^= 0xFF
    path.write_bytes(data)


def truncate(path: Path) -> None:
    os.truncate(path, 1_000_000)


@pytest.mark.parametrize("damage", [flip, truncate, os.unlink])
def test_a_damaged_model_is_named_with_the_command_that_fetches_it_again(tmp_path: Path, damage: object) -> None:
    path = private_copy(tmp_path)
    assert callable(damage)
    damage(path)
    with pytest.raises(EngineNotReadyError, match="the translation model firefox-en-pt is damaged") as caught:
        load(tmp_path)
    assert path.name in str(caught.value)
    assert caught.value.hint == "voicestream models pull firefox-en-pt"


def test_a_model_that_is_damaged_after_the_start_is_named_too(tmp_path: Path) -> None:
    path = private_copy(tmp_path)
    firefox_models.plant(tmp_path, ["pt-en"])
    engine = load(tmp_path)
    try:
        flip(path)
        helper = helper_of(engine)
        helper.kill()
        helper.wait()
        with pytest.raises(EngineNotReadyError, match="another SHA-256"):
            engine.translate(["All tests pass."], "en", "pt", Job())
        assert engine.translate(["Todos os testes passam."], "pt", "en", Job()) == ["All tests pass."]
    finally:
        engine.close()


def test_without_models_the_command_that_fetches_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineNotReadyError, match="no models of Firefox Translations") as caught:
        load(tmp_path)
    assert "voicestream models pull firefox-en-pt" in caught.value.hint


@pytest.mark.parametrize(("direction", "first"), [("en-pt", "firefox"), ("", "none")])
def test_auto_takes_it_where_the_direction_is_installed(
    direction: str, first: str, firefox_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # without Apertium
    settings = EngineSettings(models=str(firefox_models), compute="cpu", direction=direction)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    notes: list[str] = []
    found = engine_loading.load_translator("auto", lambda *_: None, notes.append)
    found.close()
    assert found.name == first
    assert ("firefox is not ready: it has no model" in "".join(notes)) == (first == "none")


def test_other_threads_of_the_worker_run_while_a_slow_piece_is_translated(engine: FirefoxTranslator) -> None:
    beats: list[float] = []
    done = threading.Event()

    def beat() -> None:
        while not done.wait(0.01):
            beats.append(time.monotonic())

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        # It ends by itself only after seconds; in-process no thread would run before that.
        with pytest.raises(CancelledError):
            engine.translate([SLOW], "en", "pt", Job(is_cancelled=lambda: len(beats) > 10))
    finally:
        done.set()
        thread.join()
