"""``voicestream follow`` beside an agent: what is spoken of its transcripts."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

from helpers.process.running import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.process.running import Voicestream

SPOKEN_SECONDS: Final = 30.0
"""For everything to be spoken, after the agent has ended."""

LATE_SECONDS: Final = 1.0
"""For something to be spoken that should not be."""


class Followed:
    """A follower of one folder; captions tell what is spoken."""

    def __init__(self, place: Voicestream, folder: Path) -> None:
        """Start following a folder that the agent has not made yet."""
        self.heard: list[str] = []
        self._folder = folder
        self._process = subprocess.Popen(
            [*COMMAND, "follow", "--from", "en", "--output", "null", str(folder)],
            stderr=subprocess.PIPE,
            env=place.environment,
            cwd=place.cwd,
        )
        self._is_waiting = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        # A transcript that is there when it starts is old.
        assert self._is_waiting.wait(SPOKEN_SECONDS)

    def finish(self, sentences: int) -> list[str]:
        """Wait until so many sentences were spoken, and end; all that were spoken."""
        deadline = time.monotonic() + SPOKEN_SECONDS
        while len(self.heard) < sentences and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(LATE_SECONDS)
        self._process.send_signal(signal.SIGINT)
        self._process.wait(SPOKEN_SECONDS)
        self._reader.join()
        return self.heard

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            for line in stderr:
                text = line.decode(errors="replace").rstrip("\n")
                if text == f"voicestream: waiting for {self._folder}":
                    self._is_waiting.set()
                if text.startswith("🔊 "):
                    self.heard.append(text.removeprefix("🔊 "))
