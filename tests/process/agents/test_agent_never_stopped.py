"""The agent's output is read to its end through every failure of `run`, and passed on unchanged with `--tee`.

A real agent that SIGPIPE would kill writes into the pipe: half of its lines before the failure is told, half after.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.faults.faking import faked
from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, wait_until
from voicestream import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.process.running import Voicestream

HALF = b'{"type":"user","message":{"role":"user","content":[{"type":"tool_result","content":"' + b"x" * 900 + b'"}]}}\n'
HALF *= 700

AGENT = """
import signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
half = open(sys.argv[1], "rb").read()
for _ in range(2):
    sys.stdin.readline()
    sys.stdout.buffer.write(half)
    sys.stdout.buffer.flush()
    sys.stderr.write("written\\n")
    sys.stderr.flush()
"""


@dataclass(frozen=True)
class Failure:
    """A way in which ``run`` fails, and what it says then."""

    name: str
    code: int
    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    settings: str = ""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    supervisor: str = ""
    """Manner of a fake one; empty: there is none."""
    before: str = ""
    """Python that the process executes first."""


def raising(error: type[errors.VoicestreamError]) -> Failure:
    before = f"""
from voicestream import errors
from voicestream.cli.session import request
def fail(*_, **__):
    raise errors.{error.__name__}("it has happened", hint="Try: something")
request.request = fail
"""
    return Failure(error.__name__, error.exit_code, ("voicestream: it has happened\nTry: something\n",), before=before)


def tree(error: type[errors.VoicestreamError]) -> Iterator[type[errors.VoicestreamError]]:
    yield error
    for below in error.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


NO_PATIENCE = """
from voicestream.client.connection import Client
Client.ask.__kwdefaults__["timeout_seconds"] = 0.3
"""

UNFORESEEN = """
from voicestream.client.connection import Client
def fail(self):
    raise ZeroDivisionError("nobody has foreseen this")
