"""A real PulseAudio server without a sound card, and what a listener at it hears.

The sink is a null sink with a real-time clock. `norewinds=1` matters: without it every start of a stream stalls for
1.8 s and samples are lost. With it, what is played comes out of the monitor bit for bit, so a test can look at every
sample.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.fixtures.deadline import remaining

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

RATE = 24_000
PROGRAMS = ("pulseaudio", "parec", "pactl")

SINK = "vs_null"

_CONFIGURATION = "rlimit-rttime = -1\nenable-shm = no\n"
"""By default the server is killed when its real-time thread was busy for 0.2 s, as after a pause of the machine; and it
can abort when a client that shares memory with it leaves while another records (PulseAudio 16, in
memblock_replace_import)."""

_PR_SET_PDEATHSIG = 1


def _null_sink(name: str) -> str:
    return f"sink_name={name} rate=24000 channels=1 format=float32le norewinds=1"


def skip_unless_installed() -> None:
    """Skip the test on a machine without PulseAudio or PortAudio."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not found: apt install pulseaudio pulseaudio-utils")
    found = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    if "libportaudio.so" not in found:
        pytest.skip("libportaudio not found: apt install libportaudio2 libasound2-plugins")


def _begin() -> None:
    """In the child: end with the test, and run before other things, where we may: a gap is to be the player's own."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.setsid()
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("-15", encoding="ascii")
        os.setpriority(os.PRIO_PROCESS, 0, -15)


class PulseServer:
    """One server in a directory of its own; a context manager that leaves nothing behind."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        # Short: a socket's path has 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="vsp"))
        self._log = self.folder / "log"
        self._socket = self.folder / "pulse" / "native"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to play here and nowhere else."""
        return {
            "XDG_RUNTIME_DIR": str(self.folder),
            "PULSE_RUNTIME_PATH": str(self.folder / "pulse"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ending = self._ending()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not ending, ending

    def start(self) -> None:
        """Start it and wait until it has its sink."""
        self._socket.parent.mkdir(exist_ok=True)
        self._socket.unlink(missing_ok=True)
        configuration = self.folder / "daemon.conf"
        configuration.write_text(_CONFIGURATION, encoding="ascii")
        log = self._log.open("ab")
        self._process = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
                *("--realtime=yes", "--high-priority=yes"),
                *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}"),
                *(
                    "-L",
                    f"module-null-sink {_null_sink(SINK)}",
                ),
            ],
            env=os.environ | self.environment | {"PULSE_CONFIG": str(configuration)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_begin,  # noqa: PLW1509 - the test is over when its process is
        )
        log.close()
        limit = time.monotonic() + remaining()
        while SINK not in self.ask("list", "short", "sinks"):
            assert time.monotonic() < limit, "PulseAudio did not start"
            time.sleep(0.02)

    def keep_recorders(self) -> None:
        """Have later recorders stay where they are when the default sink changes or goes.

        The monitor of the default sink is the default source unless there is another source, and who records from the
        default source is moved with it.
        """
        self.ask("load-module", "module-null-source", "source_name=vs_quiet", "rate=24000", "channels=1")
        assert self.ask("get-default-source").strip() == "vs_quiet"

    def add_sink(self, name: str, properties: str = "") -> None:
        """Plug in a device; ``properties`` as the server writes them: ``device.bus=usb device.description='Buds'``."""
        described = [f'sink_properties="{properties}"'] if properties else []
        self.ask("load-module", "module-null-sink", *_null_sink(name).split(), *described)
        assert name in self.sinks

    def remove_sink(self, name: str) -> None:
        """Pull one out."""
        for line in self.ask("list", "short", "modules").splitlines():
            if f"sink_name={name} " in line:
                self.ask("unload-module", line.split()[0])
        assert name not in self.sinks

    def set_default(self, sink: str) -> None:
        """Choose the device as a person does in the settings of the desktop."""
        self.ask("set-default-sink", sink)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def sinks(self) -> list[str]:
        """The devices that there are."""
        return [line.split()[1] for line in self.ask("list", "short", "sinks").splitlines()]

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Have it answer nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """End ``freeze``."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *arguments: str) -> str:
        """What `pactl` says; a server that has ended by itself fails the test, and says how."""
        ending = self._ending()
        assert not ending, ending
        done = subprocess.run(
            ["pactl", *arguments],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=remaining(),
            check=False,
        )
        return done.stdout

    def _ending(self) -> str:
        """Return the exit status and the log of a server that exited unasked; an empty string while it runs."""
        status = None if self._process is None else self._process.poll()
        return (
            "" if status is None else f"the sound server has ended ({status}): {self._log.read_text(errors='replace')}"
        )

    @property
    def streams(self) -> int:
        """How many programs have the sink open."""
        return len(self.ask("list", "short", "sink-inputs").splitlines())


