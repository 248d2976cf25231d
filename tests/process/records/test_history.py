"""``history`` and ``replay SESSION``: what is kept of a session, and that it is spoken again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from helpers.process.running import line, wait_until
from helpers.voices import writing_voice

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

TEXT = "The **first** one.\n\n- my password: hunter2secret\n- 6 * x\n"


def kept(place: Voicestream) -> list[dict[str, Any]]:
    """The sessions that ``history --json`` lists."""
    found: list[dict[str, Any]] = json.loads(place.call("history", "--json").stdout)["sessions"]
    return found


def test_a_session_is_listed_without_its_secrets_and_spoken_again(place: Voicestream) -> None:
    spoken = place.home / "spoken"
    folder = place.home / "voice"
    folder.mkdir()
    place.environment |= {
        "PYTHONPATH": writing_voice.plug_in(folder),
        "VOICESTREAM_TTS": writing_voice.NAME,
        writing_voice.FILE_VARIABLE: str(spoken),
    }
    assert place.call("run", "-o", "null", stdin=line(TEXT)).returncode == 0
    first = spoken.read_text().splitlines()
    assert place.call("run", "-o", "null", "--no-history", stdin=line("Unheard of.")).returncode == 0
    (record,) = kept(place)
    assert [record[key] for key in ("agent", "project", "sentences", "state", "first_words")] == [
        "claude",
        "project",
        len(first),
        "spoken",
        "The first one.",
    ]
    shown = place.call("history")
    assert record["session"] in shown.stdout
    assert "hunter2" not in "".join(path.read_text() for path in (place.home / "state").rglob("*.jsonl"))
    spoken.unlink()
    again = place.call("replay", record["session"][:5], "-o", "null")
    assert again.returncode == 0, again.stderr
    assert spoken.read_text().splitlines() == first
    assert len(kept(place)) == 1
    assert "1 recorded session deleted" in place.call("history", "clear").stderr
    assert kept(place) == []
    assert place.call("replay", record["session"], "-o", "null").returncode == 2


def test_a_killed_supervisor_leaves_what_was_found_and_a_missing_place_is_told(place: Voicestream) -> None:
    run = place.run("--keep-alive", "30")
    run.write(line("One. Two. Three."))
    run.wait_for("playback_finished", 3)
    wait_until(lambda: kept(place)[0]["sentences"] == 3, "all sentences are kept")
    assert kept(place)[0]["state"] == "open"
    place.kill_supervisor()
    assert run.finish() == 1
    wait_until(lambda: kept(place)[0]["state"] == "interrupted", "its end is seen")
    for path in (place.home / "state").rglob("*.jsonl"):
        path.unlink()
        path.parent.chmod(0o755)
    run = place.run()
    run.write(line("Four."))
    run.wait_for("notice")
    assert run.finish() == 0
    assert "the history of this session is incomplete: it is open to other users (mode 0755)" in run.stderr
    assert len(run.of("playback_finished")) == 1