Client.connect_or_start = fail
"""

FAILURES = (
    # One for each exit code: all are handled alike.
    *map(raising, {error.exit_code: error for error in tree(errors.VoicestreamError)}.values()),
    Failure("a file that is no TOML", 78, ("config.toml", "line 2"), settings='to = "ja"\n='),
    Failure("an unknown setting", 78, ("config.toml, line 2", "voise"), settings='to = "ja"\nvoise = "x"'),
    Failure("a setting out of range", 78, ("config.toml, line 3: speed: 99",), settings="\n\nspeed = 99"),
    Failure("a setting that is no language", 78, ("config.toml, line 1: to", "jp"), settings='to = "jp"'),
    Failure("a directory in a setting", 78, ("config.toml, line 1", "no/such"), settings='models = "no/such"'),
    Failure("a pause out of range", 78, ("config.toml, line 2",), settings="[speech]\nsentence_pause = 99"),
    Failure("a variable out of range", 78, ("VOICESTREAM_SPEED=99",), environment={"VOICESTREAM_SPEED": "99"}),
    Failure("a variable of no number", 78, ("VOICESTREAM_BEAMS=x",), environment={"VOICESTREAM_BEAMS": "x"}),
    Failure("a variable of no boolean", 78, ("VOICESTREAM_QUIET=si",), environment={"VOICESTREAM_QUIET": "si"}),
    Failure("a variable of no choice", 78, ("VOICESTREAM_ONLY=me",), environment={"VOICESTREAM_ONLY": "me"}),
    Failure("a variable of no language", 78, ("VOICESTREAM_TO=jp", "ja"), environment={"VOICESTREAM_TO": "jp"}),
    Failure("a variable of no device", 78, ("VOICESTREAM_COMPUTE=x",), environment={"VOICESTREAM_COMPUTE": "x"}),
    Failure("a variable of no card", 78, ("VOICESTREAM_GPU=x",), environment={"VOICESTREAM_GPU": "x"}),
    Failure("a variable of no directory", 78, ("VOICESTREAM_MODELS=no/x",), environment={"VOICESTREAM_MODELS": "no/x"}),
    Failure("a variable of no output", 78, ("VOICESTREAM_OUTPUT=a.mp3",), environment={"VOICESTREAM_OUTPUT": "a.mp3"}),
    Failure("no such engine", 2, ("nonesuch", "espeak"), ("--tts", "nonesuch")),
    Failure("a variable of no engine", 78, ("VOICESTREAM_TTS=ospeak",), environment={"VOICESTREAM_TTS": "ospeak"}),
    Failure("a setting that is no engine", 78, ("config.toml, line 1", "nlb"), settings='translator = "nlb"'),
    Failure("no such voice", 2, ("nosuchvoice",), ("--tts", "auto", "--voice", "nosuchvoice")),
    Failure("no such file of a voice", 2, ("nosuch.wav",), ("--tts", "auto", "--voice", "nosuch.wav")),
    Failure("no such directory for the sound", 2, ("no/such",), ("--output", "no/such/dir.wav")),
    Failure("no such directory for events", 2, ("no/such",), ("--output", "null", "--events", "no/such/events")),
    Failure("a run directory that is none", 78, ("/dev/null",), environment={"VOICESTREAM_RUNTIME_DIR": "/dev/null"}),
    Failure("a session that is refused", 78, ("not today",), supervisor="refuses"),
    Failure("a supervisor of nonsense", 1, ("answered with",), supervisor="wrong"),
    Failure("a supervisor that is lost", 1, ("the supervisor has ended",), supervisor="lets go"),
    Failure("a supervisor that is frozen", 1, ("did not answer",), supervisor="silent", before=NO_PATIENCE),
    Failure("what nobody has foreseen", 1, ("an unexpected error: ZeroDivisionError", "client.log"), before=UNFORESEEN),
)


class Pipeline:
    """``agent | voicestream run``."""

    def __init__(self, place: Voicestream, *options: str, before: str = "") -> None:
        half = place.home / "half"
        half.write_bytes(HALF)
        self.passed_on = place.home / "passed-on"
        self.stderr = place.home / "stderr"
        self.agent = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", AGENT, str(half)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        command = COMMAND
        if before:
            program = f"{before}\nfrom voicestream.cli.main import main\nmain()"
            command = [sys.executable, "-P", "-c", program]
        with self.passed_on.open("wb") as stdout, self.stderr.open("wb") as stderr:
            self.run = subprocess.Popen(
                [*command, "run", *options],
                stdin=self.agent.stdout,
                stdout=stdout,
                stderr=stderr,
                env=place.environment,
                cwd=place.cwd,
            )
        assert self.agent.stdout is not None
        self.agent.stdout.close()

    def write_half(self) -> None:
        """The agent writes one half, and has written it."""
        assert self.agent.stdin is not None
        assert self.agent.stderr is not None
        self.agent.stdin.write(b"\n")
        assert self.agent.stderr.readline() == b"written\n", "the agent was stopped"

    def said(self) -> str:
        return self.stderr.read_text()

    def close(self) -> None:
        for process in (self.agent, self.run):
            process.kill()
            process.wait()
        for stream in (self.agent.stdin, self.agent.stderr):
            assert stream is not None
            stream.close()


@contextlib.contextmanager
def pipeline(place: Voicestream, *options: str, before: str = "") -> Iterator[Pipeline]:
    made = Pipeline(place, *options, before=before)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
def test_the_agent_is_read_to_its_end_after(place: Voicestream, failure: Failure) -> None:
    if failure.settings:
        (place.home / "config.toml").write_text(failure.settings)
    place.environment.update(failure.environment)
    output = () if "output" in f"{failure.options} {failure.environment}".lower() else ("--output", "null")
    with (
        faked(place, failure.supervisor) if failure.supervisor else contextlib.nullcontext(),
        pipeline(place, "--tee", *output, *failure.options, before=failure.before) as pipes,
    ):
        pipes.write_half()
        wait_until(
            lambda: all(word in pipes.said() for word in failure.words), f"{failure.words} are said", seen=pipes.said
        )
        pipes.write_half()
        assert pipes.agent.wait(remaining()) == 0
        assert pipes.run.wait(remaining()) == failure.code, pipes.said()
    assert pipes.passed_on.read_bytes() == HALF * 2
    assert "Traceback" not in pipes.said()


@pytest.mark.parametrize("options", [("--speed", "99"), ("--nosuch",), ("--to", "jp"), ("--tee", "--events", "-")])
def test_what_was_typed_wrong_ends_the_run_at_once(place: Voicestream, options: tuple[str, ...]) -> None:
    with pipeline(place, *options) as pipes:
        assert pipes.run.wait(remaining()) == 2
        assert options[0] in pipes.said() or options[-1] in pipes.said()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_waiting_for_a_frozen_supervisor(place: Voicestream, number: signal.Signals, code: int) -> None:
    with faked(place, "silent"), pipeline(place, "--output", "null") as pipes:
        pipes.write_half()
        pipes.write_half()
        pipes.run.send_signal(number)
        assert pipes.run.wait(remaining()) == code
        assert "Traceback" not in pipes.said()


def test_a_signal_ends_reading_on_after_a_failure(place: Voicestream) -> None:
    (place.home / "config.toml").write_text("=")
    with pipeline(place) as pipes:
        pipes.write_half()
        wait_until(lambda: "config.toml" in pipes.said(), "the failure is told")
        wait_until(lambda: "Ctrl-C quits" in pipes.said(), "it is told why the process is still there")
        pipes.run.send_signal(signal.SIGTERM)
        assert pipes.run.wait(remaining()) == 143


def test_a_file_is_not_read_to_its_end_after_a_failure(place: Voicestream) -> None:
    (place.home / "config.toml").write_text("=")
    with Path("/dev/zero").open("rb") as endless:
        done = subprocess.run(
            [*COMMAND, "run"],
            stdin=endless,
            env=place.environment,
            cwd=place.cwd,
            timeout=remaining(),
            check=False,
        )
    assert done.returncode == 78
