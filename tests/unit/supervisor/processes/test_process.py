"""A worker process: how it is started, ended and reaped. A stand-in for the interpreter tells what it was given."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import pytest

from helpers.fixtures.deadline import remaining
from voicestream import telemetry
from voicestream.config.engine_settings import EngineSettings
from voicestream.protocol import audio_pool, lifeline
from voicestream.protocol.transport import POOL_VARIABLE
from voicestream.supervisor.processes.process import (
    MPS_VARIABLES,
    THREAD_VARIABLES,
    WAITING_VARIABLES,
    Launch,
    WorkerProcess,
    describe_exit,
    environment_for,
    threads_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


STAND_IN = """
import json, os, signal, subprocess, sys, time
options = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
engine = options["--engine"]
if engine == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "1000"]) if engine in ("parent", "leaver") else None
open_descriptors = []
for number in range(3, 100):
    try:
        os.fstat(number)
    except OSError:
        continue
    open_descriptors.append(number)
print(json.dumps({
    "arguments": sys.argv[1:],
    "stdin": os.read(0, 10).decode(),
    "directory": os.getcwd(),
    "leads_session": os.getsid(0) == os.getpid(),
    "environment": dict(os.environ),
    "descriptors": open_descriptors,
    "child": child.pid if child else None,
}), flush=True)
print("and on stderr", file=sys.stderr, flush=True)
if engine == "leaver":
    os._exit(7)