class Recorder:
    """Hears a sink's monitor from the start of the block to its end."""

    def __init__(self, server: PulseServer, sink: str = SINK) -> None:
        self._server = server
        self._sink = sink
        self._chunks: collections.deque[tuple[float, bytes]] = collections.deque()
        """When each piece arrived, on the monotonic clock; whole samples."""
        self._frames = 0
        """How many samples arrived so far."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                *("parec", "-d", f"{self._sink}.monitor", "--raw", "--format=float32le", "--rate=24000"),
                *("--channels=1", "--latency-msec=2"),
            ],
            env=os.environ | self._server.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=_begin,  # noqa: PLW1509 - as above
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        limit = time.monotonic() + remaining()
        while not self._chunks:
            assert time.monotonic() < limit, "the recorder hears nothing, not even silence"
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        rest = b""
        while data := os.read(self._process.stdout.fileno(), 1 << 16):
            whole = rest + data
            size = len(whole) // 4 * 4
            self._chunks.append((time.monotonic(), whole[:size]))
            self._frames += size // 4
            rest = whole[size:]

    @property
    def heard(self) -> NDArray[np.float32]:
        """All samples so far, but for those that were taken."""
        return np.frombuffer(b"".join(data for _, data in list(self._chunks)), np.float32)

    def take(self) -> Recording:
        """All samples since the last call; they are forgotten here."""
        return Recording([self._chunks.popleft() for _ in range(len(self._chunks))])

    def _check(self, limit: float, complaint: str) -> None:
        """Fail when a wait is in vain: the recorder has ended, or the limit on the monotonic clock is over."""
        assert self._thread.is_alive(), "the recorder has ended, probably with the sound server"
        assert time.monotonic() < limit, complaint

    def wait(self, seconds: float) -> None:
        """Let so much more be heard: by the sink's clock, not ours."""
        wanted = self._frames + round(seconds * RATE)
        limit = time.monotonic() + seconds + remaining()
        while self._frames < wanted:
            self._check(limit, "the sink stands still")
            time.sleep(0.005)

    def wait_for_sound(self) -> None:
        """Until something was heard."""
        limit = time.monotonic() + remaining()
        while not np.any(self.heard):
            self._check(limit, "nothing is heard")
            time.sleep(0.002)

    def when(self, index: int) -> float:
        """When a sample arrived here, on the monotonic clock."""
        return Recording(list(self._chunks)).when(index)


class Recording:
    """A stretch of what was heard."""

    def __init__(self, chunks: Sequence[tuple[float, bytes]]) -> None:
        self._times = [at for at, _ in chunks]
        self._ends = np.cumsum([len(data) // 4 for _, data in chunks])
        self.samples: NDArray[np.float32] = np.frombuffer(b"".join(data for _, data in chunks), np.float32)

    def when(self, index: int) -> float:
        """When a sample arrived, on the monotonic clock."""
        return self._times[int(np.searchsorted(self._ends, index, side="right"))]


RAMP_STEP = 2.0**-24


def ramp(first: int, frames: int) -> bytes:
    """Samples that say which they are: number ``first`` and the next ones, none of them zero."""
    numbers = np.arange(first + 1, first + frames + 1, dtype=np.float64)
    return (numbers * RAMP_STEP).astype(np.float32).tobytes()


class Reading:
    """What of a ramp was heard, and where."""

    def __init__(self, heard: NDArray[np.float32]) -> None:
        self.at: NDArray[np.int64] = np.flatnonzero(heard)
        """Where in the recording there was no silence."""
        exact = heard[self.at].astype(np.float64) / RAMP_STEP
        self.numbers: NDArray[np.int64] = np.rint(exact).astype(np.int64) - 1
        """Which samples these were."""
        assert np.array_equal(exact, self.numbers + 1), "a sample was changed on its way"

    def between(self, first: int, end: int) -> Reading:
        """Of these numbers only."""
        part = Reading.__new__(Reading)
        wanted = (self.numbers >= first) & (self.numbers < end)
        part.at, part.numbers = self.at[wanted], self.numbers[wanted]
        return part

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Runs of consecutive numbers, silence or not in between: the first, and the one after the last."""
        if not len(self.at):
            return []
        runs = np.split(self.numbers, np.flatnonzero(np.diff(self.numbers) != 1) + 1)
        return [(int(run[0]), int(run[-1]) + 1) for run in runs]

    @property
    def gaps(self) -> list[int]:
        """Frames of silence, wherever there was some in between."""
        steps = np.diff(self.at)
        return [int(step) - 1 for step in steps[steps != 1]]
