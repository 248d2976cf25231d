"""Voices slower and faster than real time, at a real sound server: no gap inside a sentence, no needless waiting."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from helpers.audio.pulse import Reading
from helpers.fixtures.deadline import takes
from helpers.process.running import line
from helpers.voices import slow_voice
from helpers.voices.slow_voice import LATENCY_SECONDS, RATE, first_of, frames_of

if TYPE_CHECKING:
    from helpers.audio.pulse import Recorder
    from helpers.process.running import Voicestream

pytestmark = pytest.mark.audio

TEXTS = [
    "Sentence 1 is the first.",
    "Sentence 2 is short.",
    "Sentence 3 is a little longer.",
    "Sentence 4 ends.",
]

GAP_FRAMES = round(0.005 * RATE)
"""5 ms: what nobody hears as a gap."""

STANDSTILL_FRAMES = round(0.1 * RATE)
"""A shorter gap in which the player lacked nothing is the machine's, when all on it stands still."""

MARGIN = 1.6
"""A start is to be no later than this many times the wait that cannot be avoided; of which the voice's own and the
sentence's margin are 1.15 and 1.1 ..."""
FIRST_MARGIN = 2.0
"""Likewise for the first sentence of all: nobody knows yet how long this voice takes for a text ..."""
SLACK_SECONDS = 0.35
"""... and this: one look at the clock, and what a busy machine takes."""

TAKE_SECONDS = 40
"""For one take on a slow machine; a sentence that is whole in one of them has no gap of ours."""

VOICES = {
    "half as fast": (0.5, (0.25,)),
    "a little too slow": (0.9, (0.25,)),
    "twice as fast": (2.0, (0.25,)),
    "a little faster, in uneven chunks": (1.1, (0.3, 1.0)),
}


def unavoidable(text: str, speed: float, chunks: tuple[float, ...]) -> float:
    """Seconds that must pass between the first chunk of a sentence and its start, for one who knows everything."""
    length = frames_of(text) / RATE
    sizes = itertools.chain(chunks, itertools.repeat(chunks[-1]))
    there = next(sizes)
    at = wait = 0.0
    while there < length:
        chunk = min(next(sizes), length - there)
        at += chunk / speed
        wait = max(wait, at - there)
        there += chunk
    return wait


@pytest.mark.parametrize("voice", VOICES)
def test_no_sentence_has_a_gap_and_none_waits_longer_than_it_must(
    place: Voicestream, recorder: Recorder, voice: str
) -> None:
    speed, chunks = VOICES[voice]
    slow_voice.plug_in(place, speed, chunks)
    open_ones = set(TEXTS)
    found: list[dict[str, str]] = []
    for _ in takes(TAKE_SECONDS):
        found.append(take(place, recorder, speed, chunks))
        open_ones &= found[-1].keys()
        if not open_ones:
            return
        assert place.call("down").returncode == 0
    pytest.fail(f"in each of {len(found)} takes: {[{text: one[text] for text in sorted(open_ones)} for one in found]}")


def take(place: Voicestream, recorder: Recorder, speed: float, chunks: tuple[float, ...]) -> dict[str, str]:
    """Say the first two sentences one by one and the others together; by sentence, what was wrong."""
    before = len(recorder.heard)
    run = place.run("--tts", slow_voice.NAME, output="speakers")
    wrong: dict[str, str] = {}
    for said, text in enumerate(TEXTS[:2], start=1):
        run.write(line(text))
        run.wait_for("playback_finished", said)
        events = {e["event"]: e["time"] for e in run.events if e.get("sentence") == said - 1}
        waited = events["playback_started"] - events["speech_started"]
        wanted = unavoidable(text, speed, chunks)
        if said == 1:
            # Nobody can know how fast a voice is before its second chunk.
            wanted = max(wanted, chunks[-1] / speed + LATENCY_SECONDS)
        if waited > (FIRST_MARGIN if said == 1 else MARGIN) * wanted + SLACK_SECONDS:
            wrong[text] = f"it could have started {waited - wanted:.2f} s sooner"
    run.write(b"".join(line(text) for text in TEXTS[2:]))
    assert run.finish() == 0, run.stderr
    assert not run.of("skipped")
    recorder.wait(0.2)
    heard = Reading(recorder.heard[before:])
    starved = {event["sentence"] for event in run.of("underrun")}
    for number, text in enumerate(TEXTS):
        sentence = heard.between(first_of(text), first_of(text) + frames_of(text))
        if sentence.pieces != [(first_of(text), first_of(text) + frames_of(text))]:
            # On a machine that is too busy the player opens its device anew.
            wrong[text] = f"it is not heard once and whole: {sentence.pieces}"
        gaps = [gap for gap in sentence.gaps if gap > (GAP_FRAMES if number in starved else STANDSTILL_FRAMES)]
        if gaps:
            wrong[text] = f"there are gaps in it, in frames: {gaps}"
    return wrong