time.sleep(1000)
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts workers whose interpreter is the stand-in, and ends them with the test."""
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!{sys.executable} -S\n{STAND_IN}")
    stand_in.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(stand_in))
    started: list[WorkerProcess] = []

    def begin(engine: str = "waits", pool: int | str | None = None) -> WorkerProcess:
        launch = Launch(role="tts", incarnation=3, hub=tmp_path / "hub", engine=engine, pool=pool, threads=2)
        started.append(WorkerProcess(launch))
        return started[-1]

    yield begin
    for worker in started:
        if worker.lifeline.fileno() >= 0:
            worker.kill()
            reaped(worker)
            worker.close()


def printed(worker: WorkerProcess, lines: int = 2) -> list[str]:
    """The first lines that it prints."""
    found = b""
    while found.count(b"\n") < lines:
        assert select.select([worker.output], [], [], remaining())[0], found
        data = os.read(worker.output, 65536)
        assert data, f"it ended: {found!r}"
        found += data
    return found.decode().splitlines()


def told(worker: WorkerProcess) -> dict[str, Any]:
    """What the stand-in says about itself."""
    found: dict[str, Any] = json.loads(printed(worker)[0])
    return found


def reaped(worker: WorkerProcess) -> int:
    """Wait for its end at its lifeline, then reap it."""
    limit = time.monotonic() + remaining()
    while (status := worker.reap()) is None:
        assert time.monotonic() < limit, "it does not end"
        select.select([worker.lifeline], [], [], 0.01)
    return status


# --- start


def test_it_is_a_fresh_interpreter_that_never_imports_from_the_current_directory(
    start: Callable[..., WorkerProcess],
) -> None:
    worker = start("espeak")
    arguments = told(worker)["arguments"]
    assert arguments[:3] == ["-P", "-m", "voicestream.workers.tts"]
    assert arguments[3] == "--incarnation=3"
    assert arguments[4].startswith("--hub=/")
    assert arguments[5] == f"--parent-pid={os.getpid()}"
    assert arguments[6].startswith("--lifeline=")
    assert arguments[7] == "--engine=espeak"
    assert arguments[8] == "--language="
    assert arguments[9].startswith("--log=")
    assert len(arguments) == 10
    assert worker.identity.startswith(b"tts.3.")


def test_it_has_nothing_on_stdin_a_session_of_its_own_and_holds_no_directory(
    start: Callable[..., WorkerProcess],
) -> None:
    agents, agents_end = os.pipe()
    os.write(agents_end, b"the agent's words")
    stdin = os.dup(0)
    os.dup2(agents, 0)
    try:
        found = told(start())
    finally:
        os.dup2(stdin, 0)
        for descriptor in (stdin, agents, agents_end):
            os.close(descriptor)
    assert found["stdin"] == ""
    assert found["leads_session"] is True
    assert found["directory"] == "/"


def test_both_of_its_outputs_are_read_through_one_pipe_that_never_blocks_us(
    start: Callable[..., WorkerProcess],
) -> None:
    worker = start()
    assert printed(worker)[1] == "and on stderr"
    with pytest.raises(BlockingIOError):
        os.read(worker.output, 1)


def test_it_inherits_its_lifeline_its_log_and_the_pool_and_nothing_else(start: Callable[..., WorkerProcess]) -> None:
    pool = audio_pool.create(1)
    other = audio_pool.create(1)
    sound, no_sound = start(pool=pool), start()
    told_of_sound = told(sound)
    inherited = dict(argument.split("=", 1) for argument in told_of_sound["arguments"] if "=" in argument)
    assert told_of_sound["descriptors"] == sorted([int(inherited["--lifeline"]), int(inherited["--log"]), pool])
    assert told_of_sound["environment"][POOL_VARIABLE] == str(pool)
    assert len(told(no_sound)["descriptors"]) == 2
    os.close(pool)
    os.close(other)


def test_the_name_of_the_pool_is_in_no_command_line(start: Callable[..., WorkerProcess]) -> None:
    found = told(start(pool="voicestream-0-0123456789abcdef"))
    assert found["environment"][POOL_VARIABLE] == "voicestream-0-0123456789abcdef"
    assert "0123456789abcdef" not in " ".join(found["arguments"])
    assert len(found["descriptors"]) == 2, "the lifeline and the log alone"


def test_numeric_libraries_get_their_share_of_threads_unless_the_user_says_otherwise() -> None:
    launch = Launch(role="tts", incarnation=1, hub=None, engine="", pool=None, threads=3)  # type: ignore[arg-type]
    inherited = {"PATH": "/bin", "OMP_NUM_THREADS": "7", "PYTORCH_ENABLE_MPS_FALLBACK": "0"}
    ours = dict.fromkeys(THREAD_VARIABLES, "3") | WAITING_VARIABLES | MPS_VARIABLES
    promised = {**telemetry.OFF, **telemetry.OFFLINE}
    expected = ours | inherited | promised | EngineSettings().environment()
    assert environment_for(launch, inherited) == expected
    assert environment_for(launch, {})["OMP_NUM_THREADS"] == "3"


def test_telemetry_is_off_in_every_worker_whatever_the_user_has_set() -> None:
    launch = Launch(role="tts", incarnation=1, hub=None, engine="", pool=None, threads=3)  # type: ignore[arg-type]
    found = environment_for(launch, {"ORT_DISABLE_TELEMETRY": "0", "DO_NOT_TRACK": "", "HF_HUB_OFFLINE": "0"})
    assert {name: found[name] for name in telemetry.OFF} == telemetry.OFF
    assert found["HF_HUB_OFFLINE"] == found["TRANSFORMERS_OFFLINE"] == "1"


def test_engines_are_set_as_the_session_wants_them_whatever_the_supervisor_was_started_with() -> None:
    settings = EngineSettings(models="/models", compute="cpu")
    launch = Launch(
        role="tts",
        incarnation=1,
        hub=None,  # type: ignore[arg-type]
        engine="",
        pool=None,
        threads=3,
        settings=settings,
    )
    inherited = {"VOICESTREAM_MODELS": "/others", "VOICESTREAM_COMPUTE": "cuda"}
    assert EngineSettings.from_environment(environment_for(launch, inherited)) == settings


def test_it_gets_that_environment(start: Callable[..., WorkerProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MKL_NUM_THREADS", "9")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = told(start())["environment"]
    assert (found["MKL_NUM_THREADS"], found["OMP_NUM_THREADS"]) == ("9", "2")


def test_a_process_that_cannot_be_started_is_an_error_and_leaves_no_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no such python"))
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    launch = Launch(role="tts", incarnation=1, hub=tmp_path / "hub", engine="", pool=None, threads=1)
    with pytest.raises(FileNotFoundError):
        WorkerProcess(launch)
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


# --- life and end


def test_while_it_lives_there_is_nothing_to_reap(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    told(worker)
    assert worker.reap() is None
    assert not lifeline.is_cut(worker.lifeline)


def test_its_end_cuts_the_lifeline_and_it_is_reaped_with_its_status(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    told(worker)
    os.kill(worker.pid, signal.SIGKILL)
    assert select.select([worker.lifeline], [], [], remaining())[0]
    assert lifeline.is_cut(worker.lifeline)
    assert reaped(worker) == -signal.SIGKILL
    assert worker.reap() == -signal.SIGKILL


def test_asking_it_to_end_ends_it(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    told(worker)
    worker.terminate()
    assert reaped(worker) == -signal.SIGTERM


def test_one_that_does_not_listen_is_killed(start: Callable[..., WorkerProcess]) -> None:
    worker = start("deaf")
    told(worker)
    worker.terminate()
    assert worker.reap() is None
    worker.kill()
    assert reaped(worker) == -signal.SIGKILL


def test_a_stopped_process_is_killed_as_well(start: Callable[..., WorkerProcess]) -> None:
    worker = start()
    told(worker)
    os.kill(worker.pid, signal.SIGSTOP)
    worker.kill()
    assert reaped(worker) == -signal.SIGKILL


def is_gone(pid: int) -> bool:
    """Whether a process that is nobody's child here has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended = bool(select.select([descriptor], [], [], remaining())[0])
    os.close(descriptor)
    return ended


