"""``voicestream run --tts piper``: fetched, set up and spoken by the real worker."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from helpers.audio.comparing import first_difference
from helpers.models import piper_voices
from helpers.models.hub_server import HubServer
from helpers.models.pulling import models_of
from helpers.process.running import line
from helpers.voices import auto_voice, slowed_voice
from helpers.voices.killed_voice import whole_and_killed

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

piper_voices.skip_unless_engine_installed()

MODEL = f"piper-{piper_voices.NAME}"


def test_each_language_is_spoken_by_its_voice_and_auto_takes_it_where_there_is_one(place: Voicestream) -> None:
    models = place.home / "models"
    piper_voices.build(models, "de_DE-tiny-low", espeak="de")
    piper_voices.build(models, "fr_FR-tiny-low", espeak="fr")
    german = "Alle Tests sind durchgelaufen, und die Datei ist wieder da."
    run = place.run("--tts", "piper", "--models", str(models), "--from", "de")
    run.write(line(german))
    assert run.finish() == 0, run.stderr
    assert place.worker("tts")["engine"] == "piper"
    refused = place.run("--tts", "piper", "--models", str(models), "--from", "es")
    refused.write(line("Todas las pruebas pasan."))
    assert refused.finish() == 1
    assert refused.of("skipped")[0]["reason"] == "piper does not speak es"
    run = auto_voice.chooses(place).run("--models", str(models), "--to", "de", "--from", "de")
    run.write(line(german))
    assert run.finish() == 0, run.stderr
    assert "piper" in {worker["engine"] for worker in place.status()["workers"] if worker["role"] == "tts"}


def test_a_worker_that_is_killed_in_mid_sentence_goes_on_at_the_very_sample(place: Voicestream) -> None:
    piper_voices.skip_unless_installed()
    slowed_voice.plug_in(place, "piper")
    models = str(piper_voices.link_real(place.home / "models"))
    whole, killed = whole_and_killed(place, "--tts", slowed_voice.NAME, "--models", models)
    assert len(whole) > 2 * 24_000 * 4
    assert first_difference(killed, whole) is None


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The folder of the real voice, as the repository of voices has it."""
    piper_voices.skip_unless_installed()
    place = tmp_path / "en" / "en_US" / "joe" / "medium"
    place.mkdir(parents=True)
    for suffix in piper_voices.SHA256:
        shutil.copy(piper_voices.real() / f"{piper_voices.NAME}{suffix}", place)
    return tmp_path


def test_setup_fetches_a_voice_by_its_name_shows_its_licence_and_it_speaks(
    place: Voicestream, repository: Path, tmp_path: Path
) -> None:
    place.environment["XDG_DATA_HOME"] = str(place.home / "data")
    with HubServer(repository, "rhasspy/piper-voices") as server:
        place.environment["VOICESTREAM_MIRROR"] = server.address
        done = place.call("setup", "--to", "en", "--yes", "--voice-model", f"piper:{piper_voices.NAME}")
        assert done.returncode == 0, done.stderr
        assert "Creative Commons Zero" in done.stderr
        assert "ready to speak English" in done.stderr
        carried = tmp_path / "carried"
        pulled = place.call("models", "pull", MODEL, "--dir", str(carried))
        assert pulled.returncode == 0, pulled.stderr
    shutil.rmtree(models_of(place))
    place.environment["VOICESTREAM_MIRROR"] = "http://127.0.0.1:9"
    done = place.call(
        "setup", "--to", "en", "--yes", "--voice-model", f"piper:{piper_voices.NAME}", "--dir", str(carried)
    )
    assert done.returncode == 0, done.stderr
    assert f"piper: {piper_voices.NAME}\n" in place.call("voices", "list").stdout
    run = place.run("--tts", "piper")
    run.write(line("Hello there."))
    assert run.finish() == 0, run.stderr


def test_a_voice_that_is_not_offered_or_speaks_another_language_is_answered_with_what_is(place: Voicestream) -> None:
    for answer, words in (
        ("piper:de_DE-torsten-medium", "Did you mean piper:de_DE-thorsten-medium?"),
        ("piper:de_DE-thorsten-medium", "does not speak English"),
    ):
        done = place.call("setup", "--to", "en", "--yes", "--voice-model", answer)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
