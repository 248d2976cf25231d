"""``voicestream voices`` and ``--voice`` as people and scripts use them."""

from __future__ import annotations

import json
import shlex
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from helpers.audio.recordings import record, speech
from helpers.models.tiny_voices import kokoro, xtts
from helpers.process.in_process import refused
from helpers.process.running import COMMAND, line, wait_until
from helpers.process.terminal import Terminal
from helpers.voices import auto_voice, parrot

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

pytest.importorskip("soundfile", reason="soundfile not found: make neural")

CONSENT = "--i-have-consent"


@pytest.fixture
def me(place: Voicestream) -> Path:
    """A recording, where the user is."""
    return record(place.cwd / "me.wav", speech(8.0))


@pytest.fixture
def models(place: Voicestream) -> Path:
    """The user's models: XTTS and Kokoro, as far as their names go."""
    directory = place.home / "data" / "voicestream" / "models"
    xtts(directory / "xtts-v2")
    kokoro(directory / "kokoro-82m-v1.0")
    return directory


def kept(place: Voicestream) -> Path:
    return place.home / "data" / "voicestream" / "voices"


def listed(place: Voicestream) -> dict[str, Any]:
    done = place.call("voices", "list", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def heard(file: Path) -> np.ndarray:
    with wave.open(str(file)) as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), "<i2") / 32_768


# --- add, list, remove


def own(place: Voicestream) -> list[dict[str, Any]]:
    """The voices that no engine brings."""
    return [voice for voice in listed(place)["voices"] if voice["kind"] != "built-in"]


def test_a_voice_is_added_listed_and_removed(place: Voicestream, me: Path) -> None:
    done = place.call("voices", "add", "My Voice", "me.wav", CONSENT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert 'the voice "My Voice" is kept, 8 s\nTry: voicestream voices try "My Voice"' in done.stderr
    (voice,) = own(place)
    assert (voice["name"], voice["kind"], voice["engine"]) == ("My Voice", "own", "xtts")
    assert voice["path"] == str(kept(place) / "My Voice" / "sample.wav")
    assert voice["consent"]["by"] == CONSENT
    assert voice["consent"]["words"] == "I am the speaker, or have the speaker's permission."
    assert "My Voice: your own, 8 s, agreed on 20" in place.call("voices", "list").stdout
    assert place.call("voices", "remove", "my voice").returncode == 0
    assert own(place) == []
    assert not (kept(place) / "My Voice").exists()


def test_without_consent_nothing_is_kept_and_a_script_is_told_what_to_add(place: Voicestream, me: Path) -> None:
    done = place.call("voices", "add", "me", "me.wav")
    assert done.returncode == 78
    assert "It is used only when the speaker has agreed." in done.stderr
    assert f"add: {CONSENT}" in done.stderr
    assert not kept(place).exists()


def at_terminal(place: Voicestream, *command: str) -> Terminal:
    return Terminal(
        f"{shlex.join([*COMMAND, *command])}; echo exit=$?", place.environment | {"TERM": "xterm"}, place.cwd
    )


def wait_for(terminal: Terminal, words: str) -> None:
    wait_until(lambda: words in terminal.shown, f"it shows {words}", seen=lambda: terminal.shown)


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 78)])
def test_at_a_terminal_consent_is_asked_for(place: Voicestream, me: Path, answer: str, code: int) -> None:
    with at_terminal(place, "voices", "add", "me", "me.wav") as terminal:
        wait_for(terminal, "I am the speaker, or have the speaker's permission.")
        wait_for(terminal, "[y/n]")
        terminal.type(f"{answer}\n")
        wait_for(terminal, f"exit={code}")
    assert kept(place).exists() == (answer == "y")


def test_warnings_are_told_and_a_recording_that_will_not_do_is_refused(place: Voicestream) -> None:
    record(place.cwd / "short.mp3", speech(4.0))
    done = place.call("voices", "add", "short", "short.mp3", CONSENT)
    assert done.returncode == 0
    assert "voicestream: short: there are only 4.0 s of speech in it" in done.stderr
    record(place.cwd / "shorter.flac", speech(2.0))
    done = place.call("voices", "add", "shorter", "shorter.flac", CONSENT)
    assert done.returncode == 2
    assert "shorter.flac cannot be a voice: there are only 2.0 s of speech in it; at least 3 are needed" in done.stderr
    both = place.call("voices", "add", "both", "short.mp3", "shorter.flac", CONSENT)
    assert both.returncode == 0
    assert 'the voice "both" is kept, 6 s' in both.stderr


