"""Which voice engine speaks when sessions want different ones, and what people hear of the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line
from helpers.voices import auto_voice
from helpers.voices.planted_voices import plant
from helpers.voices.plugging import offer_specs

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream


@pytest.fixture
def models(place: Voicestream) -> Path:
    """A directory with no models in it, which nobody minds who does not look."""
    (place.home / "models").mkdir()
    return place.home / "models"


def voices(place: Voicestream) -> int:
    """Return the number of tts workers."""
    return [worker["role"] for worker in place.status()["workers"]].count("tts")


def incarnation(place: Voicestream) -> int:
    found: int = place.worker("tts")["incarnation"]
    return found


@pytest.mark.parametrize("first", [auto_voice.NAME, "auto"])
def test_models_are_no_reason_to_refuse_who_wants_an_engine_that_does_not_look_at_them(
    place: Voicestream, models: Path, first: str
) -> None:
    listening = place.run("--tts", first)
    listening.write(line("One."))
    listening.wait_for("playback_finished")
    for wanted in (auto_voice.NAME, "auto"):
        other = place.run("--tts", wanted, "--models", str(models))
        other.write(line("Two."))
        assert other.finish() == 0, other.stderr
    assert listening.finish() == 0
    assert incarnation(place) == 1


def test_an_engine_that_may_look_at_them_is_not_shared_by_who_wants_other_models(
    place: Voicestream, models: Path
) -> None:
    plant(place)
    listening = place.run("--tts", "steady")
    listening.write(line("One."))
    listening.wait_for("playback_finished")
    other = place.run("--tts", "steady", "--models", str(models))
    other.write(line("Two."))
    assert other.finish() == 0, other.stderr
    assert listening.finish() == 0
    assert voices(place) == 2


def test_auto_that_finds_nothing_else_among_other_models_shares_the_voice_that_runs(
    place: Voicestream, models: Path
) -> None:
    auto_voice.chooses(place)
    for options in ((), ("--tts", auto_voice.NAME, "--models", str(models)), ("--models", str(models))):
        run = place.run(*options)
        run.write(line("One."))
        assert run.finish() == 0, run.stderr
        assert (voices(place), incarnation(place)) == (1, 1)


NOT_READY = """
from voicestream.engines.spec import SynthesizerSpec
from voicestream.errors import EngineNotReadyError

def load(settings, report):
    raise EngineNotReadyError("it is hoarse", hint="voicestream cure")

SPEC = SynthesizerSpec(name="better", title="A better voice", rank=1000, load=load)
"""


def test_what_a_better_voice_lacks_is_told_once_a_supervisor_and_by_its_status(place: Voicestream) -> None:
    site = place.home / "site"
    place.environment["PYTHONPATH"] = offer_specs(
        site, "voicestream-better", {"voicestream.synthesizers": {"better": "better:SPEC"}}
    )
    (site / "better.py").write_text(NOT_READY)
    auto_voice.chooses(place)
    told_voice = f"voice: {auto_voice.NAME}; better is not ready: it is hoarse (voicestream cure)"
    for options, told in ((["--quiet"], 0), ([], 1), ([], 0)):
        run = place.run(*options)
        run.write(line("One."))
        assert run.finish() == 0, run.stderr
        assert run.stderr.count(told_voice) == told
        assert "tts: better is not ready: it is hoarse (voicestream cure)" in place.call("workers", "status").stdout
        place.call("workers", "restart", "tts")
