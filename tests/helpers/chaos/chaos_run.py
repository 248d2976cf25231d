"""A chaos run: several sessions speak while their workers are killed, frozen and restarted all the time.

What came out is counted from two sides: the events of every session, and every sample of the sessions that write files.
"""

from __future__ import annotations

import collections
import itertools
import random
import time
import wave
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from helpers.chaos import chaos_engines, chaos_sound
from helpers.chaos.chaos_faults import ROLES, Faults, Recovery, Workload, recoveries
from helpers.chaos.chaos_ground import ground
from helpers.process.running import line, wait_until
from voicestream.client.connection import Client
from voicestream.protocol.messages import RestartWorker, WorkerRestarted
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.chaos.chaos_ground import Ground, Held
    from helpers.process.running import Run, Voicestream

FILES: Final = 3
"""Sessions that write a file; one more has the output ``null``, and its events alone show what it spoke."""

FAULT_SECONDS: Final = (0.2, 0.4)
"""Between two faults: 0.3 s on average."""

LEAST_SENTENCES_A_FAULT: Final = 8
FIRST_FAULTS: Final = 10
"""At least so many sentences are heard for each fault but the first few. An idle machine says more; on one so busy that
a worker takes longer to start than it is left alone nothing would be heard any more, and that is no news."""

MOST_SENTENCES_A_FAULT: Final = 10
"""Sentences heard for each fault after which the agents wait for the next one, if any worker may be hit. Without this
limit a quick machine finishes after a few faults."""

SILENCE_LIMIT_SECONDS: Final = 2.0
"""A frozen worker is to be noticed soon; they beat every second."""

LEAD: Final = 30
"""Sentences that an agent may be ahead of what was heard: all workers are to have something to do all the time."""

BURST: Final = 40
"""So many more at once before a fault of the parser: it reads a message in less than a thousandth of a second, and
is to be hit while it does."""

MAX_SENTENCES_A_MESSAGE: Final = 4

WARM_UP_SENTENCES: Final = 40

LOOK_SECONDS: Final = 0.01

PATIENCE_SECONDS: Final = 300.0
PATIENCE_SECONDS_A_SENTENCE: Final = 0.15
"""A run that takes longer has lost something: beside four busy loops, 320 sentences took 67 to 166 s."""


@dataclass
class Result:
    """What a run has shown."""

    seed: int
    sentences: int
    seconds: float = 0.0
    faults: collections.Counter[str] = field(default_factory=collections.Counter[str])
    withheld: int = 0
    missing: int = 0
    doubled: int = 0
    out_of_order: int = 0
    corrupt: int = 0
    recoveries: list[Recovery] = field(default_factory=list[Recovery])
    before: Held | None = None
    after: Held | None = None
    troubles: list[str] = field(default_factory=list[str])
    """What was otherwise than it should be, in words."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is missing, doubled, out of order, corrupt or otherwise wrong."""
        return not (self.missing or self.doubled or self.out_of_order or self.corrupt or self.troubles)


class Talk:
    """One session: what its agent says, and what became of it."""

    def __init__(self, place: Voicestream, number: int, count: int, *, to_file: bool) -> None:
        self.number = number
        self.texts = [chaos_sound.text_of(number, sentence) for sentence in range(count)]
        self.file: Path | None = place.cwd / f"{number}.wav" if to_file else None
        output = str(self.file) if self.file else "null"
        self.engine = chaos_engines.SECOND if number % 2 else chaos_engines.NAME
        """Name of its translator and of its voice."""
        engines = ["--tts", self.engine, "--translator", self.engine]
        self.run: Run = place.run("--quiet", "--no-captions", *engines, "--to", "es", output=output)
        self.said = 0
        self.heard: list[int] = []
        self._unwritten = b""
        """What the agent has said and not printed yet: pipes cut lines anywhere."""
        self._read = 0

    def take_events(self) -> list[dict[str, Any]]:
        """Those since the last call."""
        new = self.run.events[self._read :]
        self._read += len(new)
        self.heard += [event["sentence"] for event in new if event["event"] == "playback_finished"]
        return new

    def say_more(self, choice: random.Random, *, lead: int = LEAD) -> None:
        """Let the agent go on until it is far ahead of what was heard, or has nothing left to say."""
        if self.is_over or self.said == len(self.texts):
            return
        data = self._unwritten
        while self.said < len(self.texts) and self.said < len(self.heard) + lead:
            many = choice.randint(1, MAX_SENTENCES_A_MESSAGE)
            texts = self.texts[self.said : self.said + many]
            self.said += len(texts)
            data += line(" ".join(texts))
        is_all = self.said == len(self.texts)
        cut = len(data) if is_all else choice.randint(0, len(data))
        self.run.write(data[:cut])
        self._unwritten = data[cut:]
        if is_all:
            self.run.end_input()

    @property
    def is_over(self) -> bool:
        """Whether its process has ended."""
        return self.run.process.poll() is not None

    def count_into(self, result: Result) -> None:
        """After its end: what is missing, and so on."""
        name = f"session {self.number}"
        code = self.run.wait()
        if code != 0 or self.run.stderr:
            result.troubles.append(f"{name}: exit code {code}, stderr {self.run.stderr[-500:]!r}")
        for kind in ("skipped", "failed", "underrun"):
            result.troubles += [f"{name}: {event}; ends: {self._ends(event)}" for event in self.run.of(kind)]
        found = [event["text"] for event in self.run.of("sentence_found")]
        if found != self.texts:
            result.troubles.append(f"{name}: {len(found)} sentences found of {len(self.texts)}, or others, or twice")
        wanted = [chaos_sound.translated(text, "en", "es") for text in self.texts]
        self._count_events(result, wanted)
        if self.file is not None:
            self._count_samples(result, wanted)

    def _ends(self, event: dict[str, Any]) -> str:
        """Return the ends of workers of the role at which an event happened: time, incarnation, reason."""
        ends = (one for one in self.run.of("worker") if one.get("reason") and one["role"] == event.get("stage"))
        return "; ".join(f"{one['time']:.2f} {one['incarnation']} {one['reason']}" for one in ends)

    def _count_events(self, result: Result, wanted: list[str]) -> None:
        finished = self.run.of("playback_finished")
        heard = [event["sentence"] for event in finished]
        result.missing += len(self.texts) - len(set(heard))
        result.doubled += len(heard) - len(set(heard))
        result.out_of_order += sum(later < earlier for earlier, later in itertools.pairwise(heard))
        for event in finished:
            frames = len(chaos_sound.sound_of(wanted[event["sentence"]]))
            if event["frames"] != frames:
                result.troubles.append(f"session {self.number}: {event}, and it has {frames} frames")

    def _count_samples(self, result: Result, wanted: list[str]) -> None:
        assert self.file is not None
        with wave.open(str(self.file)) as file:
            data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        held = chaos_sound.check(data, self.number, wanted)
        # A sentence that is missing in both is counted in both: one that is missing at all is too many.
        result.missing += held.missing
        result.doubled += held.doubled
        result.out_of_order += held.out_of_order
        result.corrupt += held.corrupt


