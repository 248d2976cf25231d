"""The whole program at a real sound server: what a person hears is what was synthesized, and Ctrl-C is silence."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.heard import as_written, places_in, sentences_of
from helpers.fixtures.deadline import takes
from helpers.process.running import line, voicestream_place, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from helpers.audio.pulse import PulseServer, Recorder
    from helpers.process.running import Voicestream

pytestmark = pytest.mark.audio

TEXTS = [
    "The first sentence is short.",
    "The second one is longer, because it has a clause in its middle, and an end.",
    "Third.",
    "And the fourth one closes what the first one has begun.",
]

SILENT_WITHIN_SECONDS = 0.3


@pytest.fixture(scope="module")
def wanted() -> list[NDArray[np.int16]]:
    """The samples of each text."""
    with voicestream_place() as place:
        return sentences_of(place, TEXTS)


TAKE_SECONDS = 40
"""For one take on a slow machine."""


def speak(place: Voicestream, recorder: Recorder, disturb: Callable[[], None] | None = None) -> NDArray[np.int16]:
    """Say the texts through the speakers, with a disturbance in their midst; returns what was heard meanwhile."""
    before = len(recorder.heard)
    run = place.run(output="speakers")
    run.write(b"".join(line(text) for text in TEXTS[:2]))
    run.wait_for("playback_started")
    if disturb is not None:
        disturb()
    run.write(b"".join(line(text) for text in TEXTS[2:]))
    assert run.finish() == 0, run.stderr
    assert [event["sentence"] for event in run.of("playback_finished")] == list(range(len(TEXTS)))
    recorder.wait(0.2)
    return as_written(recorder.heard[before:])


def test_every_sentence_is_heard_as_it_was_synthesized_without_a_gap_inside_or_between(
    place: Voicestream, recorder: Recorder, wanted: list[NDArray[np.int16]]
) -> None:
    ends = np.cumsum([len(sentence) for sentence in wanted])
    for _ in takes(TAKE_SECONDS):
        places = places_in(speak(place, recorder), wanted)
        if -1 not in places and [at - places[0] for at in places[1:]] == list(ends[:-1]):
            return
    pytest.fail(f"no take was whole; the last: {places}")


@pytest.mark.parametrize("role", ["parser", "tts"])
def test_the_loss_of_a_worker_other_than_the_player_is_not_heard(
    place: Voicestream, recorder: Recorder, wanted: list[NDArray[np.int16]], role: str
) -> None:

    def kill() -> None:
        os.kill(place.pid_of(role), signal.SIGKILL)

    for _ in takes(TAKE_SECONDS):
        places = places_in(speak(place, recorder, kill), wanted)
        if -1 not in places:
            return
    pytest.fail(f"no take was whole; the last: {places}")


def test_ctrl_c_is_silence_at_once(place: Voicestream, recorder: Recorder) -> None:
    run = place.run("--keep-alive", "0", output="speakers")
    run.write(line("This is a long sentence that goes on and on, so that it is certainly being heard when it is cut."))
    recorder.wait_for_sound()
    recorder.wait(0.3)
    pressed_at = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 130, run.stderr
    recorder.wait(0.5)
    last = int(np.flatnonzero(recorder.heard)[-1])
    assert recorder.when(last) - pressed_at <= SILENT_WITHIN_SECONDS
    place.assert_nothing_left()


def test_pause_holds_and_resume_goes_on_where_it_was(
    place: Voicestream, recorder: Recorder, wanted: list[NDArray[np.int16]]
) -> None:
    # Every sample once: nothing was lost, and nothing repeated, where it was held.
    whole = sum(np.count_nonzero(sentence) for sentence in wanted)
    counts: list[int] = []
    for _ in takes(TAKE_SECONDS):
        counts.append(np.count_nonzero(paused_and_resumed(place, recorder)))
        if counts[-1] == whole:
            break
    assert counts[-1] == whole, counts


def paused_and_resumed(place: Voicestream, recorder: Recorder) -> NDArray[np.int16]:
    """Say the texts with a pause in their midst, which has to be silent; returns what was heard."""
    before = len(recorder.heard)
    run = place.run(output="speakers")
    run.write(b"".join(line(text) for text in TEXTS))
    run.wait_for("playback_started", 2)
    assert place.call("pause").returncode == 0
    # What the server had taken by then is still heard; its events may come a moment later.
    recorder.wait(0.5)
    wait_until(lambda: not np.any(recorder.heard[-12_000:]), "it is silent")
    held = len(run.of("playback_finished"))
    recorder.wait(1.0)
    assert not np.any(recorder.heard[-12_000:])
    assert len(run.of("playback_finished")) == held
    assert place.call("resume").returncode == 0
    assert run.finish() == 0, run.stderr
    recorder.wait(0.2)
    return as_written(recorder.heard[before:])


def test_a_sound_server_that_ends_and_comes_back_is_played_to_again(
    place: Voicestream, pulse: PulseServer, recorder: Recorder
) -> None:
    run = place.run(output="speakers")
    run.write(line(TEXTS[0]))
    run.wait_for("playback_finished")
    del recorder
    pulse.kill()
    pulse.start()
    run.write(line(TEXTS[1]))
    wait_until(lambda: len(run.of("playback_finished")) == 2 or bool(run.of("session_closed")), "it is played")
    assert run.finish() == 0, run.stderr
