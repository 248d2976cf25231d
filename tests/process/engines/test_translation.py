"""``voicestream run --to``: a model between the agent's words and the voice."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.models import tiny_nllb
from helpers.process.in_process import refused
from helpers.process.running import Run, Voicestream, line, wait_until

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = list(tiny_nllb.pairs())[::13]

"""A slow machine may take half of that to import torch."""

# The first of them makes the models.


@pytest.fixture
def models(nllb_models: Path, place: Voicestream) -> Path:
    """A copy of the models at the place of this test."""
    return shutil.copytree(nllb_models, place.home / "models")


@pytest.fixture
def warm_models(nllb_models: Path, warm_place: Voicestream) -> Path:
    """A copy of the models at the place of this file."""
    directory = warm_place.home / "models"
    return directory if directory.exists() else shutil.copytree(nllb_models, directory)


def translate(place: Voicestream, *options: str, translator: str = "nllb-ct2", output: str = "null") -> Run:
    return place.run("--to", "ja", "--translator", translator, *options, output=output)


def assert_all_translated_and_heard(run: Run, count: int) -> None:
    """Every sentence once, in order, and in Japanese."""
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(count))
    assert {event["sentence"]: event["text"] for event in run.of("translated")} == {
        number: PAIRS[number][1] for number in range(count)
    }
    assert run.of("failed") == run.of("skipped") == []


@pytest.mark.parametrize("translator", ["nllb", "nllb-ct2"])
def test_every_sentence_is_translated_spoken_and_played_once_in_order(
    warm_place: Voicestream, warm_models: Path, translator: str
) -> None:
    run = translate(warm_place, "--models", str(warm_models), translator=translator)
    run.write(b"".join(line(english) for english, _, _ in PAIRS))
    assert run.finish() == 0, run.stderr
    assert_all_translated_and_heard(run, len(PAIRS))
    assert {event["engine"] for event in run.of("translated")} == {translator}
    assert {event["language"] for event in run.of("translated")} == {"ja"}
    if translator == "nllb":
        assert_loading_is_told_in_stages(run)


def assert_loading_is_told_in_stages(run: Run) -> None:
    told = [event for event in run.of("loading") if event["role"] == "translation"]
    assert [event["text"] for event in told] == [
        "importing torch",
        "reading weights",
        "loading the model",
        "warming up",
    ]
    assert [event["progress"] for event in told if event["text"] == "reading weights"] == [1.0]


def test_a_worker_that_is_killed_with_a_batch_in_its_hands_costs_no_sentence(place: Voicestream, models: Path) -> None:
    run = translate(place, "--models", str(models), output="killed.wav")
    run.write(line(PAIRS[0][0]))
    run.wait_for("playback_finished")
    for _ in range(2):
        pid = place.pid_of("translation")
        os.kill(pid, signal.SIGSTOP)
        begin = len(run.of("sentence_found"))
        for english, _, _ in PAIRS[begin : begin + 8]:
            run.write(line(english))
        run.wait_for("sentence_found", begin + 8)
        wait_until(lambda: in_flight(place) > 0, "a batch is in its hands")
        os.kill(pid, signal.SIGKILL)
        run.wait_for("playback_finished", begin + 8)
    assert run.finish() == 0, run.stderr
    assert_all_translated_and_heard(run, 17)


def in_flight(place: Voicestream) -> int:
    return place.worker("translation")["in_flight"]


def test_the_second_run_finds_the_model_warm_and_the_status_says_what_computes(
    place: Voicestream, models: Path
) -> None:
    for _ in range(2):
        run = translate(place, "--models", str(models))
        run.write(line(PAIRS[0][0]))
        assert run.finish() == 0, run.stderr
        worker = place.worker("translation")
        assert (worker["engine"], worker["incarnation"]) == ("nllb-ct2", 1)
        assert worker["device"].startswith("cpu int8")
        assert worker["memory_bytes"] > 20_000_000
    assert run.of("loading") == []


def test_other_weights_are_loaded_when_a_session_asks_for_them(place: Voicestream, models: Path) -> None:
    shutil.copytree(models, place.home / "others")
    for directory, workers in ((models, 1), (place.home / "others", 2), (models, 2)):
        run = translate(place, "--models", str(directory))
        run.write(line(PAIRS[0][0]))
        assert run.finish() == 0, run.stderr
        assert [row["role"] for row in place.status()["workers"]].count("translation") == workers


def test_a_session_that_wants_other_weights_than_another_is_spoken_beside_it(place: Voicestream, models: Path) -> None:
    shutil.copytree(models, place.home / "others")
    first = translate(place, "--models", str(models))
    first.write(line(PAIRS[0][0]))
    first.wait_for("translated")
    second = translate(place, "--models", str(place.home / "others"))
    second.write(line(PAIRS[0][0]))
    second.wait_for("playback_finished")
    assert second.finish() == 0, second.stderr
    assert first.finish() == 0, first.stderr


@pytest.mark.parametrize("translator", ["nllb", "nllb-ct2"])
def test_without_weights_a_named_engine_ends_with_the_command_that_gets_them(
    place: Voicestream, translator: str, nllb_models: Path
) -> None:
    assert nllb_models.is_dir()  # the packages are there
    run = translate(place, translator=translator)
    run.write(line("Hello."))
    assert run.finish() == 78, run.stderr
    assert "there are no NLLB weights" in run.stderr
    assert "\nTry: voicestream setup" in run.stderr


def test_a_damaged_model_ends_with_what_is_wrong_with_it(place: Voicestream, models: Path) -> None:
    (models / f"{tiny_nllb.NAME}-int8" / "tokenizer.json").unlink()
    run = translate(place, "--models", str(models))
    run.write(line("Hello."))
    assert run.finish() == 78, run.stderr
    assert "has no tokenizer.json" in run.stderr


def test_auto_takes_what_there_is_and_says_so(place: Voicestream, models: Path) -> None:
    shutil.rmtree(models / f"{tiny_nllb.NAME}-int8")
    run = place.run("--to", "ja", "--models", str(models), "--compute", "cpu")
    run.write(line(PAIRS[0][0]))
    assert run.finish() == 0, run.stderr
    assert "translator: nllb; nllb-ct2 is not ready: there are no NLLB weights in the format of CTranslate2" in (
        run.stderr
    )
    assert [event["engine"] for event in run.of("translated")] == ["nllb"]


def test_auto_without_any_weights_says_what_is_missing(place: Voicestream, nllb_models: Path) -> None:
    assert nllb_models.is_dir()  # the packages are there
    run = place.run("--to", "ja")
    run.write(line("Hello, how are you today?"))
    run.finish()
    assert "nllb-ct2 is not ready" in run.stderr
    assert "(voicestream setup)" in run.stderr


def test_an_unusable_translation_is_spoken_in_the_original_and_the_reason_is_told(
    warm_place: Voicestream, warm_models: Path
) -> None:
    # A tiny model knows no other words, and no numbers.
    text = "Something entirely different happens here with 37 things."
    run = translate(warm_place, "--models", str(warm_models))
    run.write(line(text) + line(PAIRS[0][0]))
    assert run.finish() == 1, run.stderr
    (failed,) = run.of("failed")
    assert (failed["sentence"], failed["stage"]) == (0, "translation")
    assert failed["reason"] == "the translation was not usable: the number 37 is missing"
    translated = {event["sentence"]: (event["text"], event["language"]) for event in run.of("translated")}
    assert translated == {0: (text, "en"), 1: (PAIRS[0][1], "ja")}
    assert len(run.of("playback_finished")) == 2
    assert run.events[-1]["counts"]["untranslated"] == 1


def test_a_term_of_the_users_file_that_the_model_loses_costs_the_term_and_not_the_sentence(
    place: Voicestream, models: Path
) -> None:
    (place.home / "config.toml").write_text('[translate.glossary.ja]\n"the log" = "the file"\n', encoding="utf-8")
    run = translate(place, "--models", str(models))
    run.write(line("I will fix the log now."))
    assert run.finish() == 0, run.stderr
    # The model has its own word for "the file".
    assert [event["text"] for event in run.of("translated")] == ["今からログを修正します。"]
    assert run.of("failed") == []


def test_beams_are_used(warm_place: Voicestream, warm_models: Path) -> None:
    run = translate(warm_place, "--models", str(warm_models), "--beams", "5")
    run.write(line(PAIRS[0][0]))
    assert run.finish() == 0, run.stderr
    assert [event["text"] for event in run.of("translated")] == [PAIRS[0][1]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--to", "jp"), 'Did you mean "ja"'),
        (("--to", "ja", "--compute", "gpu"), "auto, cpu, cuda"),
        (("--to", "ja", "--beams", "0"), "0 is not in the range"),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_would_be(
    place: Voicestream, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], words: str
) -> None:
    code, said = refused(place, monkeypatch, "run", *options)
    assert (code, words in said) == (2, True), said


def test_a_directory_of_models_that_is_not_there_is_named(place: Voicestream) -> None:
    done = place.call("run", "--to", "ja", "--models", "no-such-directory")
    assert (done.returncode, "there is no such directory" in done.stderr) == (2, True), done.stderr


def test_a_stopped_session_lets_go_of_its_batch_at_once(place: Voicestream, random_nllb_models: Path) -> None:
    # Random weights make 512 tokens of everything: with sixteen beams that takes seconds.
    run = translate(place, "--models", str(random_nllb_models), "--beams", "16", translator="nllb")
    run.write(line("I will " + "fix the file and " * 60 + "read it now."))
    run.wait_for("sentence_found")
    wait_until(lambda: in_flight(place) > 0, "it translates")
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
    wait_until(lambda: in_flight(place) == 0, "nothing is in its hands")
    worker = place.worker("translation")
    assert (worker["incarnation"], worker["state"]) == (1, "ready")
