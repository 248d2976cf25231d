"""Driven run: a ``voicestream run`` whose input is written and whose events are read by the benchmark."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from voicestream.errors import VoicestreamError
from voicestream.protocol.messages import EventName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TIMEOUT_SECONDS: Final = 20.0
"""Timeout of an event that takes a fraction of a second; later ones are failures of the measurement."""

END_SECONDS: Final = 2.0
"""Timeout for a process to end after closing its stdout."""

Event = dict[str, Any]
"""One line of ``--events``."""


def agent_line(text: str) -> bytes:
    """Return an agent's line of output with ``text``."""
    message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    return json.dumps({"type": "assistant", "message": message}).encode() + b"\n"


class DrivenRun:
    """Subprocess of ``voicestream run``; a thread reads its events."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        """Start the subprocess."""
        self.started_at: Final = time.monotonic()
        """Time just before the start, in seconds on the clock of the events."""
        self.process: Final = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=cwd,
            bufsize=0,
        )
        self._events: list[Event] = []
        self._errors = b""
        self._is_over = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def say(self, text: str) -> float:
        """Write a message of the agent; returns the time just before the write."""
        line = agent_line(text)
        assert self.process.stdin is not None  # noqa: S101 - it was started with a pipe
        now = time.monotonic()
        os.write(self.process.stdin.fileno(), line)
        return now

    def wait_for(self, event: str, sentence: int | None = None, seconds: float = TIMEOUT_SECONDS) -> Event:
        """Return the event of this kind (and sentence), waiting up to ``seconds`` for it.

        Raises:
            VoicestreamError: the event does not come in time.
        """
        deadline = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                for found in self._events[seen:]:
                    if found["event"] == event and (sentence is None or found.get("sentence") == sentence):
                        return found
                seen = len(self._events)
                if self._is_over or not self._changed.wait(deadline - time.monotonic()):
                    raise VoicestreamError(f"no {event} event: {self._why()}")

    def milliseconds_to_sound(self, text: str, number: int) -> float:
        """Write a message that becomes sentence ``number``, wait until it was played; return the time to its first PCM.

        Raises:
            VoicestreamError: an event does not come in time.
        """
        said_at = self.say(text)
        begun_at = float(self.wait_for(EventName.SPEECH_STARTED, number)["time"])
        self.wait_for(EventName.PLAYBACK_FINISHED, number)
        return (begun_at - said_at) * 1000

    def end_input(self) -> None:
        """Close the input."""
        assert self.process.stdin is not None  # noqa: S101 - it was started with a pipe
        self.process.stdin.close()

    def finish(self) -> int:
        """Close the input and wait for the end; returns the exit code.

        Raises:
            VoicestreamError: the run does not end.
        """
        self.end_input()
        try:
            return self.process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise VoicestreamError(f"`voicestream run` does not end: {self._why()}") from error
        finally:
            self.close()

    def close(self) -> None:
        """End the process in any state."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT_SECONDS / 10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _why(self) -> str:
        if self._is_over:
            # The process ends, and writes its last errors, shortly after its last event.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_SECONDS)
            self._threads[1].join(END_SECONDS)
        last = self._events[-1] if self._events else "none"
        errors = self._errors.decode(errors="replace").strip()
        return f"exit code {self.process.poll()}, last event {last}, stderr {errors or 'empty'}"

    def _read_events(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it was started with a pipe
        try:
            for line in self.process.stdout:
                with self._changed:
                    self._events.append(json.loads(line))
                    self._changed.notify_all()
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None  # noqa: S101 - it was started with a pipe
        for line in self.process.stderr:
            self._errors += line
