"""``--captions-file``: cues that fit the sound file, and what happens when it cannot be written."""

from __future__ import annotations

import os
import re
import signal
import wave
from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

TEXTS = ("The first sentence.", "The second one is longer than that.", "Third.")
AGENT = b"".join(line(text) for text in TEXTS)
TIME = re.compile(r"(\d+):(\d+):(\d+)[.,](\d+)")


def times(captions: Path) -> list[float]:
    """All times in seconds, in their order."""
    found = TIME.findall(captions.read_text())
    return [int(hours) * 3600 + int(minutes) * 60 + int(rest) + int(ms) / 1000 for hours, minutes, rest, ms in found]


def seconds_of(sound: Path) -> float:
    """Length of a sound file."""
    if sound.suffix == ".wav":
        with wave.open(str(sound)) as file:
            return file.getnframes() / file.getframerate()
    soundfile = pytest.importorskip("soundfile", reason="soundfile not found: make test installs it")
    seconds: float = soundfile.info(sound).duration
    return seconds


@pytest.mark.parametrize(("suffix", "output"), [(".srt", "talk.wav"), (".vtt", "talk.flac")])
def test_cues_cover_the_sound_file_also_when_the_player_was_killed(
    warm_place: Voicestream, tmp_path: Path, suffix: str, output: str
) -> None:
    captions, sound = tmp_path / f"talk{suffix}", tmp_path / output
    run = warm_place.run("--captions-file", str(captions), output=str(sound))
    run.write(AGENT[: len(line(TEXTS[0]))])
    run.wait_for("playback_finished")
    os.kill(warm_place.pid_of("player"), signal.SIGKILL)
    run.write(AGENT[len(line(TEXTS[0])) :])
    assert run.finish() == 0, run.stderr
    found = times(captions)
    assert [text for text in captions.read_text().splitlines() if text in TEXTS] == list(TEXTS)
    assert found == sorted(found)
    assert found[-1] == pytest.approx(seconds_of(sound), abs=0.002)


def test_a_file_that_exists_is_not_overwritten_unasked(warm_place: Voicestream, tmp_path: Path) -> None:
    captions = tmp_path / "mine.srt"
    captions.write_text("mine")
    done = warm_place.call("run", "--output", "null", "--captions-file", str(captions), stdin=AGENT)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert captions.read_text() == "mine"
    assert (
        warm_place.call("run", "-o", "null", "--force", "--captions-file", str(captions), stdin=AGENT).returncode == 0
    )
    assert TEXTS[2] in captions.read_text()


@pytest.mark.parametrize(
    ("name", "told"), [("talk.txt", ".srt or .vtt"), ("no/such/folder.srt", "No such file or directory")]
)
def test_a_file_that_cannot_be_is_told(place: Voicestream, tmp_path: Path, name: str, told: str) -> None:
    done = place.call("run", "--output", "null", "--captions-file", str(tmp_path / name), stdin=AGENT)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_full_disk_costs_the_captions_and_no_sentence(warm_place: Voicestream, tmp_path: Path) -> None:
    full = tmp_path / "full.srt"
    full.symlink_to("/dev/full")
    run = warm_place.run("--captions-file", str(full))
    run.write(AGENT)
    assert run.finish() == 1
    assert len(run.of("playback_finished")) == len(TEXTS)
    assert "no more captions are written: No space left on device" in run.stderr
