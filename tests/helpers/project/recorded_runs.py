"""Recorded runs for comparison across a change: events without times, and WAV files byte for byte.

    export PYTHONPATH=tests
    python -P -m helpers.project.recorded_runs record before.json --voicestream OLD/.venv/bin/voicestream
    python -P -m helpers.project.recorded_runs record after.json
    python -P -m helpers.project.recorded_runs compare before.json after.json

Each run is a session of its own: the bundled demo, every stream and every sentence of tests/cases, spoken by
espeak-ng. Worker events are left out, as their order is that of processes; the others are compared by sentence.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

REPOSITORY: Final = Path(__file__).resolve().parents[3]
CASES: Final = REPOSITORY / "tests" / "cases"

TIMES: Final = ("time", "session", "supervisor_pid")
"""Fields of an event that differ between any two runs."""

PROCESSES: Final = ("worker", "loading", "paused", "resumed")
"""Events about processes, which come as these happen to be ready."""

RUN_SECONDS: Final = 120


class Run(NamedTuple):
    """One session: its name, what is written to stdin, and further options."""

    name: str
    stdin: str
    options: tuple[str, ...] = ()


def runs() -> list[Run]:
    """All runs that are recorded."""
    demo = (REPOSITORY / "voicestream" / "demo" / "session.jsonl").read_text(encoding="utf-8")
    streams = [Run(f"stream {one['id']}", "".join(f"{line}\n" for line in one["lines"])) for one in _cases("streams")]
    texts = [Run(f"sentence {one['id']}", str(one["input"]), ("--format", "text")) for one in _cases("sentences")]
    return [Run("demo", demo), *streams, *texts]


def _cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def record(voicestream: str) -> dict[str, Any]:
    """Run everything with one installation, and return what came out, by the name of the run."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VOICESTREAM_", "XDG_"))},
            "HOME": directory,
            "XDG_RUNTIME_DIR": directory,
        }
        found: dict[str, Any] = {}
        for number, run in enumerate(runs()):
            wav, events = place / f"{number}.wav", place / f"{number}.jsonl"
            command = [voicestream, "run", "--tts", "espeak", "--output", str(wav), "--events", str(events)]
            done = subprocess.run(
                [*command, *run.options],
                input=run.stdin,
                env=environment,
                cwd=directory,
                capture_output=True,
                text=True,
                timeout=RUN_SECONDS,
                check=False,
            )
            sound = hashlib.sha256(wav.read_bytes()).hexdigest() if wav.exists() else ""
            found[run.name] = {"exit": done.returncode, "sound": sound, **_events(events)}
        subprocess.run([voicestream, "down"], env=environment, capture_output=True, check=False)
    return found


def _events(file: Path) -> dict[str, Any]:
    """The events of a session by sentence, in the order of their names: making and playing of one overlap."""
    sentences: dict[str, list[dict[str, Any]]] = {}
    others: list[dict[str, Any]] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        event = {name: value for name, value in json.loads(line).items() if name not in TIMES}
        if event["event"] in PROCESSES:
            continue
        if "sentence" in event:
            sentences.setdefault(str(event["sentence"]), []).append(event)
        else:
            others.append(event)
    by_name = {number: sorted(events, key=lambda one: str(one["event"])) for number, events in sentences.items()}
    return {"sentences": by_name, "others": others}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the differences of two recordings, a line each."""
    found = [f"{name}: only in one of them" for name in sorted(before.keys() ^ after.keys())]
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name], after[name]
        found += [f"{name}: {part}: {one[part]} != {other[part]}" for part in one if one[part] != other[part]]
    return found


def main() -> int:
    """Record, or compare; the exit code is 1 where two recordings differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("file", type=Path)
    recording.add_argument("--voicestream", default=str(REPOSITORY / ".venv" / "bin" / "voicestream"))
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "record":
        chosen.file.write_text(json.dumps(record(chosen.voicestream), indent=1, sort_keys=True), encoding="utf-8")
        return 0
    found = differences(*(json.loads(file.read_text(encoding="utf-8")) for file in (chosen.before, chosen.after)))
    print("\n".join(found) or "no difference")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
