"""``voicestream doctor``: each thing that is wrong is found, with the command that mends it."""

from __future__ import annotations

import json
import os
import signal
import sys
from multiprocessing import shared_memory
from typing import TYPE_CHECKING, Any

import pytest

from helpers.process.running import line
from voicestream.protocol import untracked_memory

if TYPE_CHECKING:
    from helpers.process.running import Voicestream

Findings = dict[str, list[dict[str, str]]]


def diagnosed(place: Voicestream, *options: str) -> Findings:
    """The findings by check."""
    done = place.call("doctor", "--json", *options)
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    assert done.returncode == any(finding["state"] == "problem" for finding in found), done.stderr
    by_check: Findings = {}
    for finding in found:
        by_check.setdefault(finding["check"], []).append(finding)
    return by_check


def states(found: Findings, check: str) -> list[str]:
    return [finding["state"] for finding in found[check]]


def test_a_new_place_has_python_a_voice_and_no_supervisor(place: Voicestream) -> None:
    found = diagnosed(place)
    assert sys.executable in found["python"][0]["text"]
    assert states(found, "tts:espeak") == ["ok"]
    assert "none is running" in found["supervisor"][0]["text"]
    assert not place.processes()


@pytest.mark.parametrize(("text", "told"), [("nonsense = 1\n", "line 1"), ("= = =", "line 1")])
def test_a_broken_configuration_is_found_and_the_rest_is_checked(place: Voicestream, text: str, told: str) -> None:
    (place.home / "config.toml").write_text(text)
    found = diagnosed(place)
    assert states(found, "configuration") == ["problem"]
    assert told in found["configuration"][0]["text"]
    assert states(found, "tts:espeak") == ["ok"]


def test_a_running_supervisor_is_named_with_its_version_and_a_crashed_worker_with_its_log(
    place: Voicestream,
) -> None:
    run = place.run("--keep-alive", "60")
    run.write(line("Good."))
    run.wait_for("playback_finished")
    os.kill(place.pid_of("tts"), signal.SIGKILL)
    assert run.finish() == 0
    place.pid_of("tts")
    assert place.call("workers", "restart", "parser").returncode == 0
    found = diagnosed(place)
    assert not [name for name in found if name.startswith("worker parser")], "its restart was requested"
    assert states(found, "supervisor") == ["ok"]
    assert f"pid {place.supervisor_pid()}" in found["supervisor"][0]["text"]
    (worker,) = (found[name][0] for name in found if name.startswith("worker tts"))
    assert (worker["state"], worker["hint"]) == ("note", "voicestream workers logs tts")


def test_a_paused_supervisor_is_told_with_the_command_that_resumes(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    assert place.call("pause").returncode == 0
    assert [finding["hint"] for finding in diagnosed(place)["supervisor"]] == ["", "voicestream resume"]


def test_a_frozen_supervisor_is_a_problem_and_the_rest_is_checked(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    pid = place.supervisor_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        found = diagnosed(place)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert states(found, "supervisor") == ["problem"]
    assert "did not answer" in found["supervisor"][0]["text"]
    assert states(found, "tts:espeak") == ["ok"]


def test_shared_memory_of_a_killed_process_is_removed(place: Voicestream) -> None:
    name = untracked_memory.new_name()
    left = shared_memory.SharedMemory(name, create=True, size=4096)
    left.close()
    (untracked_memory.DIRECTORY / name).chmod(0o600)
    assert states(diagnosed(place), "shared memory")[0] in {"note", "ok"}  # a supervisor that starts removes it, too
    assert not (untracked_memory.DIRECTORY / name).exists()


def test_a_run_directory_that_others_may_enter_is_a_problem_with_the_command_that_closes_it(
    place: Voicestream,
) -> None:
    place.runtime.mkdir(parents=True, exist_ok=True)
    place.runtime.chmod(0o755)
    found = diagnosed(place)["run directory"][0]
    assert (found["state"], found["hint"]) == ("problem", f"Try: chmod 700 {place.runtime}")


def test_hooks_are_found_and_those_of_another_installation_told(place: Voicestream) -> None:
    variables = ("CODEX_HOME", "GEMINI_CLI_HOME", "OPENCODE_CONFIG_DIR")
    place.environment |= {"CLAUDE_CONFIG_DIR": str(place.home / "claude")} | dict.fromkeys(variables, str(place.home))
    assert "not installed" in diagnosed(place)["hooks"][0]["text"]
    assert place.call("hook", "install", "claude").returncode == 0
    (found,) = diagnosed(place)["hooks"]
    assert (found["state"], found["hint"]) == ("ok", "")
    settings = place.home / "claude" / "settings.json"
    settings.write_text(settings.read_text().replace(sys.executable.rpartition("/")[0], "/elsewhere"))
    (found,) = diagnosed(place)["hooks"]
    assert (found["state"], found["hint"]) == ("note", "voicestream hook install claude")
    settings.write_text("{")
    assert states(diagnosed(place), "hooks") == ["problem"]


def test_people_get_lines_and_each_problem_its_command(place: Voicestream) -> None:
    done = place.call("doctor")
    assert "ok       python: voicestream " in done.stdout
    assert done.stdout.splitlines()[-1].split()[-1].startswith("problem")
