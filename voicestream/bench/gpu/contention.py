"""Contention of translation and voice on one device: two processes, like two workers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, cast

from voicestream.bench.figures import Figure
from voicestream.bench.gpu.contention_process import BATCH, BEAMS
from voicestream.config.engine_settings import EngineSettings
from voicestream.errors import VoicestreamError
from voicestream.supervisor.processes.process import THREAD_VARIABLES, WAITING_VARIABLES, threads_for

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from voicestream.bench.gpu.contention_process import Beside, Work
    from voicestream.protocol.messages import EngineRole

COMMAND: Final = (sys.executable, "-P", "-m", "voicestream.bench.gpu.contention_process")

END_SECONDS: Final = 10.0
"""Timeout for a process to end after its stdin is closed."""

TOGETHER: Final = "begun in the same moment as such a batch"
"""A case that the ledger prevents while a session waits for its first sound."""

ALWAYS: Final = f"beside a translation that always works ({BATCH} sentences, {BEAMS} beams)"


class SideProcess:
    """Process of one side, with its engine loaded."""

    def __init__(
        self, role: EngineRole, work: Work, flag: Path, environment: Mapping[str, str], command: Sequence[str] = COMMAND
    ) -> None:
        """Start it; the first request waits until the engine is loaded.

        Args:
            role: the engine's role.
            work: the texts.
            flag: a file of one byte that both sides map.
            environment: of the process.
            command: takes role, work and flag as arguments.
        """
        self._role = role
        self._process = subprocess.Popen(
            [*command, role, json.dumps(asdict(work)), str(flag)],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - it was started with pipes
        with contextlib.suppress(OSError):  # it has ended already
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def receive(self) -> dict[str, object]:
        """Return the next answer.

        Raises:
            VoicestreamError: the process has ended.
        """
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        line = self._process.stdout.readline()
        if not line:
            raise VoicestreamError(f"the process for {self._role} has ended with {self._process.wait()}")
        found: dict[str, object] = json.loads(line)
        return found

    def request(self, *request: object) -> dict[str, object]:
        """Send a request and return the answer.

        Raises:
            VoicestreamError: as for ``receive``.
        """
        self.send(*request)
        return self.receive()

    def send(self, *request: object) -> None:
        """Send a request without waiting for the answer."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        with contextlib.suppress(BrokenPipeError):  # receive() reports that it has ended
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()


@dataclass(frozen=True)
class Pair:
    """Both sides, loaded and idle."""

    translation: SideProcess
    tts: SideProcess
    devices: tuple[str, str]
    """Devices of translation and voice in the form of ``voicestream workers status``."""

    def alone(self, role: EngineRole, runs: int) -> list[list[float]]:
        """Measure one side while the other is idle: lists of milliseconds, as ``Side.once`` returns them."""
        side = self.tts if role == "tts" else self.translation
        return cast("list[list[float]]", side.request("measure", runs)["ms"])

    def beside(self, role: EngineRole, runs: int, when: Beside = "free") -> tuple[list[list[float]], float]:
        """Measure one side while the other works, and the mean duration of the other's turns."""
        busy = self.tts if role == "translation" else self.translation
        busy.request("always", when)
        found = self.alone(role, runs)
        busy.send("rest")
        turn = cast("float", busy.receive()["turn_ms"])
        busy.receive()
        return found, turn


@contextlib.contextmanager
def open_pair(models: Path, device: str, work: Work, command: Sequence[str] = COMMAND) -> Generator[Pair]:
    """Start two processes on one device for the length of the block.

    Args:
        models: directory of both models.
        device: value of ``--compute``.
        work: the texts.
        command: as for ``SideProcess``.
    """
    threads = dict.fromkeys(THREAD_VARIABLES, str(threads_for(os.cpu_count() or 1)))
    settings = EngineSettings(models=str(models), compute=device)
    environment = {**threads, **WAITING_VARIABLES, **os.environ, **settings.environment()}
    with tempfile.NamedTemporaryFile(prefix="voicestream-flag-") as file:
        file.write(b"\0")
        file.flush()
        flag = Path(file.name)
        with (
            SideProcess("translation", work, flag, environment, command) as translation,
            SideProcess("tts", work, flag, environment, command) as tts,
        ):
            devices = str(translation.receive()["device"]), str(tts.receive()["device"])
            yield Pair(translation, tts, devices)


def measure(models: Path, device: str, work: Work, runs: int) -> list[Figure]:
    """Measure each side alone and beside the other.

    Args:
        models: as for ``open_pair``.
        device: as for ``open_pair``.
        work: as for ``open_pair``.
        runs: number of runs.

    Raises:
        VoicestreamError: a process has ended.
    """
    with open_pair(models, device, work) as both:
        voice = both.alone("tts", runs)
        translation = both.alone("translation", runs)
        voice_beside, _ = both.beside("tts", runs)
        voice_together, _ = both.beside("tts", runs, "together")
        translation_beside, _ = both.beside("translation", runs)
    return [
        _figure("xtts_first_alone", "XTTS first chunk, alone", voice, 0),
        _figure("xtts_first_shared", f"XTTS first chunk, {ALWAYS}", voice_beside, 0),
        _figure("xtts_first_together", f"XTTS first chunk, {TOGETHER}", voice_together, 0),
        _figure("xtts_whole_alone", "XTTS whole sentence, alone", voice, 1),
        _figure("xtts_whole_shared", f"XTTS whole sentence, {ALWAYS}", voice_beside, 1),
        _figure("nllb_alone", "NLLB 1 sentence, alone", translation, 0),
        _figure("nllb_shared", "NLLB 1 sentence, beside a voice that always speaks", translation_beside, 0),
    ]


def _figure(name: str, title: str, found: list[list[float]], index: int) -> Figure:
    return Figure(name, title, "ms", tuple(times[index] for times in found))