@pytest.mark.platform
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no pidfd to wait with")
def test_killing_it_kills_what_it_started(start: Callable[..., WorkerProcess]) -> None:
    worker = start("parent")
    child: int = told(worker)["child"]
    os.kill(child, 0)
    worker.kill()
    assert reaped(worker) == -signal.SIGKILL
    assert is_gone(child)


@pytest.mark.platform
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no pidfd to wait with")
def test_what_it_left_behind_is_ended_after_it_was_reaped(start: Callable[..., WorkerProcess]) -> None:
    worker = start("leaver")
    child: int = told(worker)["child"]
    assert reaped(worker) == 7
    os.kill(child, 0)
    worker.close()
    assert is_gone(child)


def test_closing_gives_everything_back_and_signals_to_the_dead_are_no_error(
    start: Callable[..., WorkerProcess],
) -> None:
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    worker = start()
    worker.kill()
    reaped(worker)
    worker.kill()
    worker.terminate()
    worker.close()
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


def test_a_system_that_refuses_to_signal_a_zombies_group_is_no_error(
    start: Callable[..., WorkerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start()

    def refuse(_group: int, _number: int) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", refuse)
        worker.kill()
    assert worker.reap() is None


@pytest.mark.platform
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system has no pidfd to wait with")
def test_a_real_worker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = """
    import os, pathlib, signal, sys
    from voicestream.supervisor.processes.process import Launch, WorkerProcess
    hub = pathlib.Path(sys.argv[1])
    worker = WorkerProcess(Launch(role="parser", incarnation=1, hub=hub, engine="", pool=None, threads=1))
    print(worker.pid, flush=True)
    signal.pause()
    """
    supervisor = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(program), str(tmp_path / "hub")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert supervisor.stdout is not None
    worker = int(supervisor.stdout.readline())
    os.kill(worker, 0)
    supervisor.kill()
    supervisor.communicate()
    assert is_gone(worker)


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit 0"), (78, "exit 78"), (-9, "SIGKILL"), (-11, "SIGSEGV"), (-15, "SIGTERM"), (-50, "signal 50")],
)
def test_an_exit_is_described_in_words(status: int, words: str) -> None:
    assert describe_exit(status) == words


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 2), (4, 2), (16, 8)])
def test_a_worker_gets_half_of_the_cores_but_both_where_there_are_two(cores: int, threads: int) -> None:
    assert threads_for(cores) == threads


@pytest.mark.parametrize("settings", [EngineSettings(), EngineSettings(models="/m", compute="cuda:1", graphs=False)])
def test_what_an_engine_is_loaded_with_arrives_in_its_worker(tmp_path: Path, settings: EngineSettings) -> None:
    launch = Launch(role="tts", incarnation=1, hub=tmp_path, engine="xtts", pool=None, threads=1, settings=settings)
    assert EngineSettings.from_environment(environment_for(launch, {})) == settings
