"""Translation by the system's programs, with the real ones."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import has_ended
from voicestream.config.engine_settings import EngineSettings
from voicestream.engines.translator import Job
from voicestream.errors import EXIT_CONFIGURATION, EngineNotReadyError
from voicestream.workers.engines.apertium import translator as apertium
from voicestream.workers.engines.apertium.process_pipeline import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicestream.workers.engines.apertium.translator import ApertiumTranslator


pytestmark = pytest.mark.skipif(
    not {"eng-spa", "spa-eng"} <= set(apertium.find_modes()),
    reason="needs Apertium: apt install apertium apertium-eng-spa",
)


def ignore(_stage: str, _progress: float | None) -> None:
    pass


@pytest.fixture(scope="module")
def running() -> Iterator[ApertiumTranslator]:
    """For the tests that only translate: starting the programs takes longer than all of these."""
    found = apertium.load(EngineSettings(), ignore)
    yield found
    found.close()


@pytest.fixture
def translator() -> Iterator[ApertiumTranslator]:
    found = apertium.load(EngineSettings(), ignore)
    yield found
    found.close()


def pids(translator: ApertiumTranslator) -> list[int]:
    return [pid for pipeline in translator._pipelines.values() for pid in pipeline.pids]


def wait_until_gone(found: list[int]) -> bool:
    deadline = time.monotonic() + remaining()
    while not all(has_ended(pid) for pid in found) and time.monotonic() < deadline:
        time.sleep(0.01)
    return all(has_ended(pid) for pid in found)


def test_english_becomes_spanish_and_back(running: ApertiumTranslator) -> None:
    assert running.translate(["Hello world.", "Good morning!"], "en", "es", Job()) == ["Hola Mundo.", "Buenos días!"]
    assert running.translate(["El perro es grande."], "es", "en", Job()) == ["The dog is big."]


def test_regions_are_understood(running: ApertiumTranslator) -> None:
    assert running.supports("en-GB", "es-MX")
    assert running.translate(["Hello world."], "en-GB", "es-MX", Job()) == ["Hola Mundo."]


def test_a_full_stop_is_neither_added_nor_lost(running: ApertiumTranslator) -> None:
    texts = ["Hello world", "Hello world.", "Hello world...", "Hello world?!"]
    found = running.translate(texts, "en", "es", Job())
    assert [text.lower().replace("hola mundo", "") for text in found] == ["", ".", "...", "?!"]


@pytest.mark.parametrize("sign", list("\\[]{}^$/@<>*+=#|&;:,'\"()~`_-%"))
def test_signs_with_a_meaning_for_apertium_are_only_signs(running: ApertiumTranslator, sign: str) -> None:
    found = running.translate([f"Hello world. {sign} Good morning."], "en", "es", Job())[0]
    assert found.startswith("Hola Mundo.")
    assert found.endswith("Buenos días.")
    assert sign in found or sign == "~", "the programs swallow ~"
    assert running.translate(["Hello world."], "en", "es", Job()) == ["Hola Mundo."]


def test_what_would_end_a_text_does_not(running: ApertiumTranslator) -> None:
    texts = ["Hello\0world.", "Hello\nworld.", "\ud800Hello world.", "[][\n]Hello world."]
    assert running.translate(texts, "en", "es", Job()) == ["Hola Mundo."] * 3 + ["[][ ]Hola Mundo."]


def test_a_text_that_is_swallowed_stays_as_it_is(running: ApertiumTranslator) -> None:
    assert running.translate(["~", " ", "日本語"], "en", "es", Job()) == ["~", "", "日本語"]


def test_a_long_text_comes_back_whole(running: ApertiumTranslator) -> None:
    assert running.translate(["Hello world. " * 600], "en", "es", Job())[0].count("Hola") == 600


def test_a_text_is_translated_alike_whatever_came_before(running: ApertiumTranslator) -> None:
    texts = ["I saw that.", "He saw her duck", "Run the build now.", "(Yes", "It can fish.", "the", "Time flies."]
    expected = dict(zip(texts, running.translate(texts, "en", "es", Job()), strict=True))
    for seed in range(5):
        random.Random(seed).shuffle(texts)
        assert dict(zip(texts, running.translate(texts, "en", "es", Job()), strict=True)) == expected


@pytest.mark.parametrize("stage", [0, 3, 10])
def test_a_killed_stage_costs_no_sentence(translator: ApertiumTranslator, stage: int) -> None:
    expected = translator.translate(["The dog is big."], "en", "es", Job())
    before = pids(translator)
    os.kill(before[stage], signal.SIGKILL)
    wait_until_gone([before[stage]])
    assert translator.translate(["The dog is big."], "en", "es", Job()) == expected
    assert not set(before) & set(pids(translator))
    assert all(has_ended(pid) for pid in before)


def test_a_stage_that_hangs_costs_no_sentence(translator: ApertiumTranslator, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = translator.translate(["The dog is big."], "en", "es", Job())
    before = pids(translator)
    os.kill(before[4], signal.SIGSTOP)
    monkeypatch.setattr(apertium, "TIMEOUT_SECONDS", 1.0)
    assert translator.translate(["The dog is big."], "en", "es", Job()) == expected
    assert all(has_ended(pid) for pid in before)


def test_a_text_that_fails_twice_is_given_up_and_the_next_is_not(
    translator: ApertiumTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(apertium, "TIMEOUT_SECONDS", 0.0)
        patched.setattr(apertium, "TIMEOUT_SECONDS_PER_CHARACTER", 0.0)
        with pytest.raises(PipelineError, match="no answer"):
            translator.translate(["The dog is big."], "en", "es", Job())
    assert pids(translator) == []
    assert translator.translate(["Hello world."], "en", "es", Job()) == ["Hola Mundo."]


def test_the_pair_used_least_lately_makes_room(translator: ApertiumTranslator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apertium, "MAX_PIPELINES", 1)
    translator.translate(["Hello."], "en", "es", Job())
    before = pids(translator)
    translator.translate(["Hola."], "es", "en", Job())
    assert all(has_ended(pid) for pid in before)
    translator.translate(["Hello."], "en", "es", Job())


def test_close_leaves_no_process(translator: ApertiumTranslator) -> None:
    translator.translate(["Hello."], "en", "es", Job())
    before = pids(translator)
    assert len(before) > 5
    translator.close()
    assert all(has_ended(pid) for pid in before)


def test_a_killed_worker_leaves_no_process() -> None:
    program = (
        "import json, time\n"
        "from voicestream.engines.translator import Job\n"
        "from voicestream.workers import engine_loading as engines\n"
        "found = engines.load_translator('apertium', lambda *_: None)\n"
        "found.translate(['Hello.'], 'en', 'es', Job())\n"
        "print(json.dumps(found._pipelines['eng-spa'].pids), flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-P", "-c", program], stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        started = json.loads(worker.stdout.readline())
        worker.kill()
    assert len(started) > 5
    assert wait_until_gone(started)


def test_an_english_only_locale_does_not_matter(
    translator: ApertiumTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert translator.translate(["Good morning, ñandú 日本"], "en", "es", Job()) == ["Buenos días, ñandú 日本"]


def test_pairs_that_are_not_installed_are_not_supported(translator: ApertiumTranslator) -> None:
    assert not translator.supports("en", "ja")
    assert not translator.supports("en", "no-such-language")
    with pytest.raises(EngineNotReadyError, match="from English to Icelandic") as caught:
        translator.translate(["Hello."], "en", "is", Job())
    assert "apt install apertium apertium-eng-isl" in caught.value.hint
    assert caught.value.exit_code == EXIT_CONFIGURATION


def test_without_the_programs_the_engine_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineNotReadyError, match="not installed") as caught:
        apertium.load(EngineSettings(), ignore)
    assert "apt install apertium apertium-eng-spa" in caught.value.hint
    assert caught.value.exit_code == EXIT_CONFIGURATION


def test_programs_of_the_current_directory_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = tmp_path / "lt-proc"
    hostile.write_text("#!/bin/sh\ntouch hostile-ran\n", encoding="utf-8")
    hostile.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".::{os.environ['PATH']}")
    translator = apertium.load(EngineSettings(), ignore)
    assert translator.translate(["Hello world."], "en", "es", Job()) == ["Hola Mundo."]
    translator.close()
    assert not (tmp_path / "hostile-ran").exists()


def test_a_damaged_mode_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modes").mkdir()
    mode = tmp_path / "modes" / "eng-spa.mode"
    mode.write_text("lt-proc '/a'; touch /tmp/x", encoding="utf-8")
    monkeypatch.setenv("APERTIUM_DATADIR", str(tmp_path))
    translator = apertium.load(EngineSettings(), ignore)
    with pytest.raises(EngineNotReadyError, match=f"{mode} cannot be used") as caught:
        translator.translate(["Hello."], "en", "es", Job())
    assert "apertium-eng-spa" in caught.value.hint


def test_a_mode_whose_data_is_missing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes" / "eng-spa.mode").write_text("lt-proc '/no/such/data.bin'", encoding="utf-8")
    monkeypatch.setenv("APERTIUM_DATADIR", str(tmp_path))
    translator = apertium.load(EngineSettings(), ignore)
    with pytest.raises(PipelineError, match=r"lt-proc ended with .*data\.bin"):
        translator.translate(["Hello."], "en", "es", Job())
    translator.close()
