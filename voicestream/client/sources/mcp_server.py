"""Server of the Model Context Protocol over stdio: texts are spoken one after another by ``voicestream say``."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from voicestream.client.sources import mcp_protocol
from voicestream.client.sources.lines import LineSplitter
from voicestream.client.sources.mcp_protocol import Cancel, Reply, Speak
from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMMAND: Final = (sys.executable, "-P", "-m", "voicestream", "say")

READ_BYTES: Final = 1 << 16

MAX_LINE_BYTES: Final = 4 << 20

DISABLED: Final = "not spoken: the user has switched speech off here"
"""Result of a call while ``enabled`` is false; no error, because the agent should not try again."""

MAX_WAITING: Final = 100
"""Texts that wait; further ones are refused."""

_STDIN: Final = 0
_STDOUT: Final = 1


class Server:
    """One client, and the texts it wants to be spoken."""

    def __init__(self, options: Sequence[str], is_enabled: Callable[[], bool]) -> None:
        """Initialize.

        Args:
            options: of ``voicestream say``.
            is_enabled: returns whether the settings of the moment allow speech; raises VoicestreamError if they are
                wrong.
        """
        self._options = list(options)
        self._is_enabled = is_enabled
        self._calls: queue.Queue[Speak | None] = queue.Queue()
        self._waiting: set[mcp_protocol.Id] = set()
        """Calls without a result yet."""
        self._cancelled: set[mcp_protocol.Id] = set()
        # Reentrant: a signal may interrupt the main thread while it holds the lock.
        self._lock = threading.RLock()
        self._current: tuple[mcp_protocol.Id, subprocess.Popen[bytes]] | None = None

    def run(self) -> None:
        """Serve until stdin ends and everything is handed over or spoken."""
        worker = threading.Thread(target=self._work, name="speech", daemon=True)
        worker.start()
        lines = LineSplitter(MAX_LINE_BYTES)
        try:
            while data := os.read(_STDIN, READ_BYTES):
                lost = lines.lost_lines
                for line in lines.add(data):
                    if line.strip():
                        self._take(line)
                if lines.lost_lines > lost:
                    self._take(b"{")  # answered as a line that is no JSON
            self._calls.put(None)
            worker.join()
        finally:
            self._stop()

    def _take(self, line: bytes) -> None:
        match mcp_protocol.handle(line):
            case Reply() as reply:
                self._write(reply)
            case Speak() as call:
                if self._calls.qsize() >= MAX_WAITING:
                    self._write(mcp_protocol.result(call.id, "too many texts wait already", is_error=True))
                else:
                    with self._lock:
                        self._waiting.add(call.id)
                    self._calls.put(call)
            case Cancel(id=id_):
                with self._lock:
                    if id_ in self._waiting:
                        self._cancelled.add(id_)
                    if self._current is not None and self._current[0] == id_:
                        self._current[1].send_signal(signal.SIGINT)
            case None:
                pass

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            reply = self._speak(call)
            with self._lock:
                is_cancelled = call.id in self._cancelled
                self._cancelled.discard(call.id)
                self._waiting.discard(call.id)
            if not is_cancelled:
                self._write(reply)

    def _speak(self, call: Speak) -> Reply:
        try:
            if not self._is_enabled():
                return mcp_protocol.result(call.id, DISABLED)
        except VoicestreamError as error:
            return mcp_protocol.result(call.id, error.for_people(), is_error=True)
        options = [*self._options, "--quiet"]
        options += [] if call.wait else ["--detach"]
        options += ["--from", call.language] if call.language else []
        with self._lock:
            if call.id in self._cancelled:
                return mcp_protocol.result(call.id, "cancelled", is_error=True)
            try:
                process = subprocess.Popen(
                    [*COMMAND, *options, "-"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            except OSError as error:
                return mcp_protocol.result(call.id, f"cannot start voicestream: {error.strerror}", is_error=True)
            self._current = call.id, process
        _, errors = process.communicate(call.text.encode(errors="replace"))
        with self._lock:
            self._current = None
        told = errors.decode(errors="replace").strip()
        if process.returncode != 0:
            return mcp_protocol.result(call.id, told or f"exit code {process.returncode}", is_error=True)
        return mcp_protocol.result(call.id, "spoken" if call.wait else "queued")

    def _stop(self) -> None:
        """End what is being spoken: a signal has come."""
        with self._lock:
            if self._current is not None:
                self._current[1].terminate()

    def _write(self, reply: Reply) -> None:
        view = memoryview(reply.line)
        with self._lock:
            while view:
                view = view[os.write(_STDOUT, view) :]
