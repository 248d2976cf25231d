"""Several engines of a role at once: each session is spoken by its own, and what happens to one concerns no other."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from helpers.process.running import line, wait_until
from helpers.voices import quick_voice
from helpers.voices.planted_voices import plant
from voicestream.bench import null_engines

if TYPE_CHECKING:
    from helpers.process.running import Run, Voicestream

TEXTS = [f"Sentence number {number} of this session, which has a few more words than it needs." for number in range(16)]

TRANSLATED = ("--to", "de", "--translator", null_engines.NAME)


@pytest.fixture
def several(place: Voicestream) -> Voicestream:
    """A place with further engines."""
    null_engines.plug_in(place.home / "idle")
    quick = quick_voice.plug_in(place.home / "quick")
    place.environment["PYTHONPATH"] = os.pathsep.join([quick, str(place.home / "idle")])
    return place


def workers(place: Voicestream, role: str) -> dict[str, dict[str, Any]]:
    """The status of the workers of a role, by engine."""
    return {worker["engine"]: worker for worker in place.status()["workers"] if worker["role"] == role}


def spoken(place: Voicestream, *options: str, output: str = "null") -> Run:
    """A session of which one sentence was heard."""
    run = place.run(*options, output=output)
    run.write(line("To begin with."))
    run.wait_for("playback_finished")
    return run


def test_sessions_with_other_engines_speak_side_by_side_and_share_what_is_the_same(several: Voicestream) -> None:
    plain = spoken(several)
    quick = spoken(several, "--tts", quick_voice.NAME)
    assert workers(several, "translation").keys() == {""}, "nobody translates yet"
    translated = spoken(several, *TRANSLATED)
    named = spoken(several, "--tts", "espeak")
    tts = workers(several, "tts")
    assert {engine: worker["sessions"] for engine, worker in tts.items()} == {"espeak": 3, quick_voice.NAME: 1}
    assert workers(several, "translation")[null_engines.NAME]["sessions"] == 1
    for run in (plain, quick, translated, named):
        run.write(line("To end with."))
        assert run.finish() == 0, run.stderr
        assert len(run.of("playback_finished")) == 2


def test_the_death_of_a_worker_concerns_only_the_sessions_that_need_it(several: Voicestream) -> None:
    plain = spoken(several)
    quick = spoken(several, "--tts", quick_voice.NAME)
    os.kill(workers(several, "tts")[quick_voice.NAME]["pid"], signal.SIGKILL)
    told = quick.wait_for("worker", 3)
    assert {event["engine"] for event in told[-3:]} == {quick_voice.NAME}
    for run in (plain, quick):
        run.write(line("To end with."))
        assert run.finish() == 0, run.stderr
    assert not [event for event in plain.of("worker") if event.get("engine") == quick_voice.NAME]
    assert workers(several, "tts")["espeak"]["restarts"] == 0


def test_restart_is_of_all_workers_of_a_role_or_of_those_of_one_engine(several: Voicestream) -> None:
    runs = [spoken(several), spoken(several, "--tts", quick_voice.NAME)]
    both = several.call("workers", "restart", "tts")
    assert (both.returncode, both.stderr.count("is ready again")) == (0, 2), both.stderr
    one = several.call("workers", "restart", f"tts:{quick_voice.NAME}", "--now")
    assert (one.returncode, one.stderr.count("is ready again")) == (0, 1), one.stderr
    assert f"tts:{quick_voice.NAME} is ready again" in one.stderr
    assert {engine: worker["restarts"] for engine, worker in workers(several, "tts").items()} == {
        "espeak": 1,
        quick_voice.NAME: 2,
    }
    wrong = several.call("workers", "restart", "tts:elevenlabs")
    assert wrong.returncode == 2
    assert f"Try one of: tts:espeak, tts:{quick_voice.NAME}" in wrong.stderr
    nobody = several.call("workers", "restart", "translation")
    assert (nobody.returncode, "there is no worker translation" in nobody.stderr) == (2, True)
    logged = several.call("workers", "logs", f"tts:{quick_voice.NAME}").stdout
    assert f"engine={quick_voice.NAME}" in logged
    assert "engine=espeak" not in logged
    for run in runs:
        assert run.finish() == 0, run.stderr


def test_a_worker_that_no_session_needs_ends_and_the_next_session_starts_it_again(several: Voicestream) -> None:
    several.environment["VOICESTREAM_WORKERS_IDLE"] = "0"
    plain = spoken(several)
    assert spoken(several, "--tts", quick_voice.NAME, *TRANSLATED).finish() == 0
    wait_until(lambda: workers(several, "tts").keys() == {"espeak"}, "the voice that nobody needs has ended")
    wait_until(lambda: workers(several, "translation").keys() == {""}, "and the translator")
    assert "dismissed='no session has needed it for 0 s'" in several.log_text("supervisor")
    assert spoken(several, "--tts", quick_voice.NAME).finish() == 0
    assert plain.finish() == 0


def test_files_are_byte_identical_when_two_voices_are_killed_again_and_again(several: Voicestream) -> None:
    others = several.environment["PYTHONPATH"]
    plant(several)
    several.environment["PYTHONPATH"] += os.pathsep + others
    engines = {"espeak": ("--tts", "espeak"), "steady": ("--tts", "steady", *TRANSLATED)}
    agent = b"".join(line(text) for text in TEXTS)
    wanted: dict[str, bytes] = {}
    for name, options in engines.items():
        undisturbed = several.run(*options, output=f"{name}.wav")
        undisturbed.write(agent)
        assert undisturbed.finish() == 0, undisturbed.stderr
        wanted[name] = (several.cwd / f"{name}.wav").read_bytes()
    runs = {name: several.run(*options, output=f"killed-{name}.wav") for name, options in engines.items()}
    beside = several.run("--tts", quick_voice.NAME)
    for run in (*runs.values(), beside):
        run.write(agent)
    for heard in (3, 8, 12):
        for run in runs.values():
            run.wait_for("playback_finished", heard)
        killed = {worker["pid"] for worker in workers(several, "tts").values() if worker["state"] in ("ready", "busy")}
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        # The status shows a killed process until the supervisor has reaped it; the next round could not kill that one.
        wait_until(
            lambda killed=killed: killed.isdisjoint(worker["pid"] for worker in workers(several, "tts").values()),
            "the supervisor has reaped each killed voice",
        )
    for run in (*runs.values(), beside):
        assert run.finish() == 0, run.stderr
        assert [event["sentence"] for event in run.of("playback_finished")] == list(range(len(TEXTS)))
    for name in engines:
        assert (several.cwd / f"killed-{name}.wav").read_bytes() == wanted[name]
