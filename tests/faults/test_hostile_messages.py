"""Invalid messages (wrong state, wrong peer, absurd values): no sentence is lost, and the session continues."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import psutil
import pytest

from helpers.faults import attack
from helpers.faults.hostile import HARMLESS, Draw
from helpers.process.running import wait_until
from helpers.supervisor.stage import ROLES, Listener, new_stage
from voicestream.errors import EXIT_INCOMPLETE
from voicestream.protocol.messages import PROTOCOL_VERSION, FromWorker, Input, InputNotice, OpenSession, StatusRequest
from voicestream.protocol.transport import INPUT_CHUNK_BYTES, INPUT_CREDIT_BYTES, pack
from voicestream.supervisor.requests import MAX_REQUESTS_A_SECOND
from voicestream.supervisor.sessions.admission import MAX_SESSIONS

if TYPE_CHECKING:
    from helpers.supervisor.stage import Stage

SEEDS = range(8)

SENTENCES = 12

FRAMES_VARIABLE = "VOICESTREAM_FUZZ_FRAMES"
"""How many random frames; `make fuzz-hub` sets a million."""

FRAMES = int(os.environ.get(FRAMES_VARIABLE, "12000"))

MAX_GROWTH_BYTES = 20 << 20
"""Of the memory of a whole process with its allocator, whatever the number of frames; a frame that were kept would cost
some kilobytes."""

KNOWN = {
    "session": [f"s{number}" for number in range(1, 9)],
    "sentence": range(SENTENCES),
    "attempt": [1, 2],
    "slot": range(24),
    "start": [0, 5_000, 10_000],
    "frames": [0, 2_000, 5_000, 12_000],
    "batch": range(1, 12),
    "message": [0, 1],
    "offset": [0],
    "pid": [os.getpid()],
    "protocol": [PROTOCOL_VERSION],
    "target": ["en"],
    "tts": ["auto"],
    "translator": ["auto"],
}

STRANGERS = (b"client.9", b"tts.0", b"tts.1", b"tts.2", b"player.99.key", b"parser", b"tts.", b".1", b"x" * 255, b"")
"""Names of peers that are nobody: stale and future incarnations, halves of names, the longest one and none."""


@pytest.mark.parametrize("seed", SEEDS)
def test_strangers_disturb_neither_the_books_nor_a_session(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    draw = Draw(rng, KNOWN, HARMLESS)

    def play(stage: Stage) -> None:
        stage.listener = listener = Listener(stage)
        heard = [stage.peer(name) for name in STRANGERS]
        # Who takes the name of a peer that is there is not even heard.
        strangers = [*heard, *(stage.peer(stage.identity(role)) for role in ROLES)]
        for number in range(SENTENCES):
            listener.say("x" * rng.choice((1, 5, 20)))
            for _ in range(60):
                rng.choice(strangers).send(pack(draw.message()))
            stage.until(lambda number=number: len(listener.of("sentence_found")) > number)  # type: ignore[misc]
        stage.until_heard(heard)
        listener.end_input()
        stage.until(lambda: listener.closed is not None)
        assert listener.of("playback_finished") == list(range(SENTENCES))
        assert listener.closed is not None
        assert listener.closed.exit_code == 0, listener.closed

    with new_stage(monkeypatch) as stage:
        stage.perform(play)
        assert stage.taken > 300


@pytest.mark.parametrize("seed", SEEDS)
def test_workers_that_say_anything_break_no_books_and_every_sentence_ends_once(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They run code of models, and may have defects; once they are replaced, the session comes to its end."""
    rng = random.Random(seed)
    draw = Draw(rng, KNOWN, get_args(FromWorker))

    def play(stage: Stage) -> None:
        stage.world.compares_sound = False
        stage.listener = listener = Listener(stage)
        for _ in range(SENTENCES):
            listener.say("x" * rng.choice((1, 5, 20)))
            for _ in range(15):
                if sockets := list(stage.world.sockets.values()):
                    rng.choice(sockets).send(pack(draw.message()))
                stage.turn()
        for role in ROLES:
            stage.world.lose(role)
        listener.end_input()
        stage.until(lambda: listener.closed is not None)
        assert listener.closed is not None
        found = listener.of("sentence_found")
        assert sorted(listener.ends()) == sorted(found)  # type: ignore[type-var]
        # A worker can claim a later sentence: those before it count as found and failed.
        assert listener.closed.counts.found == len(found) + listener.left_out()

    with new_stage(monkeypatch) as stage:
        stage.perform(play)


def test_a_refused_frame_of_a_worker_is_an_event_of_its_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(stage: Stage) -> None:
        stage.listener = listener = Listener(stage)
        listener.say("xxxxx")
        stage.until(lambda: len(listener.of("sentence_found")) == 1)
        stage.world.sockets["parser"].send(b"\xc1")
        stage.until(lambda: bool(listener.of("notice")))
        listener.end_input()
        stage.until(lambda: listener.closed is not None)
        texts = [event.text or "" for event in listener.events if event.event == "notice"]
        assert any("a frame of the parser worker was refused" in text for text in texts), texts
        assert listener.of("playback_finished") == [0]

    with new_stage(monkeypatch) as stage:
        stage.perform(play)