def chaos(seed: int, sentences: int) -> Result:
    """Speak this many sentences, in all, while faults fall."""
    result = Result(seed=seed, sentences=sentences)
    choice = random.Random(seed)
    with ground(silence_limit_seconds=SILENCE_LIMIT_SECONDS) as found:
        _warm_up(found, result, FILES + 1)
        result.before = found.held()
        began = time.monotonic()
        share, rest = divmod(sentences, FILES + 1)
        talks = [
            Talk(found.place, number, share + (number < rest), to_file=number < FILES) for number in range(FILES + 1)
        ]
        for talk in talks:
            talk.run.wait_for("session_opened")
        faults = _disturb(found, talks, choice, began + PATIENCE_SECONDS + PATIENCE_SECONDS_A_SENTENCE * sentences)
        result.seconds = time.monotonic() - began
        for talk in talks:
            talk.run.close()
            talk.count_into(result)
        # A worker that is killed while it loads makes the supervisor end idle ones: the same ones are to run as before.
        _warm_up(found, result, FILES + 3)
        result.after = found.held()
    result.faults.update(fault.kind for fault in faults.given)
    result.withheld = faults.withheld
    result.recoveries = recoveries(faults.given, (event for talk in talks for event in talk.run.of("worker")))
    return result


def _disturb(found: Ground, talks: list[Talk], choice: random.Random, deadline: float) -> Faults:
    """Let the agents speak and faults fall until all sessions are over, or the time is."""

    def feed() -> None:
        choice.choice(talks).say_more(choice, lead=LEAD + BURST)

    with Client(RunDirectory(found.place.runtime)) as client:
        client.connect()
        workloads = [Workload(talk.engine, len(talk.texts)) for talk in talks]
        faults = Faults(found.supervisor.pid, client, choice, workloads)
        next_fault = time.monotonic() + choice.uniform(*FAULT_SECONDS)
        while not all(talk.is_over for talk in talks) and time.monotonic() < deadline:
            for session, talk in enumerate(talks):
                for event in talk.take_events():
                    faults.note(event, session)
            heard = sum(len(talk.heard) for talk in talks)
            if heard <= MOST_SENTENCES_A_FAULT * (len(faults.given) + 1) or not faults.may_be_given:
                for talk in talks:
                    talk.say_more(choice)
            now = time.monotonic()
            if now >= next_fault and len(faults.given) < FIRST_FAULTS + heard / LEAST_SENTENCES_A_FAULT:
                faults.give(feed)
                next_fault = now + choice.uniform(*FAULT_SECONDS)
            time.sleep(LOOK_SECONDS)
    faults.wait_for_ends()
    return faults


def _warm_up(found: Ground, result: Result, first: int) -> None:
    """Speak undisturbed, in sessions numbered from ``first``, and restart each worker.

    It shows that the check sees nothing where nothing is wrong.
    """
    choice = random.Random(0)
    for talk in [Talk(found.place, first + number, WARM_UP_SENTENCES, to_file=True) for number in range(2)]:
        while talk.said < len(talk.texts):
            talk.take_events()
            talk.say_more(choice)
            time.sleep(LOOK_SECONDS)
        wait_until(lambda talk=talk: talk.is_over, "it is over", seen=lambda talk=talk: str(talk.run.events[-3:]))
        talk.count_into(result)
    for role in ROLES:
        answer = found.client.ask(RestartWorker(role=role))
        while isinstance(answer, WorkerRestarted) and answer.remaining:
            answer = found.client.wait_for_answer()
    found.wait_until_at_rest()
