"""A supervisor that is none: clients end with a message and an exit code, in time, and the agent is not stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.faults.fake_supervisor import EVENTS
from helpers.faults.faking import faked
from helpers.process.running import line
from voicestream.client.connection import Client, NoAnswerError
from voicestream.protocol.messages import StatusRequest
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from helpers.process.running import Voicestream


@pytest.mark.parametrize("manner", ["silent", "garbage", "huge"])
def test_without_an_answer_waiting_ends_in_time_and_nobody_is_started_in_its_place(
    place: Voicestream, manner: str
) -> None:
    with faked(place, manner), Client(RunDirectory(place.runtime)) as client:
        client.connect()
        with pytest.raises(NoAnswerError, match="did not answer within 1 s") as caught:
            client.ask(StatusRequest(), timeout_seconds=0.6)  # rounded in the message
        assert "voicestream down" in caught.value.hint


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("wrong", "the supervisor answered with Beat"),
        ("turns bad", "the supervisor has ended: no more will be spoken"),
        ("lets go", "the supervisor has ended: no more will be spoken"),
    ],
)
def test_a_run_ends_with_a_message_and_a_documented_exit_code(place: Voicestream, manner: str, words: str) -> None:
    with faked(place, manner):
        done = place.call("run", "--output", "null", stdin=line("Hello."))
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_what_a_supervisor_sent_before_it_ended_is_taken_and_so_is_the_end_of_the_session(place: Voicestream) -> None:
    with faked(place, "ends in order"):
        run = place.run()
        run.write(line("Hello."))
        assert run.finish() == 0, run.stderr
    assert len(run.of("playback_started")) == EVENTS
    assert len(run.of("session_closed")) == 1


def test_the_agent_is_read_to_its_end_although_the_supervisor_talks_nonsense(place: Voicestream) -> None:
    with faked(place, "turns bad"):
        run = place.run()
        run.wait_for("session_opened")
        run.write(line("Hello.") * 20_000)  # would raise BrokenPipeError had the reader gone
        assert run.finish() == 1, run.stderr


def test_a_question_that_is_answered_with_nonsense_ends_with_a_sentence(place: Voicestream) -> None:
    with faked(place, "wrong"):
        done = place.call("workers", "status")
    assert done.returncode == 1
    assert done.stderr.startswith("voicestream: the supervisor answered with Beat")
