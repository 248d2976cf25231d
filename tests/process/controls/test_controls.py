"""Controls as a person types them, beside sessions that run, end and lose their workers."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from helpers.process.running import line, wait_until
from voicestream.protocol.messages import PlaybackSettings

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

SENTENCES = ("One is said.", "Two is said now.", "Three is the third one.", "Four waits.", "Five waits, too.")


def test_what_is_repeated_survives_its_workers_and_is_counted_once(place: Voicestream) -> None:
    run = place.run()
    run.write(b"".join(line(text) for text in SENTENCES[:3]))
    frames = [event["frames"] for event in run.wait_for("playback_finished", 3)]
    assert place.control("pause") == "paused: nothing is being spoken, and what comes waits for `voicestream resume`"
    run.write(b"".join(line(text) for text in SENTENCES[3:]))
    run.wait_for("speech_finished", 4)
    assert place.control("back", sentences=2) == "playing 2 sentences again"
    os.kill(place.pid_of("player"), signal.SIGKILL)
    os.kill(place.pid_of("tts"), signal.SIGKILL)
    assert place.control("skip") == "nothing is being spoken"
    run.wait_for("repeated", 2)
    place.control("resume")
    assert run.finish() == 0, run.stderr
    repeated = {event["sentence"]: event["repeats"] for event in run.of("repeated")}
    finished = run.of("playback_finished")
    assert [repeated.get(event["sentence"], event["sentence"]) for event in finished] == [0, 1, 2, 1, 2, 3, 4]
    assert [event["frames"] for event in finished][3:5] == frames[1:]
    (closed,) = run.of("session_closed")
    assert closed["counts"] == {"found": 5, "played": 5, "skipped": 0, "failed": 0, "untranslated": 0}

    place.control("pause")
    assert place.call("replay", "--sentences", "9").stderr == "voicestream: playing 5 sentences again\n"
    (session,) = json.loads(place.call("status", "--json").stdout)["sessions"]
    assert (session["detached"], session["client_pid"], session["waiting_sentences"]) == (True, None, 0)
    os.kill(place.pid_of("tts"), signal.SIGKILL)
    os.kill(place.pid_of("player"), signal.SIGKILL)
    place.control("resume")
    wait_until(lambda: not place.status()["supervisor"]["sessions"], "the repetition has ended")
    assert json.loads(place.call("status", "--json").stdout)["failures"] == []


def test_settings_are_those_of_the_supervisor_and_of_its_next_player(place: Voicestream) -> None:
    assert place.call("up", "--tts", "espeak").returncode == 0
    assert place.control("speed", playback=PlaybackSettings(speed=1.5)) == "speed 1.5, volume 100%"
    assert place.call("volume", "40%").stderr == "voicestream: speed 1.5, volume 40%\n"
    assert place.control("mute") == "speed 1.5, volume 40%, muted"
    assert place.status()["supervisor"]["playback"] == {"speed": 1.5, "volume": 0.4, "muted": True}
    assert place.call("status").stdout.splitlines()[1:4] == [
        "muted: voicestream unmute",
        "volume 40%: voicestream volume 100%",
        "speed 1.5: voicestream speed 1",
    ]
    assert place.control("unmute") == "speed 1.5, volume 40%"
    assert place.control("back") == "nothing was spoken that can be played again"
