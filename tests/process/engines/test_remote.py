"""Sessions whose voice and translator are on other hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from helpers.process.running import line
from helpers.remote import chaos
from helpers.remote.fake_server import FakeServer, sound

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream


TEXTS = ["This is the first sentence.", "This is the second one.", "And this is the third."]


def configure(place: Voicestream, *servers: FakeServer) -> None:
    place.environment |= {"VOICESTREAM_TTS": "remote", "VOICESTREAM_REMOTE_TOKEN": "secret"}
    urls = ", ".join(f'"{server.url}"' for server in servers)
    (place.home / "config.toml").write_text(f"[remote]\ntts = [{urls}]\ntranslator = [{urls}]\n")


def test_sentences_are_translated_and_spoken_by_hosts_that_fail_now_and_then(place: Voicestream) -> None:
    token = "secret"  # noqa: S105 - of a test
    with FakeServer(token=token) as first, FakeServer(token=token) as second:
        configure(place, first, second)
        first.faults += ["refuse", "cut", "odd", "500"]
        run = place.run("--to", "de", "--translator", "remote", output=str(place.home / "heard.wav"))
        for text in TEXTS:
            run.write(line(text))
        assert run.finish() == 0, run.stderr
        urls = f"{first.url}, {second.url}"
        assert f"sentences are sent to other hosts: translated by {urls}; spoken by {urls}" in run.stderr
        assert {event["engine"] for event in run.of("translated")} == {"remote"}
        heard = (place.home / "heard.wav").read_bytes()[44:]
        for text in TEXTS:
            request = next(one for one in [*first.requests, *second.requests] if one.get("input") == f"de: {text}")
            assert heard.count(sound(request["input"], request["seed"])) == 1, "each sentence once, every sample"
        assert place.worker("tts")["device"] in (first.url, second.url)
        assert "secret" not in place.log_text("tts") + place.log_text("supervisor")
        assert not any(text in place.log_text("tts") for text in TEXTS)


def test_in_an_outage_a_voice_of_this_machine_speaks_and_the_hosts_do_again_afterwards(place: Voicestream) -> None:
    server = FakeServer()
    with server:
        configure(place, server)
        run = place.run(output=str(place.home / "heard.wav"))
        run.write(line(TEXTS[0]))
        run.wait_for("speech_finished")
        server.stop()
        for text in TEXTS:
            run.write(line(text))
        run.wait_for("speech_finished", 4)
        assert run.stderr.count("falling back to") == 1, "it is told once"
        assert "connection refused" in run.stderr
    with FakeServer(port=server.port) as again:
        numbers = 4
        while not again.requests:
            run.write(line("Is it there again?"))
            numbers += 1
            run.wait_for("speech_finished", numbers)
        assert run.finish() == 0, run.stderr
        assert f"{again.url} answers again" in run.stderr
    played = run.of("playback_finished")
    assert [event["sentence"] for event in played] == list(range(numbers)), "none is lost, none is heard twice"
    samples = np.frombuffer((place.home / "heard.wav").read_bytes()[44:], "<i2")
    assert len(samples) == sum(event["frames"] for event in played)


def test_a_sentence_that_broke_off_is_reported_and_those_after_it_are_spoken_here(place: Voicestream) -> None:
    server = FakeServer(chunk_seconds=0.05)
    with server:
        configure(place, server)
        run = place.run()
        run.write(line("This sentence is long enough to be cut in the middle of it."))
        run.wait_for("speech_started")
        server.stop()
        run.write(line(TEXTS[1]))
        assert run.finish() == 1
        lost = run.of("failed") + run.of("skipped")
        assert [event["sentence"] for event in lost] == [0]
        assert "the rest of the sentence was not received" in lost[0]["reason"]
        assert [event["sentence"] for event in run.of("playback_finished")][-1] == 1


def test_a_refused_translation_is_made_here_and_without_a_translator_the_original_is_spoken(
    place: Voicestream, firefox_models: Path
) -> None:
    with FakeServer(["422"] * 9) as server:
        configure(place, server)
        place.environment |= {"VOICESTREAM_TTS": "espeak", "PATH": "/nowhere"}  # without Apertium
        options = ("--translator", "remote", "--models", str(firefox_models), "--compute", "cpu")
        run = place.run("--to", "pt", *options)
        run.write(line("All 42 tests pass."))
        assert run.finish() == 0, run.stderr
        assert [(event["engine"], event["text"]) for event in run.of("translated")] == [
            ("firefox", "Todos os 42 testes passam.")
        ]
        assert "HTTP 422): falling back to firefox" in run.stderr
        other = place.run("--to", "cy", *options)
        other.write(line("All 42 tests pass."))
        assert other.finish() == 1
        assert "1 not translated" in other.stderr
        assert len(other.of("playback_finished")) == 1


def test_servers_that_are_killed_and_frozen_leave_the_sound_as_it_was(place: Voicestream) -> None:
    """As ``make chaos-remote`` does with 1,000 sentences."""
    result = chaos.run(place, sentences=12, seed=3, chance=0.1)
    assert result.troubles == []
    assert result.faults.total() > 0
