"""PulseAudio server of the benchmark, whose null sink is recorded."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PROGRAMS: Final = ("pulseaudio", "parec")

PACKAGES: Final = ("libportaudio2", "libasound2-plugins", "pulseaudio", "pulseaudio-utils")

SINK: Final = "voicestream_bench"

START_SECONDS: Final = 5.0
"""Timeout for the server to start, which takes 0.1 s."""

RECORDER_LATENCY_MILLISECONDS: Final = 2
"""Requested latency of the recorder; part of the measured latency."""


def why_not() -> str:
    """Return the reason why the server cannot be started; empty if it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if sys.platform == "linux" and ctypes.util.find_library("portaudio") is None:
        missing.append("PortAudio")
    if not missing:
        return ""
    return f"{', '.join(missing)} not found; on Debian and Ubuntu: sudo apt-get install {' '.join(PACKAGES)}"


def _path(program: str) -> str:
    return shutil.which(program) or program


class SoundServer:
    """PulseAudio with one null sink and a recorder of it; a context manager."""

    def __init__(self, home: Path) -> None:
        """Initialize; ``home``: a directory with a short name, for the socket and the server's files."""
        self._home = home / "sound"
        self._socket = self._home / "native"
        self.environment: Final = {
            "PULSE_SERVER": f"unix:{self._socket}",
            # libpulse would otherwise create a cookie in the user's home.
            "PULSE_COOKIE": str(self._home / "cookie"),
            "XDG_RUNTIME_DIR": str(self._home),
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._recorder: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._sounds_since: float | None = None
        self._quiet_since = time.monotonic()
        self._is_over = False

    def __enter__(self) -> Self:
        self._home.mkdir(mode=0o700)
        environment = {**os.environ, **self.environment, "HOME": str(self._home)}
        self._server = subprocess.Popen(
            [
                _path("pulseaudio"),
                "-n",
                "--daemonize=no",
                "--use-pid-file=no",
                # Without the recorder it has no client and ends, also when the benchmark was killed.
                "--exit-idle-time=2",
                # PulseAudio 16 can abort when a client that shares memory with it leaves while another records.
                "--disable-shm=yes",
                "-L",
                f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}",
                "-L",
                # Without norewinds=1 every stream start stalls for 1.8 s.
                f"module-null-sink sink_name={SINK} rate=24000 channels=1 format=float32le norewinds=1",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._socket.exists():
            if self._server.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise VoicestreamError("pulseaudio does not start")
            time.sleep(0.01)
        self._recorder = subprocess.Popen(
            [
                _path("parec"),
                f"--device={SINK}.monitor",
                "--raw",
                "--format=float32le",
                "--rate=24000",
                "--channels=1",
                f"--latency-msec={RECORDER_LATENCY_MILLISECONDS}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )
        self._thread = threading.Thread(target=self._listen, args=(self._recorder,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait_for_sound(self, timeout_seconds: float) -> float:
        """Return the time of the first recorded block with a non-zero sample since the last silence.

        Raises:
            VoicestreamError: timed out.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._sounds_since is not None or self._is_over, timeout_seconds):
                raise VoicestreamError(f"nothing was heard within {timeout_seconds:.0f} s")
            if self._sounds_since is None:
                raise VoicestreamError("the recorder ended")
            return self._sounds_since

    def wait_for_silence(self, seconds: float, timeout_seconds: float) -> None:
        """Wait until the output was silent for ``seconds``.

        Raises:
            VoicestreamError: timed out.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            with self._changed:
                if self._is_over:
                    raise VoicestreamError("the recorder ended")
                if time.monotonic() - self._quiet_since >= seconds:
                    self._sounds_since = None
                    return
            time.sleep(0.01)
        raise VoicestreamError(f"it was not silent within {timeout_seconds:.0f} s")

    def close(self) -> None:
        """Shut down the recorder and the server."""
        for process in (self._recorder, self._server):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if self._thread is not None:
            self._thread.join()
        if self._recorder is not None and self._recorder.stdout is not None:
            self._recorder.stdout.close()

    def _listen(self, recorder: subprocess.Popen[bytes]) -> None:
        assert recorder.stdout is not None  # noqa: S101 - it was started with a pipe
        while block := recorder.stdout.read(1 << 16):
            now = time.monotonic()
            is_sound = block.count(0) != len(block)
            with self._changed:
                if is_sound:
                    self._quiet_since = now
                    if self._sounds_since is None:
                        self._sounds_since = now
                        self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
