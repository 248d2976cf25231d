"""The translator that docs/internals/engines.md shows, installed and used as somebody who has read it would."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from helpers.process.running import line
from helpers.project.manual import shown

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

MAX_LINES = 30


def test_the_translator_of_the_manual_is_installed_and_translates(place: Voicestream, tmp_path: Path) -> None:
    program = shown("python", "class Pirate")
    assert program.count("\n") <= MAX_LINES
    project = shown("toml", "voicestream-beep").replace("synthesizers", "translators")
    project = project.replace("beep", "pirate")
    (tmp_path / "pirate.py").write_text(program, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    site = tmp_path / "site"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
            *("--no-build-isolation", "--disable-pip-version-check", "--target", str(site), str(tmp_path)),
        ],
        check=True,
        capture_output=True,
    )
    place.environment["PYTHONPATH"] = str(site)
    run = place.run("--to", "de", "--translator", "pirate")
    run.write(line("Hello my friends."))
    assert run.finish() == 0, run.stderr
    assert [(event["text"], event["engine"]) for event in run.of("translated")] == [("ahoy me friends.", "pirate")]
    assert len(run.of("playback_finished")) == 1
