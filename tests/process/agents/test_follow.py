"""`voicestream follow`: transcripts that are written while it runs are spoken, each text once."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import psutil

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream


class Followed:
    """A `voicestream follow` and what it has shown."""

    def __init__(self, place: Voicestream, *arguments: str) -> None:
        command = [*COMMAND, "follow", "--output", "null", *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=place.environment, cwd=place.cwd)
        self.shown: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def heard(self) -> list[str]:
        """Sentences whose playback has started."""
        return [text.removeprefix("🔊 ") for text in self.shown if text.startswith("🔊 ")]

    def wait_for(self, *sentences: str) -> None:
        wait_until(lambda: sorted(self.heard) == sorted(sentences), f"{sentences}", seen=lambda: str(self.shown))

    def wait(self) -> int:
        code = self.process.wait(remaining())
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            self.shown.append(text.decode().rstrip("\n"))


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def speech_processes(place: Voicestream) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline", "cwd"])
    return [each for each in found if each.info["cwd"] == str(place.cwd) and "run" in (each.info["cmdline"] or [])]


def test_files_of_a_directory_are_spoken_from_their_end_through_all_that_is_done_to_them(place: Voicestream) -> None:
    folder = place.home / "transcripts"
    (folder / "deep").mkdir(parents=True)
    old = folder / "old.jsonl"
    old.write_bytes(line("An old text."))
    followed = Followed(place, str(folder))
    later = folder / "deep" / "later.jsonl"
    wait_until(lambda: bool(followed.process.poll() or append(old, b"\n") or speech_processes(place)), "it follows")
    append(old, line("One.") + b'{"noise":"' + b"x" * (1 << 20) + b'"}\n' + line("Two.")[:12])
    history = {"timestamp": "2020-01-01T00:00:00Z", "content": [{"type": "text", "text": "History."}]}
    later.write_bytes(json.dumps(history).encode() + b"\n" + line("Three."))
    append(old, line("Two.")[12:])
    followed.wait_for("One.", "Two.", "Three.")
    old.write_bytes(line("Four."))
    later.rename(folder / "gone.txt")
    later.write_bytes(line("Five.").rstrip(b"\n"))
    followed.wait_for("One.", "Two.", "Three.", "Four.", "Five.")
    for process in speech_processes(place):
        process.kill()
    append(old, line("Lost in the killed one."))
    wait_until(lambda: bool(append(old, b"\n")) or "another one is started" in str(followed.shown), "it is told")
    append(old, line("Six."))
    wait_until(lambda: followed.heard[-1] == "Six.", "the next one speaks", seen=lambda: str(followed.shown))
    followed.process.send_signal(signal.SIGINT)
    assert followed.wait() == 130


def test_a_file_is_spoken_from_its_start_and_the_end_comes_with_silence(place: Voicestream) -> None:
    path = place.home / "file.jsonl"
    followed = Followed(place, str(path), "--from-start", "--until-idle", "2")
    wait_until(lambda: "waiting for" in str(followed.shown), "it waits")
    path.write_bytes(line("One.") + line("Two."))
    assert followed.wait() == 0
    assert followed.heard == ["One.", "Two."]
