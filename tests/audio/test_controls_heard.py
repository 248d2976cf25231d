"""Playback controls at a real sound server: how soon they are heard, and that what is heard is every sample."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.heard import as_written, sentences_of
from helpers.fixtures.deadline import takes
from helpers.process.running import line, voicestream_place, wait_until

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from helpers.audio.pulse import Recorder
    from helpers.process.running import Voicestream

pytestmark = pytest.mark.audio

TEXTS = [
    "The first one is heard for a while.",
    "The second is so long that a slow machine has time enough to start a program that says something in its midst.",
    "Now this.",
]

SILENT_WITHIN_SECONDS = 0.1

OPTIONS = {"VOICESTREAM_PARAGRAPH_PAUSE": "0.1", "VOICESTREAM_TURN_SIGNAL": "none"}

TAKE_SECONDS = 40
"""For one take on a slow machine, which makes gaps and delays of its own: one take without them shows that none are
ours."""


@pytest.fixture(scope="module")
def wanted() -> list[NDArray[np.int16]]:
    """The samples of each text."""
    with voicestream_place() as place:
        place.environment |= OPTIONS
        return sentences_of(place, TEXTS)


@pytest.fixture
def spoken(place: Voicestream) -> Voicestream:
    """A place whose supervisor runs, with the voice loaded."""
    place.environment |= OPTIONS
    run = place.run()
    run.write(line(TEXTS[2]))
    assert run.finish() == 0, run.stderr
    return place


def renew_player(place: Voicestream) -> None:
    """Have the next take begin with a short device buffer: after under-runs it is longer, until the player ends."""
    done = place.call("workers", "restart", "player")
    assert done.returncode == 0, done.stderr


def seconds_of_sound_after(place: Voicestream, recorder: Recorder, action: str) -> float:
    """Time from a request to the last sound."""
    sent = time.monotonic()
    place.control(action)
    recorder.wait(0.3)
    return recorder.when(int(np.flatnonzero(recorder.heard)[-1])) - sent


def test_it_is_silent_at_once_and_goes_on_at_the_sample(
    spoken: Voicestream, recorder: Recorder, wanted: list[NDArray[np.int16]]
) -> None:
    delays: dict[str, list[float]] = {"pause": [], "mute": [], "skip": [], "hush": []}
    for _ in takes(TAKE_SECONDS):
        before = len(recorder.heard)
        run = spoken.run(output="speakers")
        run.write(line(TEXTS[0]))
        run.wait_for("playback_started")
        recorder.wait(0.5)
        delays["pause"].append(seconds_of_sound_after(spoken, recorder, "pause"))
        spoken.control("resume")
        run.wait_for("playback_finished")
        recorder.wait(0.1)
        whole = as_written(recorder.heard[before:])
        run.write(line(TEXTS[0]))
        run.wait_for("playback_started", 2)
        recorder.wait(0.3)
        for action in ("mute", "skip"):
            delays[action].append(seconds_of_sound_after(spoken, recorder, action))
            spoken.control("unmute")
            recorder.wait(0.2)
        run.write(line(TEXTS[0]))
        run.wait_for("playback_started", 3)
        recorder.wait(0.3)
        delays["hush"].append(seconds_of_sound_after(spoken, recorder, "hush"))
        code = run.finish()
        counts = run.of("session_closed")[0]["counts"]
        # On a busy machine a sentence may be over before it is skipped.
        is_right = (code, counts["found"], counts["played"], counts["skipped"]) == (1, 3, 1, 2)
        is_whole = is_right and np.array_equal(whole[whole != 0], wanted[0][wanted[0] != 0])
        if is_whole and all(times[-1] <= SILENT_WITHIN_SECONDS for times in delays.values()):
            return
        renew_player(spoken)
    pytest.fail(f"no take was whole, and silent within {SILENT_WITHIN_SECONDS} s: {delays}, the last: {counts}")


def test_what_is_heard_again_and_what_is_interrupted_has_every_sample(
    spoken: Voicestream, recorder: Recorder, wanted: list[NDArray[np.int16]]
) -> None:
    problems: list[str] = []
    for _ in takes(TAKE_SECONDS):
        at = len(recorder.heard)
        run = spoken.run(output="speakers")
        run.write(line(TEXTS[0]))
        run.wait_for("playback_started")
        recorder.wait(1.1)
        assert spoken.control("back") == "playing one sentence again"
        run.write(line(TEXTS[1]))
        run.wait_for("playback_started", 3)
        recorder.wait(0.3)
        assert spoken.call("say", "--now", "--output", "speakers", TEXTS[2]).returncode == 0
        assert run.finish() == 0, run.stderr
        assert run.of("session_closed")[0]["counts"]["played"] == 2
        assert spoken.control("replay") == "playing one sentence again"
        wait_until(lambda: not spoken.status()["supervisor"]["sessions"], "it is over")
        recorder.wait(0.2)
        problem = excess_or_loss(as_written(recorder.heard[at:]), wanted)
        if not problem:
            return
        problems.append(problem)
        renew_player(spoken)
    pytest.fail(f"no take was whole: {problems}")


def excess_or_loss(heard: NDArray[np.int16], wanted: list[NDArray[np.int16]]) -> str:
    """Compare a recording with the expected samples: return the difference, or an empty string.

    Expected are the beginning of the first sentence, all of it, the second sentence interrupted by the third, and the
    second again. Silence is ignored: a busy machine adds gaps.
    """
    first, second, interrupting = (sentence[sentence != 0].tobytes() for sentence in wanted)
    sound = heard[heard != 0].tobytes()
    begun = sound.find(first)
    if begun < 0 or not first.startswith(sound[:begun]):
        return f"of {len(sound)} bytes the first sentence begins at {begun}"
    rest = sound[begun + len(first) :]
    at = rest.find(interrupting)
    expected = second[:at] + interrupting + second[at:] + second
    if at < 0 or rest != expected:
        pairs = zip(rest, expected, strict=False)
        differs_at = next((number for number, (one, other) in enumerate(pairs) if one != other), -1)
        return f"{len(rest)} bytes, not {len(expected)}; the third sentence at {at}, other bytes from {differs_at} on"
    return ""
