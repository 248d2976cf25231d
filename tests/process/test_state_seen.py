"""A pause that can be seen: by who paused, by who listens, and in the status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.process.running import line, wait_until

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

PAUSED = "⏸ paused: voicestream resume"


def said(place: Voicestream, command: str) -> str:
    done = place.call(command)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr.strip().removeprefix("voicestream: ")


def test_a_pause_is_told_to_who_paused_who_listens_and_in_the_status(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    assert said(place, "skip") == "nothing is being spoken"
    assert said(place, "resume") == "nothing is paused"
    assert said(place, "pause").startswith("paused: nothing is being spoken")
    assert said(place, "pause") == "already paused"
    run = place.run()
    run.write(line("One.") + line("Two."))
    wait_until(lambda: PAUSED in run.stderr, "it says at once that nothing will be heard")
    run.wait_for("speech_finished", 2)
    supervisor = place.status()["supervisor"]
    assert (supervisor["paused"], supervisor["paused_by"]) == (True, "voicestream pause")
    assert (supervisor["waiting_sentences"], supervisor["speaking_session"]) == (2, None)
    assert supervisor["behind_seconds"] > 0
    assert PAUSED.split(":", maxsplit=1)[0] in place.call("workers", "status").stdout

    assert said(place, "resume") == "resumed"
    run.wait_for("playback_finished", 2)
    assert [event["event"] for event in run.events if event["event"] in ("paused", "resumed")] == ["resumed"]
    assert said(place, "pause").startswith("paused")
    run.wait_for("paused")
    assert run.stderr.count(PAUSED) == 2
    run.write(line("Three."))
    run.wait_for("speech_finished", 3)
    assert said(place, "hush") == "skipped one sentence"
    assert run.finish() == 1
    supervisor = place.status()["supervisor"]
    assert (supervisor["paused"], supervisor["paused_by"], supervisor["behind_seconds"]) == (False, "", 0.0)


def test_a_pause_outlives_a_session_with_nothing_left_to_speak(place: Voicestream) -> None:
    run = place.run()
    run.write(line("One."))
    run.wait_for("playback_finished")
    assert said(place, "pause").startswith("paused: nothing is being spoken")
    assert run.finish() == 0
    assert place.status()["supervisor"]["paused"], "what comes waits, as the answer said"
    assert said(place, "resume") == "resumed"
