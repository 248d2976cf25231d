"""Agents that misbehave: cut off, never ending, all at once, killed, or ten of them at a time."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.fixtures.deadline import remaining
from helpers.process.running import COMMAND, line, wait_until
from helpers.voices import quick_voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers.process.running import Event, Run, Voicestream

PIPE_CUT = 65_536
"""Bytes after which an agent was seen to end with exit code 0 in the middle of a line."""

MIB = 1 << 20


def assistant(identifier: str, text: str) -> bytes:
    """A whole message as Claude Code prints it."""
    message = {"id": identifier, "content": [{"type": "text", "text": text}]}
    return json.dumps({"type": "assistant", "message": message, "session_id": "s"}).encode() + b"\n"


def result(text: str) -> bytes:
    """The end of a turn."""
    fields = {"type": "result", "subtype": "success", "is_error": False, "result": text, "session_id": "s"}
    return json.dumps(fields).encode() + b"\n"


def streamed(identifier: str, pieces: list[str]) -> bytes:
    """A message as it comes in pieces; it is still open at the end."""
    events: list[dict[str, object]] = [
        {"type": "message_start", "message": {"id": identifier, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in pieces
        ),
    ]
    return b"".join(json.dumps({"type": "stream_event", "event": event}).encode() + b"\n" for event in events)


def found(run: Run) -> list[str]:
    return [event["text"] for event in run.of("sentence_found")]


def assert_each_was_heard_once_in_order(run: Run, texts: list[str]) -> None:
    assert found(run) == texts
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(len(texts)))


# --- cut off ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cut", "text"),
    [
        (assistant("m3", "This never comes.")[:-30], None),
        (assistant("m3", "これは来ない。").decode("unicode_escape").encode()[:-25], None),
        (b'{"type":"assi', None),
        (streamed("m3", ["It goes on. ", "And is broken o"])[:-1], "And is broken o."),
    ],
    ids=["in a text", "in a character", "in a key", "before the line's end"],
)
def test_what_is_complete_before_a_cut_is_spoken_and_the_cut_is_noticed(
    warm_place: Voicestream, cut: bytes, text: str | None
) -> None:
    run = warm_place.run()
    run.write(assistant("m1", "This is whole.") + assistant("m2", "And this.") + cut)
    assert run.finish() == 0, run.stderr
    expected = ["This is whole.", "And this."]
    if text is None:
        notices = [event["text"] for event in run.of("notice")]
        assert len(notices) == 1, "one line was cut"
        assert notices[0].startswith("the input ends inside a line: ")
        assert "the input ends inside a line" in run.stderr
    else:
        expected += ["It goes on.", text]
        assert run.of("notice") == []
    assert_each_was_heard_once_in_order(run, expected)


def test_an_agent_that_ends_after_exactly_65536_bytes_loses_only_the_line_that_was_cut(warm_place: Voicestream) -> None:
    texts = [f"Sentence number {number} of a long stream." for number in range(12)]
    tool = {"type": "user", "message": {"content": [{"type": "tool_result", "content": "x" * 6_000}]}}
    silent = json.dumps(tool).encode() + b"\n"
    stream = b"".join(assistant(f"m{number}", text) + silent for number, text in enumerate(texts))
    whole = stream[:PIPE_CUT].count(b'"assistant"')
    assert len(stream) > PIPE_CUT
    assert whole < len(texts)
    run = warm_place.run()
    run.write(stream[:PIPE_CUT])
    assert run.finish() == 0, run.stderr
    assert_each_was_heard_once_in_order(run, texts[:whole])


# --- never ending ----------------------------------------------------------------------------------------------------


def test_after_result_the_last_sentence_is_spoken_at_once_though_the_agent_never_ends(warm_place: Voicestream) -> None:
    run = warm_place.run()
    run.write(streamed("m1", ["It is done. ", "Tests pass"]) + result("It is done. Tests pass"))
    run.wait_for("playback_finished", 2)
    assert found(run) == ["It is done.", "Tests pass."]
    run.write(streamed("m2", ["Next", " one"]) + result("Next one"))
    run.wait_for("playback_finished", 3)
    assert run.process.poll() is None, "it waits for further turns"
    assert run.finish() == 0, run.stderr
    assert_each_was_heard_once_in_order(run, ["It is done.", "Tests pass.", "Next one."])


@pytest.mark.parametrize("end", [b"\n", b""], ids=["with a line end", "without"])
def test_the_last_words_alone_are_spoken_at_result_and_not_at_the_end_of_the_pipe(
    warm_place: Voicestream, end: bytes
) -> None:
    run = warm_place.run("--only", "final")
    run.write(assistant("m1", "Looking around.") + assistant("m2", "The answer is four."))
    run.write(result("The answer is four.").rstrip() + end)
    run.wait_for("playback_finished")
    assert found(run) == ["The answer is four."]
    assert run.finish() == 0, run.stderr


# --- slowly, or all at once ------------------------------------------------------------------------------------------


def test_bytes_that_trickle_in_one_by_one_with_pauses_anywhere_give_the_same_sentences(warm_place: Voicestream) -> None:
    stream = assistant("m1", "Erst prüfen. Dann handeln.") + "Rauschen: ¡ñ!\n".encode() + line("これは文です。終わり。")
    run = warm_place.run()
    pauses = {20, len(stream) // 2, len(stream) - 3}
    for position, byte in enumerate(stream):
        run.write(bytes([byte]))
        if position in pauses:
            time.sleep(0.4)  # longer than what counts as a pause
    assert run.finish() == 0, run.stderr
    assert_each_was_heard_once_in_order(run, ["Erst prüfen.", "Dann handeln.", "これは文です。", "終わり。"])


SENTENCES = 1_000
"""In one burst."""


def peak_bytes(process: psutil.Process) -> int:
    """The most memory a process has had, where the system says so; else what it has now."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return process.memory_info().rss
    peak = next(text for text in status.read_text().splitlines() if text.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024


@pytest.mark.slow
def test_thousands_of_sentences_at_once_are_each_heard_once_and_the_agent_does_not_wait(
    place: Voicestream,
) -> None:
    place.environment["PYTHONPATH"] = quick_voice.plug_in(place.home / "site")
    run = place.run("--tts", quick_voice.NAME, "--no-captions", "--keep-alive", "60")
    run.write(line("Ready."))
    run.wait_for("playback_finished")
    processes = {"client": psutil.Process(run.process.pid), "supervisor": psutil.Process(place.supervisor_pid())}
    for role in ("parser", "tts"):
        processes[role] = psutil.Process(place.pid_of(role))
    before = {name: peak_bytes(process) for name, process in processes.items()}

    texts = [f"This is sentence number {number} of a burst." for number in range(SENTENCES)]
    stream = b"".join(line(text) for text in texts)
    for start in range(0, len(stream), 2_048):
        run.write(stream[start : start + 2_048])
    heard_by_then = len(run.of("playback_finished"))
    wait_until(
        lambda: (run.events[-1]["event"], run.events[-1].get("sentence")) == ("playback_finished", len(texts)),
        "the last one was heard",
    )
    peak = {name: peak_bytes(process) for name, process in processes.items()}
    status = place.status()["supervisor"]

    assert run.finish() == 0, run.stderr
    assert_each_was_heard_once_in_order(run, ["Ready.", *texts])
    assert heard_by_then < len(texts) / 2, "the agent has waited for the voice"
    growth = {name: (peak[name] - before[name]) / MIB for name in before}
    # Events that this test has not read yet wait in the client: eight for each sentence, about 1 kB each.
    assert growth.pop("client") < 50, growth
    # 1,000 sentences are some 60 kB of text; what the ledger knows of each is about 1 kB.
    assert max(growth.values()) < 20, growth
    assert status["free_slots"] == status["total_slots"]


# --- many at a time --------------------------------------------------------------------------------------------------

SESSIONS = 10
MESSAGES = 3


@contextmanager
def paused(place: Voicestream) -> Iterator[None]:
    """Nothing is heard meanwhile."""
    place.control("pause")
    try:
        yield
    finally:
        place.control("resume")


def ours(session: int) -> list[list[str]]:
    """Messages of one of the sessions: sentences nobody else says."""
    return [[f"Agent {session}, part {message}.", f"That was {session}."] for message in range(MESSAGES)]


def frames_of(path: Path) -> bytes:
    with wave.open(str(path), "rb") as file:
        return file.readframes(file.getnframes())


def starts(runs: list[Run]) -> list[tuple[int, int]]:
    """Session and message of every sentence, in the order in which they began to be heard."""
    heard: list[tuple[float, int, int]] = []
    for session, run in enumerate(runs):
        heard += [(event["time"], session, event["sentence"] // 2) for event in run.of("playback_started")]
    return [(session, message) for _, session, message in sorted(heard)]


@pytest.mark.slow
def test_ten_agents_at_once_take_turns_by_message_and_each_is_heard_as_if_it_were_alone(
    warm_place: Voicestream,
) -> None:
    place, options = warm_place, ("--speed", "3")
    runs: list[Run] = []
    for session in range(SESSIONS):
        run = place.run(*options, output=f"{session}.wav")
        run.wait_for("session_opened")
        runs.append(run)
    with paused(place):
        for session, run in enumerate(runs):
            run.write(b"".join(line(" ".join(message)) for message in ours(session)))
            run.end_input()
            if session == 0:
                run.wait_for("speech_finished")  # it was ready first, so it has the word
        for run in runs:
            run.wait_for("speech_finished", MESSAGES * 2)
    for session, run in enumerate(runs):
        assert run.wait() == 0, run.stderr
        assert_each_was_heard_once_in_order(run, list(itertools.chain(*ours(session))))

    turns = starts(runs)
    assert turns[::2] == turns[1::2], "a message was interrupted"
    assert turns[::2] == [(session, message) for message in range(MESSAGES) for session in range(SESSIONS)]

    alone = place.run(*options, output="alone.wav")
    alone.write(b"".join(line(" ".join(message)) for session in range(SESSIONS) for message in ours(session)))
    assert alone.finish() == 0, alone.stderr
    together = b"".join(frames_of(place.cwd / f"{session}.wav") for session in range(SESSIONS))
    assert together == frames_of(place.cwd / "alone.wav")


def test_two_runs_may_not_write_one_file_whatever_they_call_it(warm_place: Voicestream) -> None:
    first = warm_place.run(output="one.wav")
    first.write(line("I was first."))
    first.wait_for("playback_finished")
    (warm_place.cwd / "soft.wav").symlink_to("one.wav")
    (warm_place.cwd / "hard.wav").hardlink_to(warm_place.cwd / "one.wav")
    for name in ("one.wav", f"../{warm_place.cwd.name}/one.wav", "soft.wav", "hard.wav"):
        refused = warm_place.call("run", "--output", name, "--force", stdin=line("Me too."))
        assert refused.returncode == 2, name
        assert "another session is writing" in refused.stderr
        assert "--output" in refused.stderr
    before = (warm_place.cwd / "one.wav").stat().st_size
    first.write(line("I go on."))
    assert first.finish() == 0, first.stderr
    assert_each_was_heard_once_in_order(first, ["I was first.", "I go on."])
    assert (warm_place.cwd / "one.wav").stat().st_size > before
    assert warm_place.call("run", "--output", "one.wav", "--force", stdin=line("Now it is free.")).returncode == 0


# --- other ends of the pipe ------------------------------------------------------------------------------------------

AGENT = """
import os, sys, time
os.write(1, sys.argv[1].encode())
time.sleep(600)
"""


def test_what_an_agent_said_before_it_was_killed_is_spoken(warm_place: Voicestream) -> None:
    said = line("First. Second. Third.") + assistant("m", "Cut off here")[:-20]
    run = warm_place.run()
    assert run.process.stdin is not None
    agent = subprocess.Popen([sys.executable, "-c", AGENT, said.decode()], stdout=run.process.stdin)
    run.end_input()  # the agent alone holds the pipe now
    try:
        run.wait_for("playback_started")
    finally:
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    assert run.wait() == 0, run.stderr
    assert_each_was_heard_once_in_order(run, ["First.", "Second.", "Third."])
    assert [event["text"][:28] for event in run.of("notice")] == ["the input ends inside a line"]


def call_with_stdin(place: Voicestream, descriptor: int) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, "run", "--output", "null", "--events", "-"]
    return subprocess.run(
        command,
        stdin=descriptor,
        capture_output=True,
        env=place.environment,
        cwd=place.cwd,
        timeout=remaining(),
        check=False,
    )


def test_a_file_and_nothing_at_all_are_read_like_a_pipe(warm_place: Voicestream) -> None:
    stream = warm_place.home / "stream.jsonl"
    stream.write_bytes(line("From a file.") * 3)
    for path, sentences in ((stream, 3), (os.devnull, 0)):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            done = call_with_stdin(warm_place, descriptor)
        finally:
            os.close(descriptor)
        assert done.returncode == 0, done.stderr
        events: list[Event] = [json.loads(text) for text in done.stdout.splitlines()]
        assert events[-1]["counts"]["played"] == events[-1]["counts"]["found"] == sentences


# --- too far behind --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "words"), [("en", "Skipped 3 messages."), ("es", "Se han omitido 3 mensajes.")], ids=["en", "es"]
)
def test_behind_by_max_lag_the_oldest_messages_are_skipped_and_that_is_said(
    warm_place: Voicestream, target: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if target != "en" and shutil.which("apertium") is None:
        pytest.skip("Apertium is not installed")
    monkeypatch.setitem(warm_place.environment, "VOICESTREAM_MAX_LAG", "1.5")
    run = warm_place.run("--to", target)
    run.write(line("The house is red."))
    run.wait_for("playback_finished")
    tts = warm_place.pid_of("tts")
    os.kill(tts, signal.SIGSTOP)
    try:
        for number in range(4):
            run.write(line(f"The house has {number} windows. It is big."))
        run.wait_for("skipped", 6)
    finally:
        os.kill(tts, signal.SIGCONT)
    run.wait_for("playback_finished", 4)
    assert run.finish() == 1, "something was skipped"
    # They become too old one after another, so there may have been announcements that nobody has heard.
    *withdrawn, announcement = run.of("announcement")
    assert [event["sentence"] for event in run.of("withdrawn")] == [event["sentence"] for event in withdrawn]
    assert (announcement["text"], announcement["language"]) == (words, target)
    assert [event["sentence"] for event in run.of("playback_finished")] == [0, announcement["sentence"], 7, 8]
    assert {event["reason"] for event in run.of("skipped")} == {
        "more than 1.5 s behind what the agent wrote (--max-lag)"
    }
    found_at = {event["sentence"]: event["time"] for event in run.of("sentence_found")}
    for event in run.of("skipped"):
        first = event["sentence"] - 1 + event["sentence"] % 2  # messages of two, from sentence 1 on
        assert event["time"] - found_at[first] > 1.5, "a message is as old as its first sentence"
    assert f"🔊 {words}" in run.stderr
    assert "behind what the agent wrote" in run.stderr
    counts = run.events[-1]["counts"]
    assert (counts["found"], counts["played"], counts["skipped"], counts["failed"]) == (9, 3, 6, 0)


def test_while_a_person_holds_what_is_heard_nothing_falls_behind(warm_place: Voicestream) -> None:
    run = warm_place.run("--max-lag", "2")
    run.write(line("Before."))
    run.wait_for("playback_finished")
    texts = [f"Held {number}." for number in range(4)]
    with paused(warm_place):
        run.write(b"".join(line(text) for text in texts))
        last = run.wait_for("speech_finished", 5)[-1]["time"]
        wait_until(lambda: time.monotonic() > last + 2.5, "the sentences are older than --max-lag")
    assert run.finish() == 0, run.stderr
    assert_each_was_heard_once_in_order(run, ["Before.", *texts])
