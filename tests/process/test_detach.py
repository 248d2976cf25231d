"""``run --detach``: the client leaves when its input has ended, and the supervisor finishes what waits."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line, wait_until
from helpers.process.session import Session
from helpers.process.terminal import Terminal
from helpers.voices.gated_voice import FAILURE, NAME, Gate, texts
from voicestream.protocol.messages import OutputOptions, ParserOptions, SessionOptions
from voicestream.supervisor.sessions.admission import MAX_SESSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers.process.running import Run, Voicestream

COLUMNS = 80
LINES = 24


@pytest.fixture
def gate(place: Voicestream) -> Gate:
    return Gate(place)


@pytest.fixture
def warm_gate(warm_place: Voicestream) -> Iterator[Gate]:
    """Closed; afterwards open, so that nothing waits for it."""
    made = Gate(warm_place)
    yield made
    made.open()


def overview(place: Voicestream) -> dict[str, Any]:
    """What ``status --json`` prints."""
    done = place.call("status", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def wait_until_spoken(place: Voicestream) -> None:
    wait_until(lambda: not overview(place)["sessions"], "all sessions are over")


def shell(place: Voicestream, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    return subprocess.run(
        ["/bin/sh", "-c", script],
        env=place.environment,
        cwd=place.cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=remaining(),
    )


def handed_over(place: Voicestream, sentences: list[str], *options: str, output: str = "null") -> Run:
    """A run that has handed over so many sentences."""
    run = place.run("--detach", "--tts", NAME, *options, output=output)
    run.write(line(" ".join(sentences)))
    run.end_input()
    (event,) = run.wait_for("handed_over")
    assert event["waiting_sentences"] == len(sentences)
    return run


def attached(place: Voicestream, path: Path, said: bytes) -> bytes:
    """What is in the file when the client stays to the end."""
    run = place.run("--tts", NAME, output=str(path))
    run.write(said)
    assert run.finish() == 0, run.stderr
    return path.read_bytes()


def test_an_agent_in_a_loop_never_waits_and_every_sentence_is_spoken_in_order(place: Voicestream, gate: Gate) -> None:
    # The first has the most messages: in turns it would be the last to end.
    said = [b"".join(map(line, texts(20, 3))), *(line(" ".join(texts(first, 3))) for first in (30, 40))]
    for turn, messages in enumerate(said):
        (place.cwd / f"agent{turn}").write_bytes(messages)
    command = f"{shlex.join([*COMMAND, 'run', '--detach', '--tts', NAME])} --output out$turn.wav"
    script = f"for turn in 0 1 2; do cat agent$turn | {command} || exit; done"
    loop = shell(place, script)
    assert loop.returncode == 0, loop.stderr
    assert loop.stderr.count("handed over: 3 sentences wait; voicestream status shows them") == 3
    sessions = overview(place)["sessions"]
    assert [one["waiting_sentences"] for one in sessions] == [3, 3, 3]
    assert all(one["detached"] and one["behind_seconds"] > 0 for one in sessions)
    gate.open()
    wait_until_spoken(place)
    assert re.findall(r"session=(\w+) state=closed", place.log_text("supervisor")) == ["s1", "s2", "s3"]
    for turn, messages in enumerate(said):
        reference = attached(place, place.cwd / f"reference{turn}.wav", messages)
        assert (place.cwd / f"out{turn}.wav").read_bytes() == reference
    assert overview(place)["failures"] == []


def test_nothing_is_lost_when_client_voice_and_player_are_killed_after_the_handing_over(
    warm_place: Voicestream, warm_gate: Gate
) -> None:
    sentences = texts(20, 3)
    run = handed_over(warm_place, sentences, output="out.wav")
    run.process.kill()
    run.process.wait()
    for role in ("tts", "player"):
        psutil.Process(warm_place.pid_of(role)).kill()
    warm_gate.open()
    wait_until_spoken(warm_place)
    assert (warm_place.cwd / "out.wav").read_bytes() == attached(
        warm_place, warm_place.cwd / "reference.wav", line(" ".join(sentences))
    )


def test_a_supervisor_that_ends_before_says_in_its_log_how_much_was_not_spoken(place: Voicestream, gate: Gate) -> None:
    del gate
    run = handed_over(place, texts(20, 3))
    assert run.wait() == 0
    assert run.of("session_closed") == []
    assert place.call("down").returncode == 0
    log = place.log_text("supervisor")
    assert re.search(r"session=s1: 3 of 3 sentences were not spoken, .*the supervisor ends: voicestream down", log), log
    assert "of the agent" not in log


def test_a_supervisor_that_keeps_nothing_warm_ends_after_the_last_sentence(place: Voicestream, gate: Gate) -> None:
    run = handed_over(place, texts(20, 2), "--keep-alive", "0", "--quiet", output="out.wav")
    assert run.wait() == 0
    assert run.stderr == ""
    assert place.processes()
    gate.open()
    place.assert_nothing_left()
    assert "exit=0" in place.log_text("supervisor")


def test_what_a_client_has_sent_is_spoken_though_it_is_killed_before_its_input_has_ended(
    place: Voicestream, gate: Gate
) -> None:
    sentences = texts(20, 2)
    run = place.run("--detach", "--tts", NAME, output="out.wav")
    run.write(line(" ".join(sentences)))
    run.wait_for("sentence_found", 2)
    assert not overview(place)["sessions"][0]["detached"]
    run.process.kill()
    wait_until(lambda: overview(place)["sessions"][0]["detached"], "the supervisor has taken it over")
    gate.open()
    wait_until_spoken(place)
    assert overview(place)["failures"] == []
    assert "session=s1: its client ended before its input" in place.log_text("supervisor")
    assert (place.cwd / "out.wav").read_bytes() == attached(
        place, place.cwd / "reference.wav", line(" ".join(sentences))
    )


def test_a_client_without_detach_that_is_killed_takes_its_session_along(
    warm_place: Voicestream, warm_gate: Gate
) -> None:
    del warm_gate
    run = warm_place.run("--tts", NAME)
    run.write(line(" ".join(texts(20, 2))))
    run.wait_for("sentence_found", 2)
    run.process.kill()
    wait_until_spoken(warm_place)


def test_a_loop_behind_too_many_sessions_is_told_so_and_its_agents_are_read_to_the_end(
    place: Voicestream, gate: Gate
) -> None:
    del gate
    handed_over(place, texts(20, 1))
    options = SessionOptions(parser=ParserOptions(), output=OutputOptions(kind="null"), tts=NAME)
    agent = shlex.join([sys.executable, "-c", "import sys; print('x' * 500_000); sys.stderr.write('written')"])
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_SESSIONS - 1):
            stack.enter_context(Session(place.runtime, options))
        done = shell(place, f"{agent} | {shlex.join([*COMMAND, 'run', '--detach', '--output', 'null'])}")
    assert done.returncode == 2
    assert "written" in done.stderr, "the agent was stopped"
    assert f"{MAX_SESSIONS} sessions are open, 1 of them handed over (--detach) and not spoken yet" in done.stderr
    assert "\nTry: voicestream hush" in done.stderr
    assert place.call("hush").returncode == 0
    wait_until(lambda: len(overview(place)["sessions"]) == MAX_SESSIONS - 1, "there is room for a session again")


def test_ctrl_c_before_the_end_of_the_input_stops_the_speech(warm_place: Voicestream, warm_gate: Gate) -> None:
    del warm_gate
    run = warm_place.run("--detach", "--tts", NAME)
    run.write(line(" ".join(texts(20, 2))))
    run.wait_for("sentence_found", 2)
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130
    assert overview(warm_place)["sessions"] == []


def test_what_fails_after_the_handing_over_is_in_the_log_and_on_a_screen_of_80_columns(
    place: Voicestream, gate: Gate
) -> None:
    handed_over(place, texts(12, 3))
    gate.open()
    wait_until_spoken(place)
    assert "event=skipped stage=tts" in place.log_text("supervisor")
    assert "    ValueError" in place.log_text("tts")
    assert FAILURE not in place.log_text("supervisor") + place.log_text("tts")  # it might quote a sentence
    (failure,) = overview(place)["failures"]
    assert FAILURE in failure["reason"]
    assert (failure["counts"]["found"], failure["counts"]["played"]) == (3, 2)
    gate.close()
    waiting = handed_over(place, texts(30, 4))
    waiting.wait()
    with Terminal(shlex.join([*COMMAND, "status"]), place.environment, place.cwd, columns=COLUMNS) as terminal:
        assert terminal.shell.wait(remaining()) == 0
        wait_until(lambda: "last session" in terminal.shown, "the screen is shown", seen=lambda: terminal.shown)
    shown = terminal.shown.splitlines()
    assert len(shown) <= LINES
    assert all(len(text) <= COLUMNS for text in shown), shown
    assert "nothing is being played; 4 sentences waiting" in shown
    assert any(re.match(r"s2 \w+ +detached .*4 sentences, 1 message", text) for text in shown), shown
    assert any(text == "voice:      gated on cpu" for text in shown), shown
    assert any(re.match(r"last session \(s1, .* ago\): 1 of 3 sentences not spoken: ", text) for text in shown), shown


def test_one_text_can_be_handed_over(warm_place: Voicestream, warm_gate: Gate) -> None:
    said = warm_place.call("say", "--detach", "--tts", NAME, "--output", "null", *texts(20, 1))
    assert said.returncode == 0, said.stderr
    assert "handed over: 1 sentence waits; voicestream status shows them" in said.stderr
    warm_gate.open()
    wait_until_spoken(warm_place)


def test_without_a_supervisor_the_status_says_so(place: Voicestream) -> None:
    done = place.call("status")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no supervisor is running" in done.stderr