@pytest.mark.parametrize("name", ["claribel dervla", "af_heart", "en-gb"])
def test_a_name_that_an_engine_has_is_refused(
    place: Voicestream, monkeypatch: pytest.MonkeyPatch, me: Path, models: Path, name: str
) -> None:
    code, said = refused(place, monkeypatch, "voices", "add", name, "me.wav", CONSENT)
    assert (code, f'has a voice "{name}" already' in said) == (2, True), said


def test_voices_of_engines_are_listed(place: Voicestream, models: Path) -> None:
    shown = place.call("voices", "list").stdout
    assert "xtts: Claribel Dervla, Daisy Studious, Aaron Dreschner\n" in shown
    assert "kokoro: af_heart, jf_alpha\n" in shown
    assert "languages and dialects (en-gb)" in shown
    found = listed(place)
    engines = {(voice["engine"], voice["kind"], voice["name"]) for voice in found["voices"]}
    assert ("xtts", "built-in", "Claribel Dervla") in engines
    assert ("kokoro", "built-in", "jf_alpha") in engines
    assert "f3" in found["espeak"]["variants"]


def test_what_is_not_set_up_is_listed_with_the_command_that_sets_it_up(place: Voicestream) -> None:
    shown = place.call("voices", "list").stdout
    assert "xtts: not set up; try: voicestream setup --voice-model xtts" in shown
    assert "kokoro: not set up; try: voicestream setup --voice-model kokoro" in shown


def test_what_is_to_be_removed_must_be_said(place: Voicestream, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (("voices", "remove"), ("voices", "remove", "me", "--files")):
        code, said = refused(place, monkeypatch, *command)
        assert (code, "voices remove NAME" in said) == (2, True), said
    assert refused(place, monkeypatch, "voices", "remove", "me")[0] == 2


# --- spoken with


def test_a_voice_of_ones_own_reaches_the_engine_from_wherever_it_is_named(place: Voicestream, me: Path) -> None:
    parrot.plant(place)
    assert place.call("voices", "add", "me", "me.wav", CONSENT).returncode == 0
    run = place.run("--tts", "parrot", "--voice", "ME", output=str(place.cwd / "run.wav"))
    run.write(line("Hello."))
    assert run.finish() == 0, run.stderr
    (place.home / "config.toml").write_text('voice = "nobody"\ntts = "espeak"\n')
    done = place.call("voices", "try", "me", "--tts", "parrot", "--output", "try.wav")
    assert done.returncode == 0, done.stderr
    assert "Hello, this is how I sound" in done.stderr
    for name in ("run.wav", "try.wav"):
        sound = heard(place.cwd / name)
        assert len(sound) / 24_000 == pytest.approx(8.0, abs=1.0)
        assert np.abs(sound).max() == pytest.approx(0.2, abs=0.02)


def test_a_file_is_used_once_its_speaker_has_agreed_at_a_terminal(place: Voicestream, me: Path) -> None:
    parrot.plant(place)
    command = ("say", "--tts", "parrot", "--voice", "me.wav", "--output", "out.wav", "Hello.")
    refused = place.call(*command)
    assert refused.returncode == 78
    assert f"Once, try: voicestream voices add me {me}\nThen: --voice me" in refused.stderr
    with at_terminal(place, *command) as terminal:
        wait_for(terminal, "[y/n]")
        terminal.type("y\n")
        wait_for(terminal, "exit=0")
    assert np.abs(heard(place.cwd / "out.wav")).max() == pytest.approx(0.2, abs=0.02)
    # Now everybody may use it: a pipe, too, in which nobody could be asked.
    run = place.run("--tts", "parrot", "--voice", str(me))
    run.write(line("Hello."))
    assert run.finish() == 0, run.stderr
    assert [voice["kind"] for voice in own(place)] == ["file"]
    assert "removed: 1 without a name" in place.call("voices", "remove", "--files").stderr
    assert place.call(*command).returncode == 78


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--voice", "none.wav"), 2, "--voice none.wav: there is no such file"),
        (("--voice", "me.wav"), 78, "there are no XTTS weights in"),
        (("--voice", "me.wav", "--tts", "espeak"), 2, "espeak has its own voices only"),
        (("--voice", "Claribel Dervla", "--tts", "espeak"), 1, "XTTS has voices of two words"),
    ],
)
def test_a_voice_that_cannot_speak_is_said(
    place: Voicestream, me: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    done = auto_voice.chooses(place).call("say", "--output", "null", *options, "Hello.")
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize(
    ("voice", "words"), [("en-gb+f3", "Hello, this is how I sound"), ("de", "Hallo, so klinge ich")]
)
def test_a_voice_of_espeak_is_tried_in_its_own_language(place: Voicestream, voice: str, words: str) -> None:
    done = place.call("voices", "try", voice, "--output", "null")
    assert done.returncode == 0, done.stderr
    assert words in done.stderr
