"""Which card each worker is told to compute on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line
from helpers.voices.planted_cards import plant
from voicestream.supervisor.ledger.speaking import FIRST_SOUND_SECONDS

if TYPE_CHECKING:
    from helpers.process.running import Run, Voicestream

ENGINES = ("--translator", "told", "--tts", "told")


@pytest.fixture
def told(place: Voicestream) -> Voicestream:
    """A place whose engines show where they are to compute."""
    plant(place)
    return place


def speak(place: Voicestream, *options: str) -> Run:
    run = place.run("--to", "de", *ENGINES, *options)
    run.write(line("Hello there."))
    run.wait_for("playback_finished")
    return run


def devices(place: Voicestream) -> list[str]:
    return [place.worker(role)["device"] for role in ("translation", "tts")]


def test_each_worker_computes_on_the_card_of_its_role(told: Voicestream) -> None:
    run = speak(told, "--gpu", "translation=0", "--gpu", "tts=1")
    assert devices(told) == ["cuda:0", "cuda:1"]
    assert [told.worker(role)["incarnation"] for role in ("translation", "tts")] == [1, 1]
    assert run.finish() == 0, run.stderr


def test_a_card_of_the_users_file_is_for_both(told: Voicestream) -> None:
    (told.home / "config.toml").write_text("gpu = 1\n")
    run = speak(told)
    assert devices(told) == ["cuda:1", "cuda:1"]
    assert run.finish() == 0, run.stderr


def test_up_takes_cards_and_a_session_that_wants_them_finds_them_warm(told: Voicestream) -> None:
    told.environment["VOICESTREAM_GPU"] = "2 tts=3"
    assert told.call("up", *ENGINES).returncode == 0
    run = speak(told)
    assert devices(told) == ["cuda:2", "cuda:3"]
    assert run.finish() == 0, run.stderr
    assert [told.worker(role)["incarnation"] for role in ("translation", "tts")] == [1, 1]


def test_a_session_on_other_cards_speaks_beside_one_that_listens_and_shares_what_is_the_same(told: Voicestream) -> None:
    first = speak(told, "--gpu", "0")
    second = speak(told, "--gpu", "0", "--gpu", "tts=1")
    rows = {(worker["role"], worker["device"]): worker["sessions"] for worker in told.status()["workers"][1:-1]}
    assert rows == {("translation", "cuda:0"): 2, ("tts", "cuda:0"): 1, ("tts", "cuda:1"): 1}
    assert (first.finish(), second.finish()) == (0, 0)


def test_on_one_card_the_next_batch_waits_for_the_first_sound(told: Voicestream) -> None:
    run = told.run("--to", "de", "--translator", "told", "--tts", "slow", "--gpu", "0")
    run.write(line("Nobody waits for a batch that loads."))
    run.wait_for("playback_finished")
    run.write(line("One.") + line("Two."))
    assert run.finish() == 0, run.stderr
    _, first, second = (event["time"] for event in run.of("translated"))
    assert second - first >= FIRST_SOUND_SECONDS


@pytest.mark.parametrize("command", [("run",), ("up",), ("say", "Hello.")])
def test_a_contradiction_is_refused_by_every_command(place: Voicestream, command: tuple[str, ...]) -> None:
    done = place.call(*command, "--compute", "cpu", "--gpu", "tts=1")
    assert done.returncode == 2
    assert "--compute cpu and --gpu tts=1 contradict each other" in done.stderr
    assert place.call("workers", "status").returncode == 3
