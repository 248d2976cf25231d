"""Real sessions for a long time at a real sound server: every sample is looked at, and every gap has to have a reason.

    PYTHONPATH=tests python -P tests/faults/soak.py [--seconds 1800] [--tolerate 0]

Sessions with the embedded voice speak into a null sink, one after the other and at times two at once; now and then
nothing is said until the device is let go of, or everything is started anew. What the sink's monitor heard has to be
the sentences, each once and in order, with silence only between them.

A machine that keeps sound programs from running for longer than the device's buffer lasts makes gaps that are nobody's
fault. Whether it did is known from others (helpers/faults/standstill.py). A gap, and an `underrun`, that was preceded
by as much waiting is counted apart; any other is unexplained, and the run fails. Whatever else differs is a fault: a
sample that is lost, doubled or changed has no excuse.
"""

from __future__ import annotations

import argparse
import collections
import math
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import psutil

from helpers.audio.heard import Account, as_written, sentences_of
from helpers.audio.pulse import RATE, PulseServer, Recorder
from helpers.faults.standstill import LATE_SECONDS, Watch
from helpers.process.running import line, voicestream_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from helpers.audio.heard import Break
    from helpers.audio.pulse import Recording
    from helpers.process.running import Event, Run, Voicestream

TEXTS: Final = (
    "Let me look at the parser first.",
    "It returns too early when the input is empty, so the last sentence is lost, and nobody sees it for weeks.",
    "Done.",
    "All 42 tests pass now.",
    "I will run the whole suite once more, because the change touches code that three other modules use as well.",
    "The build is green again.",
    "Shall I go on with the second part?",
    "There were two defects, one in the reader and one in the writer, and both had the same cause.",
    "Yes.",
    "First I will write a test that shows the mistake, then I will mend it, and then I will look for others like it.",
    "That took a while.",
    "The documentation said something else, so I have corrected it.",
)
"""Each is one sentence."""

SENTENCES: Final = (1, 4)
"""How many a session has, at least and at most."""

TOGETHER: Final = 0.3
"""The share of rounds in which two sessions speak at once."""

ANEW: Final = 0.1
"""The share of rounds after which the supervisor ends, so that the next starts everything anew."""

IDLE: Final = 0.1
"""The share of rounds after which nothing is said for ``IDLE_SECONDS``: the player lets go of the device by then."""

IDLE_SECONDS: Final = 6.0

WRITING_SECONDS: Final = 0.5
"""At most so long the agent is silent between two sentences."""

NEARBY_SECONDS: Final = 0.25
"""What happened so long before a gap can be its reason: what the server and the recorder hold back comes later."""

ENOUGH: Final = 0.5
"""The share of a gap for which sound must have been kept waiting: the rest is what it takes to be going again."""

THROWN_AWAY_FRAMES: Final = 600
"""What a device that ran empty throws away at most: 25 ms."""

END_SECONDS: Final = 0.3
"""What is still to be heard after the last session has ended, and more."""


@dataclass
class Tally:
    """What came of it."""

    rounds: int = 0
    sessions: int = 0
    sentences: int = 0
    frames: int = 0
    """Of sentences."""
    underruns: int = 0
    """Events, all of them."""
    excused: collections.Counter[str] = field(default_factory=collections.Counter[str])
    """What happened because sound was kept waiting: gaps, silence in them, samples thrown away, underruns."""
    waited_seconds: float = 0.0
    """How long sound was kept waiting, all in all."""
    unexplained: list[str] = field(default_factory=list[str])
    """Silence inside a sentence for which no reason was seen."""
    unexplained_frames: int = 0
    faults: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        """For people."""
        excused = ", ".join(f"{count} {what}" for what, count in self.excused.items()) or "nothing"
        return "\n".join(
            [
                f"{self.rounds} rounds, {self.sessions} sessions, {self.sentences} sentences",
                f"{self.frames / RATE:.1f} s of speech, {self.frames} samples, each looked at",
                f"{self.underruns} underruns",
                f"the machine kept sound waiting for {self.waited_seconds:.2f} s; because of that: {excused}",
                *(f"UNEXPLAINED {silence}" for silence in self.unexplained),
                f"{self.unexplained_frames} samples of unexplained silence",
                *(f"FAULT {fault}" for fault in self.faults),
                f"{len(self.faults)} faults",
            ]
        )


