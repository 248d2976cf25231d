"""What cannot be right: a clear message, the documented exit code, nothing lost."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.in_process import refused
from helpers.process.running import COMMAND, line

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

GOOD = line("All is well.")


@pytest.mark.parametrize(
    ("name", "noise"),
    [
        ("broken JSON", b'{"content":[{"type":"text","text":"Hel\n'),
        ("binary bytes", bytes(range(256)) * 4 + b"\n"),
        ("NUL", b"\x00\x00\x00\n"),
        ("invalid UTF-8", b'{"content":[{"type":"text","text":"\xff\xfe"}]\n'),
        ("deep nesting", b"[" * 100_000 + b"\n"),
    ],
)
def test_noise_between_lines_loses_nothing(warm_place: Voicestream, name: str, noise: bytes) -> None:
    run = warm_place.run()
    run.write(GOOD + noise + line("Still well."))
    assert run.finish() == 0, (name, run.stderr)
    found = [event["text"] for event in run.of("sentence_found")]
    assert (found[0], found[-1]) == ("All is well.", "Still well.")
    assert len(run.of("playback_finished")) == len(found)


def test_a_line_of_100_mb_is_counted_as_failed_and_what_follows_is_spoken(warm_place: Voicestream) -> None:
    run = warm_place.run()
    run.write(GOOD)
    run.write(b'{"content":[{"type":"text","text":"')
    for _ in range(100):
        run.write(b"x" * 1_000_000)
    run.write(b'"}]}\n' + line("Still well."))
    assert run.finish() == 1, run.stderr
    assert [event["text"] for event in run.of("sentence_found")] == ["All is well.", "Still well."]
    assert any("64 MiB" in event["reason"] for event in run.of("failed")), run.events
    assert run.events[-1]["counts"]["failed"] == 1


def test_an_empty_stream_is_no_error(warm_place: Voicestream) -> None:
    run = warm_place.run()
    assert run.finish() == 0, run.stderr
    assert run.events[-1]["counts"]["found"] == 0


def test_a_closed_stdout_does_not_end_what_is_heard(warm_place: Voicestream) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "run", "--events", "-", "--output", "out.wav"],
        input=GOOD * 3,
        stdout=write,
        stderr=subprocess.PIPE,
        env=warm_place.environment,
        cwd=warm_place.cwd,
        timeout=remaining(),
        check=False,
    )
    os.close(write)
    assert done.returncode == 0, done.stderr
    assert b"no more events" in done.stderr
    assert (warm_place.cwd / "out.wav").stat().st_size > 3 * 24_000


def test_a_full_disk_for_the_file_is_said_and_counts_as_failed(warm_place: Voicestream) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is not there")
    (warm_place.cwd / "full.wav").symlink_to("/dev/full")
    run = warm_place.run(output="full.wav")
    run.write(GOOD)
    assert run.finish() == 1, run.stderr
    assert "full.wav" in run.stderr
    assert "space" in run.stderr.lower()


def test_no_audio_device_is_exit_code_69_with_a_way_out(place: Voicestream) -> None:
    place.environment["PULSE_SERVER"] = f"unix:{place.home}/no-such-server"
    place.environment["XDG_RUNTIME_DIR"] = str(place.home)
    done = place.call("run", "--keep-alive", "0", stdin=GOOD)
    assert done.returncode == 69, done.stderr
    assert "--output" in done.stderr


def test_the_agent_is_read_to_its_end_although_there_is_no_audio_device(place: Voicestream) -> None:
    place.environment["PULSE_SERVER"] = f"unix:{place.home}/no-such-server"
    place.environment["XDG_RUNTIME_DIR"] = str(place.home)
    run = place.run("--keep-alive", "0", output="speakers")
    run.write(GOOD)
    run.wait_for("session_closed")
    run.write(GOOD * 10_000)  # would raise BrokenPipeError had the reader gone
    assert run.finish() == 69


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "jp"], ["jp", "ja"]),
        (["--from", "klingon"], ["klingon"]),
        (["--speed", "99"], ["speed"]),
        (["--speed", "nan"], ["speed"]),
        (["--max-lag", "0"], ["max-lag"]),
        (["--tee", "--events", "-"], ["--events"]),
    ],
)
def test_a_wrong_option_is_named_with_what_to_type(
    place: Voicestream, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
) -> None:
    code, said = refused(place, monkeypatch, "run", *arguments)
    assert code == 2, said
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "jp"], ["jp", "ja"]),
        (["--output", "song.mp3"], ["song.mp3", ".wav"]),
        (["--output", "no/such/dir/x.wav"], ["no/such/dir"]),
        (["--events", "/no/such/dir/events"], ["/no/such/dir/events"]),
        (["--tts", "nonesuch", "--output", "null"], ["nonesuch", "espeak"]),
        (["--translator", "nonesuch", "--to", "es", "--output", "null"], ["nonesuch", "apertium"]),
    ],
)
def test_a_run_that_cannot_begin_ends_with_2_and_what_to_type(
    place: Voicestream, arguments: list[str], words: list[str]
) -> None:
    done = place.call("run", "--keep-alive", "0", *arguments, stdin=GOOD)
    assert done.returncode == 2, done.stderr
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named_with_its_line(place: Voicestream) -> None:
    (place.home / "config.toml").write_text('to = "ja"\n\n[speech.replace]\nkubectl = 3\n')
    done = place.call("run", stdin=GOOD)
    assert done.returncode == 78
    assert "line 4" in done.stderr
    assert "kubectl" in done.stderr


@pytest.mark.parametrize(
    ("setting", "words"),
    [("speed = 99", ["speed", "99"]), ("max-lag = 0", ["max-lag"]), ('only = "both"', ["only", "both", "final"])],
)
def test_a_setting_that_no_flag_could_have_is_refused_like_the_flag(
    place: Voicestream, setting: str, words: list[str]
) -> None:
    (place.home / "config.toml").write_text(setting)
    done = place.call("run", "--output", "null", "--keep-alive", "0", stdin=GOOD)
    assert done.returncode == 78, done.stderr
    for word in ("config.toml", *words):
        assert word in done.stderr


@pytest.mark.parametrize("arguments", [["workers", "status"], ["workers", "restart", "tts"], ["down"], ["pause"]])
def test_without_a_supervisor_questions_end_with_3_and_a_sentence(
    place: Voicestream, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    code, said = refused(place, monkeypatch, *arguments)
    assert (code, "no supervisor" in said) == (3, True), said


def test_an_unknown_command_is_exit_code_2(place: Voicestream) -> None:
    assert place.call("sing").returncode == 2


def test_an_empty_text_is_told_and_starts_nothing(place: Voicestream) -> None:
    done = place.call("say", " ")
    assert (done.returncode, done.stderr) == (0, "voicestream: the text is empty, so nothing is spoken\n")
    assert not place.runtime.exists()


def test_help_names_every_command(place: Voicestream) -> None:
    done = place.call("--help")
    assert done.returncode == 0
    for command in ("run", "say", "demo", "workers", "up", "down"):
        assert f"  {command} " in done.stdout


def test_a_project_can_switch_speech_off_and_its_other_keys_are_named_with_their_line(place: Voicestream) -> None:
    file = place.cwd / ".voicestream.toml"
    file.write_text("enabled = false\n")
    done = place.call("run", "--tee", stdin=b"A line.\n" * 100_000)
    assert (done.returncode, done.stdout) == (0, "A line.\n" * 100_000)
    assert f"speech is off: {file}, line 1" in done.stderr
    assert place.call("say", "Hello.").returncode == 0
    assert "speech is off: --disabled" in place.call("demo", "--disabled").stderr
    assert not place.runtime.exists(), "no supervisor was started"
    file.write_text('captions = false\ntts = "espeak"\n')
    done = place.call("run", stdin=line("Hello."))
    assert done.returncode == 78
    assert f"{file}, line 2: tts is not allowed" in done.stderr
