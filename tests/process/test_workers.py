"""``voicestream workers`` and what happens to sentences when workers are restarted or killed."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from helpers.process.running import line, wait_until
from voicestream.bench import null_engines

if TYPE_CHECKING:
    from helpers.process.running import Run, Voicestream

ROLES = ("parser", "translation", "tts", "player")

TEXTS = [f"Sentence number {number} of this session, which has a few more words than it needs." for number in range(24)]


def speak_slowly(run: Run, texts: list[str], disturb_at: dict[int, object] | None = None) -> None:
    """Let the agent print a line at a time, so that a disturbance comes in mid-session."""
    for number, text in enumerate(texts):
        if disturb_at and number in disturb_at:
            disturb_at[number]()  # type: ignore[operator]
        run.write(line(text))
        if number % 4 == 0:
            run.wait_for("sentence_found", number + 1)


def assert_each_once(run: Run, count: int) -> None:
    """Every sentence was found, spoken and played exactly once, in order."""
    for kind in ("sentence_found", "speech_finished", "playback_started"):
        assert sorted(event["sentence"] for event in run.of(kind)) == list(range(count)), kind
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(count))
    assert run.of("skipped") == run.of("failed") == []


def test_status_shows_all_four_with_every_field_of_the_contract(place: Voicestream) -> None:
    run = place.run()
    run.write(line("One. Two. Three."))
    run.wait_for("playback_finished", 3)
    printed = place.call("workers", "status", "--json")
    assert printed.returncode == 0, printed.stderr
    status = json.loads(printed.stdout)
    assert [worker["role"] for worker in status["workers"]] == list(ROLES)
    for worker in status["workers"]:
        assert worker.keys() >= {
            "role", "pid", "incarnation", "state", "engine", "device", "uptime_seconds", "restarts", "in_flight",
            "latency_ms", "memory_bytes", "last_exit",
        }  # fmt: skip
        if worker["role"] == "translation":  # nothing is translated here
            assert (worker["state"], worker["pid"], worker["incarnation"]) == ("not_started", None, 0)
            continue
        assert worker["pid"] != status["supervisor"]["pid"]
        assert worker["incarnation"] == 1
        assert worker["state"] in ("ready", "busy")
        assert worker["uptime_seconds"] > 0
        assert worker["restarts"] == 0
        assert worker["memory_bytes"] > 1_000_000
        assert worker["last_exit"] is None
    by_role = {worker["role"]: worker for worker in status["workers"]}
    assert by_role["tts"]["engine"] == "espeak"
    assert by_role["tts"]["latency_ms"]["p50"] > 0
    assert by_role["tts"]["latency_ms"]["p95"] >= by_role["tts"]["latency_ms"]["p50"]
    table = place.call("workers", "status").stdout
    for role in ROLES:
        assert role in table
    assert "not started" in table
    assert run.finish() == 0


def test_restart_names_the_new_process_and_how_the_old_one_ended_and_logs_show_what_it_said(
    place: Voicestream,
) -> None:
    assert place.call("up").returncode == 0
    place.pid_of("tts")
    wait_until(lambda: "state=ready" in place.call("workers", "logs", "tts").stdout, "the log says that tts is ready")
    for role in ROLES:
        before = place.pid_of(role)
        done = place.call("workers", "restart", role)
        assert done.returncode == 0, done.stderr
        after = place.pid_of(role)
        assert after != before
        assert f"pid {after}" in done.stderr
        assert "drain" in done.stderr
        worker = place.worker(role)
        assert (worker["incarnation"], worker["restarts"]) == (2, 1)
        assert worker["last_exit"].startswith("exit 0 (drain")
    done = place.call("workers", "restart", "tts", "--now")
    assert done.returncode == 0, done.stderr
    assert "SIGKILL" in done.stderr


TRANSLATED = ("--to", "de", "--translator", null_engines.NAME)
"""Options with which all four roles have something to do."""


@pytest.fixture
def four(warm_place: Voicestream) -> Voicestream:
    """A place with a translator, of the tests of this file."""
    engines = warm_place.home / "engines"
    if not engines.exists():
        null_engines.plug_in(engines)
        warm_place.environment["PYTHONPATH"] = str(engines)
    return warm_place


def recorded(place: Voicestream, name: str, times: int) -> bytes:
    """The file of a session in which nothing happens."""
    path = place.cwd / name
    if not path.exists():
        run = place.run(*TRANSLATED, output=name)
        run.write(b"".join(line(text) for text in TEXTS * times))
        assert run.finish() == 0, run.stderr
    return path.read_bytes()


@pytest.mark.parametrize("role", ROLES)
def test_the_file_is_byte_identical_whichever_worker_is_killed_and_restarted_in_mid_session(
    four: Voicestream, role: str
) -> None:
    undisturbed = recorded(four, "undisturbed.wav", 1)
    restarts = four.worker(role)["restarts"]

    def kill() -> None:
        os.kill(four.pid_of(role), signal.SIGKILL)

    def restart() -> None:
        done = four.call("workers", "restart", role)
        assert done.returncode == 0, done.stderr

    disturbed = four.run(*TRANSLATED, output=f"{role}.wav")
    speak_slowly(disturbed, TEXTS, {5: kill, 11: restart, 17: kill})
    assert disturbed.finish() == 0, disturbed.stderr
    assert_each_once(disturbed, len(TEXTS))
    assert (four.cwd / f"{role}.wav").read_bytes() == undisturbed
    # Two or three: a restart that is requested while the successor of a killed worker is due starts only that one.
    wait_until(
        lambda: four.worker(role)["restarts"] >= restarts + 2,
        "the last successor is counted",
        seen=lambda: json.dumps(four.status()["workers"]),
    )


def test_the_file_is_byte_identical_when_workers_are_killed_at_moments_nobody_chose(four: Voicestream) -> None:
    undisturbed = recorded(four, "thrice.wav", 3)
    pids = {role: four.pid_of(role) for role in ROLES}

    disturbed = four.run(*TRANSLATED, output="disturbed.wav")
    # All at once, so that every worker is in the midst of something when it is killed.
    disturbed.write(b"".join(line(text) for text in TEXTS * 3))
    for number, role in enumerate(("tts", "player", "parser", "translation"), start=1):
        disturbed.wait_for("playback_finished", number * 12)
        os.kill(pids[role], signal.SIGKILL)
    assert disturbed.finish() == 0, disturbed.stderr
    assert_each_once(disturbed, len(TEXTS) * 3)
    assert (four.cwd / "disturbed.wav").read_bytes() == undisturbed


MIXED_STREAM = [
    b"now using node v22.1.0\n",
    b'{"type":"system","subtype":"init","session_id":"s"}\n',
    b'{"type":"stream_event","event":{"type":"message_start","message":{"id":"m1"}},"parent_tool_use_id":null}\n',
    (
        b'{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}},'
        b'"parent_tool_use_id":null}\n'
    ),
    (
        b'{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
        b'"text":"First I read. Then I wr"}},"parent_tool_use_id":null}\n'
    ),
    (
        b'{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
        b'"text":"ite. And"}},"parent_tool_use_id":null}\n'
    ),
    (
        b'{"type":"assistant","message":{"id":"m1","role":"assistant","content":[{"type":"text",'
        b'"text":"First I read. Then I write. And done."}]},"parent_tool_use_id":null,"session_id":"s"}\n'
    ),
    (
        b'{"type":"assistant","message":{"id":"m1","role":"assistant","content":[{"type":"tool_use","id":"t","name":"Bash",'
        b'"input":{}}]},"parent_tool_use_id":null,"session_id":"s"}\n'
    ),
    b"[SandboxDebug] noise\n",
    (
        b'{"type":"assistant","message":{"id":"m2","role":"assistant","content":[{"type":"text",'
        b'"text":"All is well."}]},"parent_tool_use_id":null,"session_id":"s"}\n'
    ),
    b'{"type":"result","subtype":"success","is_error":false,"result":"All is well.","session_id":"s"}\n',
]


def test_a_parser_killed_after_every_line_finds_the_same_sentences_with_the_same_ids(four: Voicestream) -> None:
    run = four.run()
    run.wait_for("session_opened")
    four.pid_of("parser")
    for text in MIXED_STREAM:
        run.write(text)
        # SIGKILL too, but as somebody's wish: outside kills without any work done in between end in `failed`.
        done = four.call("workers", "restart", "parser", "--now")
        assert "SIGKILL" in done.stderr
    assert run.finish() == 0, run.stderr
    found = [(event["sentence"], event["text"]) for event in run.of("sentence_found")]
    wanted = ["First I read.", "Then I write.", "And done.", "All is well."]
    assert found == list(enumerate(wanted))
    assert_each_once(run, len(wanted))


def test_a_frozen_worker_is_replaced(four: Voicestream) -> None:
    run = four.run()
    run.write(line("Before."))
    run.wait_for("playback_finished")
    frozen = four.pid_of("tts")
    os.kill(frozen, signal.SIGSTOP)
    run.write(line("After."))
    run.wait_for("playback_finished", 2)
    assert run.finish() == 0
    assert four.pid_of("tts") != frozen


def test_a_worker_that_dies_again_and_again_without_work_fails_its_role_and_can_be_revived(place: Voicestream) -> None:
    assert place.call("up").returncode == 0
    killed: set[int] = set()
    while len(killed) < 5:
        # On a busy machine the one that was just killed may still be shown as the worker.
        pid = place.pid_of("tts")
        if pid not in killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)

    def has_failed() -> bool:
        return any(worker["state"] == "failed" for worker in place.status()["workers"])

    wait_until(has_failed, "the role has failed")
    done = place.call("workers", "restart", "tts")
    assert done.returncode == 0, done.stderr
    place.pid_of("tts")