class Soak:
    """The sessions, and the account of them."""

    def __init__(self, place: Voicestream, server: PulseServer, recorder: Recorder, watch: Watch, seed: int) -> None:
        self._place = place
        self._server = server
        self._recorder = recorder
        self._watch = watch
        self._random = random.Random(seed)
        self._samples: dict[str, NDArray[np.int16]] = {}
        self.tally = Tally()

    def prepare(self) -> None:
        """Learn how each sentence sounds, from a file."""
        self._samples = dict(zip(TEXTS, sentences_of(self._place, TEXTS), strict=True))

    def round(self) -> None:
        """One session, or two at once, and the account of what was heard of them."""
        self._recorder.take()
        anew = self._random.random() < ANEW
        # A chime would be heard between the sentences of two sessions.
        options = ("--turn-signal", "none", *(("--keep-alive", "0") if anew else ()))
        runs = [self._place.run(*options, output="speakers") for _ in range(1 + (self._random.random() < TOGETHER))]
        self._look_at_player(runs[0])
        wanted = [self._random.choices(TEXTS, k=self._random.randint(*SENTENCES)) for _ in runs]
        for texts in zip(*(self._padded(texts) for texts in wanted), strict=True):
            for run, text in zip(runs, texts, strict=True):
                if text:
                    run.write(line(text))
            time.sleep(self._random.uniform(0, WRITING_SECONDS))
        for run in runs:
            run.end_input()
        for run in runs:
            code = run.wait()
            if code != 0:
                self._fault(f"a session ended with {code}: {run.stderr}")
        self._recorder.wait(END_SECONDS)
        self._look_at(runs, wanted, self._recorder.take())
        self.tally.rounds += 1
        self.tally.sessions += len(runs)
        for run in runs:
            run.close()
        if self._random.random() < IDLE:
            time.sleep(IDLE_SECONDS)

    def _look_at_player(self, run: Run) -> None:
        """Have the watch look at the player's process of now."""
        (opened,) = run.wait_for("session_opened")
        workers = psutil.Process(opened["supervisor_pid"]).children()
        players = [worker.pid for worker in workers if "voicestream.workers.player" in worker.cmdline()]
        self._watch.look_at([self._server.pid, *players])

    def _padded(self, texts: list[str]) -> list[str]:
        return texts + [""] * (SENTENCES[1] - len(texts))

    def _look_at(self, runs: Sequence[Run], texts: Sequence[list[str]], recording: Recording) -> None:
        heard: list[tuple[float, str]] = []
        for run, said in zip(runs, texts, strict=True):
            finished = run.of("playback_finished")
            if [event["sentence"] for event in finished] != list(range(len(said))):
                self._fault(f"of {len(said)} sentences there were played: {[event['sentence'] for event in finished]}")
                return
            heard += [(event["time"], said[event["sentence"]]) for event in finished]
            self._look_at_underruns(run)
        spoken = [self._samples[text] for _, text in sorted(heard)]
        self.tally.sentences += len(spoken)
        self.tally.frames += sum(len(sentence) for sentence in spoken)
        try:
            breaks = Account(as_written(recording.samples), np.concatenate(spoken)).breaks
        except AssertionError as error:
            self._fault(str(error))
            return
        ends = np.cumsum([len(sentence) for sentence in spoken])
        ran_empty = any(run.of("underrun") for run in runs)
        for gap in breaks:
            between = bool(np.any((ends >= gap.end) & (ends <= gap.first)))
            if gap.lost or gap.doubled or not between:
                self._look_at_gap(gap, recording, may_lose=THROWN_AWAY_FRAMES if ran_empty else 0)

    def _look_at_gap(self, gap: Break, recording: Recording, *, may_lose: int) -> None:
        first = recording.when(gap.at - 1) - NEARBY_SECONDS
        last = recording.when(gap.at + gap.silence)
        waited = self._watch.waited(first, last)
        what = f"{gap} at {first + NEARBY_SECONDS:.3f}; sound was kept waiting for {waited * 1000:.0f} ms"
        # A device that ran empty may throw away what it had, and is silent then.
        in_order = not gap.doubled and gap.lost <= (may_lose if gap.silence else 0)
        if not in_order:
            self._fault(what)
            self._say(self._player_warnings())
            return
        if not _is_enough(waited, gap.silence):
            self._not_explained(what, gap.silence)
            return
        self._say(what)
        self.tally.excused += {"gaps": 1, "samples of silence in them": gap.silence, "samples lost": gap.lost}

    def _look_at_underruns(self, run: Run) -> None:
        for event in run.of("underrun"):
            self.tally.underruns += 1
            (started,) = _times(run, "playback_started", event)
            waited = self._watch.waited(started - NEARBY_SECONDS, event["time"])
            if _is_enough(waited, event["frames"]):
                self.tally.excused["underruns"] += 1
            else:
                what = f"an underrun of {event['frames']} samples; sound was kept waiting for {waited * 1000:.0f} ms"
                self._not_explained(what, event["frames"])

    def _not_explained(self, what: str, frames: int) -> None:
        self.tally.unexplained.append(what)
        self.tally.unexplained_frames += frames
        self._say(f"UNEXPLAINED: {what}")
        self._say(self._player_warnings())

    def _fault(self, what: str) -> None:
        self.tally.faults.append(what)
        self._say(f"FAULT: {what}")

    def _player_warnings(self) -> str:
        return "\n".join(text for text in self._place.log_text("player").splitlines() if " WARNING " in text)

    def _say(self, what: str) -> None:
        sys.stderr.write(f"round {self.tally.rounds}: {what}\n")


def _is_enough(waited_seconds: float, frames: int) -> bool:
    return waited_seconds >= max(LATE_SECONDS, ENOUGH * frames / RATE)


def _times(run: Run, kind: str, about: Event) -> list[float]:
    return [event["time"] for event in run.of(kind) if event["sentence"] == about["sentence"]]


def soak(seconds: float, seed: int) -> Tally:
    """Go on for so long."""
    until = time.monotonic() + seconds
    with ExitStack() as stack:
        server = stack.enter_context(PulseServer())
        recorder = stack.enter_context(Recorder(server))
        watch = stack.enter_context(Watch())
        place = stack.enter_context(voicestream_place())
        place.environment |= server.environment
        soak = Soak(place, server, recorder, watch, seed)
        soak.prepare()
        while time.monotonic() < until:
            soak.round()
        soak.tally.waited_seconds = watch.waited(-math.inf, math.inf)
    return soak.tally


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description="Speak for a long time, and look at every sample.")
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument(
        "--tolerate", type=float, default=0.0, help="share of the speech that may be unexplained silence"
    )
    arguments = parser.parse_args()
    tally = soak(arguments.seconds, arguments.seed)
    sys.stdout.write(f"{tally}\n")
    return 1 if tally.faults or tally.unexplained_frames > arguments.tolerate * tally.frames else 0


if __name__ == "__main__":
    sys.exit(main())
