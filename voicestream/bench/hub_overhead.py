"""Hub overhead: the time that processes, sockets and ledger add to the work of the workers.

One sentence at a time goes from a client through supervisor, parser, translation, tts and player: real processes, with
null engines (``null_engines``) and a null output. The same sentences then take the same steps in one process, by plain
calls. The difference for each sentence is the overhead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from voicestream.bench import in_process, null_engines
from voicestream.bench.driven_run import TIMEOUT_SECONDS, agent_line
from voicestream.bench.figures import Figure, percentile
from voicestream.client.connection import Client
from voicestream.errors import NoSupervisorError, VoicestreamError
from voicestream.protocol.messages import (
    Control,
    EndOfInput,
    EventName,
    Input,
    OpenSession,
    OutputOptions,
    ParserOptions,
    SessionClosed,
    SessionEvent,
    SessionOpened,
    SessionOptions,
)
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.bench.sandbox import Sandbox

GOAL_MILLISECONDS: Final = 1.0

WARM_UP_SENTENCES: Final = 30
"""Unmeasured sentences: workers get ready, and code paths run for the first time."""

POLL_MILLISECONDS: Final = 100
"""Interval at which the supervisor is checked while an event is awaited."""

OPTIONS: Final = SessionOptions(
    parser=ParserOptions(format="claude", language="en"),
    output=OutputOptions(kind="null"),
    # Another language than the parser's, so that the translation stage calls a translator.
    target="de",
    translator=null_engines.NAME,
    tts=null_engines.NAME,
    keep_alive_seconds=0.0,
)

STEPS: Final = (
    EventName.SENTENCE_FOUND,
    EventName.TRANSLATED,
    EventName.SPEECH_STARTED,
    EventName.PLAYBACK_STARTED,
    EventName.PLAYBACK_FINISHED,
)
"""Events of a sentence in order; the interval between two is the time of one stage."""


def measure(sandbox: Sandbox, sentences: int) -> Figure:
    """Measure the overhead of ``sentences`` sentences, one after another."""
    texts = [f"This is sentence number {number} of the benchmark." for number in range(sentences + WARM_UP_SENTENCES)]
    worked = in_process.seconds_of(texts, OPTIONS)
    passed = _through_hub(sandbox, texts)
    counted = range(WARM_UP_SENTENCES, len(texts))
    overheads = [(passed[i][EventName.PLAYBACK_FINISHED] - passed[i]["sent"] - worked[i]) * 1000 for i in counted]
    parts = {f"to {step}": _median_step(passed, step, counted) for step in STEPS}
    parts["of it work"] = percentile([worked[i] * 1000 for i in counted], 50)
    return Figure(
        name="hub_overhead",
        title="hub overhead per sentence",
        unit="ms",
        samples=tuple(overheads),
        goal=GOAL_MILLISECONDS,
        parts=parts,
    )


def _median_step(passed: Sequence[dict[str, float]], step: str, counted: range) -> float:
    """Return the median milliseconds between a step and the one before."""
    order = ("sent", *STEPS)
    before = order[order.index(step) - 1]
    return percentile([(passed[i][step] - passed[i][before]) * 1000 for i in counted], 50)


def _through_hub(sandbox: Sandbox, texts: Sequence[str]) -> list[dict[str, float]]:
    """Return the time of each text and each of its steps, in seconds on the monotonic clock."""
    plug_ins = sandbox.home / "engines"
    null_engines.plug_in(plug_ins)
    command = [sys.executable, "-P", "-m", "voicestream.supervisor", f"--run-directory={sandbox.runtime}"]
    command += [f"--tts={null_engines.NAME}", f"--translator={null_engines.NAME}", "--keep-alive=5"]
    path = [str(plug_ins), *filter(None, [sandbox.environment.get("PYTHONPATH")])]
    supervisor = subprocess.Popen(
        command,
        env={**sandbox.environment, "PYTHONPATH": os.pathsep.join(path)},
        cwd=sandbox.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with Client(RunDirectory(sandbox.runtime)) as client:
            _connect(client, supervisor)
            times = _pass_through(client, texts)
            client.ask(Control(action="shutdown"))
        supervisor.wait(TIMEOUT_SECONDS)
    finally:
        if supervisor.poll() is None:
            supervisor.kill()  # its workers end with it
            supervisor.wait()
    return times


def _connect(client: Client, supervisor: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            client.connect()
        except NoSupervisorError as error:
            if supervisor.poll() is not None:
                raise VoicestreamError(f"the supervisor ended with exit code {supervisor.returncode}") from error
            time.sleep(0.01)
        else:
            return


def _pass_through(client: Client, texts: Sequence[str]) -> list[dict[str, float]]:
    opened = client.ask(OpenSession(pid=os.getpid(), options=OPTIONS))
    if not isinstance(opened, SessionOpened):
        raise VoicestreamError(f"the supervisor answered with {type(opened).__name__}")
    offset = 0
    passed: list[dict[str, float]] = []
    for number, text in enumerate(texts):
        line = agent_line(text)
        times = {"sent": time.monotonic()}
        client.send(Input(session=opened.session, offset=offset, data=line))
        offset += len(line)
        while STEPS[-1] not in times:
            event = _next_event(client)
            if event.sentence == number:
                times.setdefault(event.event, event.time)
        passed.append(times)
    client.send(EndOfInput(session=opened.session))
    return passed


def _next_event(client: Client) -> SessionEvent:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        message = client.receive()
        if isinstance(message, SessionEvent):
            return message
        if isinstance(message, SessionClosed):
            raise VoicestreamError(f"the session ended: {message.reason}")
        if message is None and client.socket is not None and not client.socket.poll(POLL_MILLISECONDS):
            client.check_alive()
    raise VoicestreamError("a sentence did not come through")