def test_words_that_a_parser_left_out_are_counted_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(stage: Stage) -> None:
        stage.listener = listener = Listener(stage)
        listener.say("xxxxx")
        stage.until(lambda: len(listener.of("sentence_found")) == 1)
        notice = InputNotice(session=listener.session, text="a line was left out", lost=True)
        stage.world.sockets["parser"].send(pack(notice))
        stage.until(lambda: bool(listener.of("failed")))
        listener.end_input()
        stage.until(lambda: listener.closed is not None)
        assert listener.closed is not None
        assert listener.closed.exit_code == EXIT_INCOMPLETE
        assert (listener.closed.counts.found, listener.closed.counts.failed) == (2, 1)

    with new_stage(monkeypatch) as stage:
        stage.perform(play)


def test_who_asks_without_end_and_without_reading_is_answered_so_often_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds: list[float] = []

    def play(stage: Stage) -> None:
        stage.listener = listener = Listener(stage)
        greedy = stage.peer(b"client.greedy")
        began = time.monotonic()
        for _ in range(20 * MAX_REQUESTS_A_SECOND):
            greedy.send(pack(StatusRequest()))
        stage.until_heard([greedy])
        seconds.append(time.monotonic() - began)
        listener.say("Others are served.")
        stage.until(lambda: bool(listener.ends()))

    with new_stage(monkeypatch) as stage:
        stage.perform(play)
        answered = 20 * MAX_REQUESTS_A_SECOND - stage.supervisor.core.hub.dropped["flood"]
        assert MAX_REQUESTS_A_SECOND <= answered <= MAX_REQUESTS_A_SECOND * (seconds[0] + 2)


def test_sessions_are_opened_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(stage: Stage) -> None:
        stage.listener = listener = Listener(stage)
        greedy = [stage.peer(b"client.%d" % number) for number in range(4)]
        for number in range(MAX_SESSIONS * 2):
            greedy[number % 4].send(pack(OpenSession(pid=os.getpid(), options=listener.options)))
        stage.until_heard(greedy)
        assert len(stage.supervisor.core.sessions.by_id) == MAX_SESSIONS
        listener.say("Others are served.")
        stage.until(lambda: bool(listener.ends()))

    with new_stage(monkeypatch) as stage:
        stage.perform(play)


def test_a_client_that_sends_more_than_it_may_loses_its_own_session_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(stage: Stage) -> None:
        stage.listener = other = Listener(stage)
        greedy = Listener(stage, b"client.greedy")
        stage.world.lose("parser")
        data = bytes(INPUT_CHUNK_BYTES)
        for number in range(2 * INPUT_CREDIT_BYTES // INPUT_CHUNK_BYTES):
            offset = number * INPUT_CHUNK_BYTES
            greedy.socket.send(pack(Input(session=greedy.session, offset=offset, data=data)))

        def is_closed() -> bool:
            greedy.turn()
            return greedy.closed is not None

        # No other peer does anything meanwhile: a parser that takes input allows for more of it.
        wait_until(is_closed, "the session of the greedy client is closed")
        assert greedy.closed is not None
        assert greedy.closed.reason == "its client sent more input than it may"
        assert greedy.closed.exit_code == 1
        other.say("Others are served.")
        stage.until(lambda: bool(other.ends()))

    with new_stage(monkeypatch) as stage:
        stage.perform(play)


@pytest.mark.timeout(600 + FRAMES // 1_000)
def test_random_frames_cost_no_memory_and_the_books_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is checked after each frame that is a message. `make fuzz-hub` sends a million."""
    own = psutil.Process()
    memory: list[int] = []
    played: list[int] = []

    def play(stage: Stage) -> None:
        stage.listener = listener = Listener(stage)
        program = [sys.executable, "-P", str(Path(attack.__file__)), str(stage.hub), f"--frames={FRAMES // 2}"]
        attackers = [subprocess.Popen([*program, f"--seed={seed}"]) for seed in (1, 2)]
        try:
            while any(attacker.poll() is None for attacker in attackers):
                listener.say("x" * 5)
                stage.until(lambda: len(listener.ends()) > len(played))
                played.append(len(played))
                if heard(stage) > FRAMES // 10:
                    memory.append(own.memory_info().rss)
        finally:
            for attacker in attackers:
                attacker.kill()
                attacker.wait()
        assert [attacker.returncode for attacker in attackers] == [0, 0]
        stage.until(lambda: heard(stage) >= FRAMES)
        assert listener.of("playback_finished") == played

    def heard(stage: Stage) -> int:
        dropped = stage.supervisor.core.hub.dropped
        return stage.taken + dropped["malformed"] + dropped["parts"] + dropped["version"]

    with new_stage(monkeypatch) as stage:
        began = time.monotonic()
        stage.perform(play)
        seconds = time.monotonic() - began
    growth = max(memory) - memory[0]
    sys.stdout.write(
        f"{FRAMES} frames in {seconds:.1f} s, {stage.taken} messages acted on, {len(played)} sentences heard; memory "
        f"{memory[0] >> 20} MiB after a tenth, at most {growth / (1 << 20):.1f} MiB more after that; dropped: "
        f"{dict(stage.supervisor.core.hub.dropped)}\n"
    )
    assert growth < MAX_GROWTH_BYTES
