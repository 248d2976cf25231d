"""Sessions that are translated by Mozilla's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.pictures import pages, svg
from helpers.process.running import line

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream


def test_auto_translates_an_installed_direction_with_it_and_others_as_without(
    place: Voicestream, firefox_models: Path
) -> None:
    place.environment["PATH"] = "/nowhere"  # without Apertium
    run = place.run("--to", "pt", "--models", str(firefox_models), "--compute", "cpu")
    run.write(line("All 42 tests pass.") + line("I changed main.py and pushed it."))
    assert run.finish() == 0, run.stderr
    assert {event["engine"] for event in run.of("translated")} == {"firefox"}
    first, second = (event["text"] for event in run.of("translated"))
    assert first == "Todos os 42 testes passam."
    assert "main.py" in second
    other = place.run("--to", "es", "--models", str(firefox_models), "--compute", "cpu")
    other.write(line("All 42 tests pass."))
    other.finish()
    assert "firefox is not ready: it has no model for these languages (voicestream setup --to" in other.stderr


def test_a_model_from_a_directory_is_installed_without_a_network_and_translates(
    place: Voicestream, firefox_models: Path
) -> None:
    done = place.call("setup", "--to", "pt", "--yes", "--dir", str(firefox_models))
    assert done.returncode == 0, done.stderr
    assert "espeak-ng will speak Portuguese, in a robot's voice" in done.stderr
    assert "ready to translate into Portuguese" in done.stderr
    run = place.run("--to", "pt")
    run.write(line("All 42 tests pass."))
    assert run.finish() == 0, run.stderr
    translated = [(event["engine"], event["text"]) for event in run.of("translated")]
    assert translated == [("firefox", "Todos os 42 testes passam.")]


def test_setup_refuses_a_script_that_no_model_knows(place: Voicestream) -> None:
    done = place.call("setup", "--to", "zh-TW", "--quality", "light", "--yes")
    assert done.returncode == 2
    assert "knows Chinese" in done.stderr


def test_setup_names_what_the_light_translator_has(place: Voicestream) -> None:
    done = place.call("setup", "--to", "mi", "--quality", "light", "--yes")
    assert done.returncode == 2
    assert "does not translate from en to mi" in done.stderr


def test_a_run_prints_the_captions_of_the_picture_in_the_docs(place: Voicestream, firefox_models: Path) -> None:
    run = place.run("--to", pages.TARGET, "--models", str(firefox_models), "--compute", "cpu")
    run.write(pages.SESSION.read_bytes())
    assert run.finish() == 0, run.stderr
    recorded = [line for line in svg.plain(pages.captions_lines()) if line.startswith(("🔊", "   "))]
    prompt = pages.COMMAND.count("\n")  # its further lines are indented, too
    captions = [line for line in run.stderr.splitlines() if not line.startswith("voicestream: loading ")]
    assert captions == recorded[prompt:], "make pictures"
