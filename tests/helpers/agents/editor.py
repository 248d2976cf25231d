"""An editor's side of the Agent Client Protocol: the agent is started by ``voicestream acp``."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import TYPE_CHECKING, Final

from helpers.process.running import COMMAND

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from helpers.process.running import Event, Voicestream

SPOKEN_SECONDS: Final = 30.0
"""Until everything that was found has been played."""


def start(
    place: Voicestream, command: Sequence[str], environment: dict[str, str], stream: Path
) -> subprocess.Popen[bytes]:
    """Start an agent as an editor does; events of its speech are in a file beside ``stream``."""
    ours = {name: value for name, value in place.environment.items() if name.startswith(("VOICESTREAM_", "XDG_"))}
    with stream.open("wb") as output, stream.with_suffix(".stderr").open("wb") as errors:
        return subprocess.Popen(
            [
                *(*COMMAND, "acp", "--from", "en", "--output", "null", "--events", str(_events(stream)), "--"),
                *command,
            ],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            cwd=stream.parent / "home" / "project",
            env={**environment, **ours},
            start_new_session=True,
        )


def wait_until_spoken(stream: Path, sentences: int) -> None:
    """Wait until so many sentences have been played; in vain is a fault that is found later."""
    deadline = time.monotonic() + SPOKEN_SECONDS
    while time.monotonic() < deadline:
        if sum(event["event"] == "playback_finished" for event in events_of([stream])) >= sentences:
            return
        time.sleep(0.05)


def events_of(streams: Sequence[Path]) -> list[Event]:
    """All events of the speech of some calls, with sentences numbered through."""
    found: list[Event] = []
    for stream in streams:
        path = _events(stream)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found += [{**event, "sentence": (stream.name, event.get("sentence"))} for event in map(json.loads, lines)]
    return found


def session_in(stream: Path) -> str:
    """The ACP session that a call has opened; empty if it has opened none."""
    found = re.search(r'"sessionId":"([^"]+)"', stream.read_text(encoding="utf-8"))
    return found[1] if found else ""


def _events(stream: Path) -> Path:
    return stream.with_suffix(".events")
