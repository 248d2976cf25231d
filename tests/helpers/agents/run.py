"""One scenario: a real agent, a real pipe, a real ``voicestream run``, and the difference to the script."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from helpers.agents import editor
from helpers.agents.clients import base_environment, prepare
from helpers.agents.followed import Followed
from helpers.agents.stand_in import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from helpers.agents.clients import Client
    from helpers.agents.scenarios import Call, Scenario
    from helpers.process.running import Event, Run, Voicestream

LONGEST_SECONDS: Final = 180.0
"""Of one call of an agent."""
ANNOUNCED: Final = "The agent reports an error: "


@dataclass(frozen=True)
class Installed:
    """An agent and its program."""

    client: Client
    program: Path


@dataclass
class Outcome:
    """What came of a scenario."""

    faults: list[str] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)
    """Hosts that the agent wanted to reach, and could not."""
    seconds: float = 0.0


def differences(scenario: Scenario, spoken: Sequence[str]) -> list[str]:
    """Return what is missing, doubled, misplaced or too much among the sentences that were spoken."""
    errors = [text for text in spoken if text.startswith(ANNOUNCED)]
    said = [text for text in spoken if not text.startswith(ANNOUNCED)]
    found: list[str] = []
    if said != list(scenario.spoken):
        found.append(f"spoken {said}, not {list(scenario.spoken)}")
    if len(errors) != bool(scenario.error) or not all(scenario.error in text for text in errors):
        found.append(f"announced {errors}, not one error with {scenario.error!r}")
    if errors and spoken[-1:] != errors[-1:]:
        found.append("something was spoken behind the error")
    return found


def spoken_in(events: Sequence[Event]) -> list[str]:
    """Return the sentences whose sound was played to its end, in the order of playback."""
    texts = {event["sentence"]: event["text"] for event in events if event["event"] == "sentence_found"}
    return [texts[event["sentence"]] for event in events if event["event"] == "playback_finished"]


def run_scenario(place: Voicestream, agent: Installed, scenario: Scenario, folder: Path) -> Outcome:
    """Run an agent through a scenario; what it printed is kept in ``folder``."""
    outcome = Outcome()
    started = time.monotonic()
    home = folder / "home"
    project = home / "project"
    project.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    run = place.run("--from", "en", output="null")
    followed = Followed(place, home / scenario.followed) if scenario.followed else None
    for number, call in enumerate(scenario.calls, start=1):
        with stand_in(call.script()) as server:
            prepare(agent.client, home, server.address)
            stream = folder / f"{number}.jsonl"
            if scenario.spoken_by_call:
                sentences = scenario.spoken_by_call[number - 1]
                command, environment = _command(agent, call, server.address), _environment(agent, server.address, home)
                status = _finish_in_editor(editor.start(place, command, environment, stream), call, stream, sentences)
            else:
                status = _call(agent, call, server.address, run, stream)
            outcome.strangers.update(server.strangers)
        (folder / f"{number}.requests").write_text("\n".join(server.requests), encoding="utf-8")
        if status != 0 and not scenario.error:
            outcome.faults.append(f"the agent's exit code is {status}")
        if server.script.left:
            outcome.faults.append(f"{server.script.left} answers were never asked for")
    code = run.finish()
    streams = [folder / f"{number}.jsonl" for number in range(1, len(scenario.calls) + 1)]
    events = editor.events_of(streams) if scenario.spoken_by_call else run.events
    outcome.faults += differences(scenario, spoken_in(events))
    if code != 0:
        outcome.faults.append(f"the exit code of voicestream is {code}: {run.stderr}")
    if followed is not None:
        heard = followed.finish(len(scenario.spoken))
        outcome.faults += [f"follow: {fault}" for fault in differences(scenario, heard)]
    if scenario.kept:
        outcome.faults += _faults_of_file(place, scenario, home)
    outcome.seconds = time.monotonic() - started
    return outcome


def _faults_of_file(place: Voicestream, scenario: Scenario, home: Path) -> list[str]:
    """Speak the files that the agent has kept of the session: they must sound like the session itself."""
    run = place.run("--from", "en", output="null")
    for path in sorted(home.glob(scenario.kept)):
        run.write(path.read_bytes())
    run.finish()
    return [f"{scenario.kept}: {fault}" for fault in differences(scenario, spoken_in(run.events))]


def _call(agent: Installed, call: Call, address: str, run: Run, stream: Path) -> int:
    """Run the agent once, its stdout in the pipe of ``voicestream run``; return its exit code."""
    home = stream.parent / "home"
    # tee keeps the stream; its end of the pipe is the agent's.
    tee = subprocess.Popen(["tee", str(stream)], stdin=subprocess.PIPE, stdout=run.process.stdin)
    with stream.with_suffix(".stderr").open("wb") as errors:
        process = subprocess.Popen(
            _command(agent, call, address),
            stdin=subprocess.PIPE if call.prompts else subprocess.DEVNULL,
            stdout=tee.stdin,
            stderr=errors,
            cwd=home / "project",
            env=_environment(agent, address, home),
            start_new_session=True,
        )
    assert tee.stdin is not None
    tee.stdin.close()
    try:
        _write_prompts(process, call, stream)
        status = process.wait(LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        status = -signal.SIGKILL
    finally:
        _end(process)
        tee.wait(LONGEST_SECONDS)
    return status


def _command(agent: Installed, call: Call, address: str) -> list[str]:
    arguments = [each.replace("{address}", address) for each in agent.client.arguments]
    return [str(agent.program), *arguments, *call.arguments]


def _environment(agent: Installed, address: str, home: Path) -> dict[str, str]:
    return {**base_environment(home, address), **agent.client.environment(address)}


def _finish_in_editor(process: subprocess.Popen[bytes], call: Call, stream: Path, sentences: int) -> int:
    """Run an agent behind ``voicestream acp`` until so many sentences were spoken; return its exit code."""
    try:
        _write_prompts(process, call, stream, lambda: editor.wait_until_spoken(stream, sentences))
        return process.wait(LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL
    finally:
        _end(process)


def _write_prompts(
    process: subprocess.Popen[bytes], call: Call, stream: Path, before_end: Callable[[], None] = lambda: None
) -> None:
    if not call.prompts:
        return
    assert process.stdin is not None
    project = stream.parent / "home" / "project"
    for prompt in call.prompts:
        found = _wait_for(process, prompt.after, stream)
        line = prompt.line.replace("{project}", str(project)).replace("{found}", found)
        if "{session}" in line:
            line = line.replace("{session}", editor.session_in(stream.with_name("1.jsonl")))
        with suppress(BrokenPipeError):
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
    _wait_for(process, call.last, stream)
    before_end()
    process.stdin.close()


def _wait_for(process: subprocess.Popen[bytes], expression: str, stream: Path) -> str:
    """Wait for an expression in an agent's output; return its group. Waiting in vain is a fault that is found later."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while expression and process.poll() is None and time.monotonic() < deadline:
        match = re.search(expression, stream.read_text(encoding="utf-8", errors="replace")) if stream.exists() else None
        if match is not None:
            return match[1] if match.lastindex else ""
        time.sleep(0.02)
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the agent and whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
