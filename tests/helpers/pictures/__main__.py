"""Recorder of the pictures and the sound in docs/assets, from real runs of the program.

    python -P -m helpers.pictures              record and draw all of them (make pictures)
    python -P -m helpers.pictures draw         draw the recorded terminals again

It needs PulseAudio, and the models of the extra ``real-weights``.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from typing import TYPE_CHECKING, Final

from helpers.audio.pulse import PulseServer
from helpers.models import firefox_models
from helpers.pictures import svg
from helpers.pictures.pages import (
    ASSETS,
    CAPTIONS,
    COMMAND,
    MAX_SOUND_BYTES,
    SESSION,
    SOUND,
    STATUS,
    TARGET,
    captions_lines,
    drawn,
    status_lines,
    write_captions,
    write_status,
)
from helpers.process.running import COMMAND as PROGRAM
from helpers.process.running import line, voicestream_place, wait_until
from helpers.process.terminal import Terminal
from helpers.voices import auto_voice
from voicestream.client.connection import Client
from voicestream.protocol.messages import Status, StatusRequest
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

_END: Final = "=end="

_SPOKEN: Final = 2
"""Sentences that were played before the status is recorded."""

_SECOND: Final = "The build is green again. I deleted the old cache. The release notes are next. Shall I tag it?"
"""Said by the agent of the other session in the status."""


def record_captions(place: Voicestream) -> list[str]:
    """Type the command of the picture at a real terminal; return the lines that stand there then."""
    programs = place.home / "bin"
    programs.mkdir()
    _program(programs / "claude", f"exec cat {shlex.quote(str(SESSION))}")
    _program(programs / "voicestream", f'exec {shlex.join(PROGRAM)} "$@"')
    environment = place.environment | {
        "PATH": f"{programs}:{place.environment['PATH']}",
        "TERM": "xterm",
        "VOICESTREAM_OUTPUT": "null",
    }
    prompt = "$ " + COMMAND
    script = f"printf '%s\\n' {shlex.quote(prompt)}; {COMMAND}; echo {_END}"
    with Terminal(script, environment, place.cwd, columns=svg.COLUMNS) as terminal:
        wait_until(lambda: _END in terminal.shown, "the session was spoken", seen=lambda: terminal.shown)
        return svg.shown(terminal.shown.partition(_END)[0])


def record_status(place: Voicestream) -> Status:
    """Speak two sessions; return the status in their middle."""
    auto_voice.chooses(place)
    first = place.run("--to", TARGET, "--name", "till", output="speakers")
    first.write(SESSION.read_bytes())
    first.wait_for("playback_finished", _SPOKEN)
    second = place.run("--name", "web", output="speakers")
    second.write(line(_SECOND))
    second.wait_for("sentence_found")
    started = len(first.of("playback_started"))
    first.wait_for("playback_started", started + 1)
    with Client(RunDirectory(place.runtime)) as client:
        client.connect()
        answer = client.ask(StatusRequest())
    assert isinstance(answer, Status)
    return answer


def record_sound(place: Voicestream) -> None:
    """Let the program speak the bundled session into a file, in Hibari's voice."""
    spoken = place.call("demo", "--tts", "hibari", "--output", str(SOUND), "--force", "--quiet")
    assert spoken.returncode == 0, spoken.stderr
    SOUND.chmod(0o644)  # what voicestream writes is private
    assert SOUND.stat().st_size <= MAX_SOUND_BYTES


def _program(file: Path, command: str) -> None:
    file.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    file.chmod(0o755)


def _record() -> None:
    ASSETS.mkdir(parents=True, exist_ok=True)
    with voicestream_place() as place, PulseServer() as server:
        models = place.home / "models"
        firefox_models.plant(models, ["en-pt"])
        place.environment |= server.environment | {"VOICESTREAM_MODELS": str(models)}
        write_captions(record_captions(place))
        record_sound(place)
        write_status(record_status(place))


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    if arguments not in ([], ["draw"]):
        print(__doc__)
        return 2
    if not arguments:
        if shutil.which("pulseaudio") is None:
            print("pulseaudio not found: apt install pulseaudio pulseaudio-utils libportaudio2 libasound2-plugins")
            return 1
        _record()
    CAPTIONS.file.write_text(drawn(CAPTIONS, captions_lines()), encoding="utf-8")
    STATUS.file.write_text(drawn(STATUS, status_lines()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
