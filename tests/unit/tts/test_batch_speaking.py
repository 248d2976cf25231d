"""The tts worker with many sentences at once: each in its own slots of the pool, whatever happens to the others."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.serving.choir import FAILURE, ChoirVoice, sound_of
from helpers.voices.plain_voice import PlainVoice
from voicestream.protocol import audio_pool
from voicestream.protocol.audio_pool import SLOT_FRAMES, AudioPool
from voicestream.protocol.messages import Lease, Speak
from voicestream.workers.tts.batch_speaking import BatchSpeaking
from voicestream.workers.tts.rendering import Utterance
from voicestream.workers.tts.slot_writer import SlotWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.workers.tts.slot_writer import Written


class Soloist(PlainVoice):
    """The same sound from an engine without batches, which fails at the same place."""

    name = "soloist"

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        del language, voice, speed
        sound = sound_of(text, seed)
        yield sound[:3_000]
        if "13" in text:
            raise ValueError(FAILURE)
        yield sound[3_000:]


class FakeWorker:
    """A worker's batch, a pool, and what the supervisor was told."""

    def __init__(self) -> None:
        self.descriptor = audio_pool.create(64)
        self.pool = AudioPool(self.descriptor)
        self.batch = BatchSpeaking(self.written, self.ended)
        self.engines: tuple[Synthesizer, ...] = (ChoirVoice(), Soloist())
        self.free = list(range(64))
        self.jobs: dict[int, Speak] = {}
        self.sound: dict[int, list[NDArray[np.float32]]] = {}
        self.ends: dict[int, str] = {}

    def written(self, job: Speak, written: Written) -> None:
        assert job.sentence not in self.ends
        with self.pool.frames(written.slot, written.start, written.frames) as view:
            self.sound[job.sentence].append(np.frombuffer(bytes(view), np.float32))

    def ended(self, job: Speak, error: Exception | None) -> None:
        assert job.sentence not in self.ends
        self.ends[job.sentence] = str(error or "")

    def speak(self, number: int, text: str, *, skip: int, slots: int, engine: int) -> None:
        leased = [self.free.pop() for _ in range(min(slots, len(self.free)))]
        job = Speak(
            session="s",
            sentence=number,
            attempt=1,
            text=text,
            language="en",
            voice="",
            speed=1.0,
            seed=number,
            skip_frames=skip,
            slots=leased,
        )
        self.jobs[number], self.sound[number] = job, []
        utterance = Utterance(text=text, language="en", voice="", seed=number, speed=1.0, pause_seconds=0.0)
        self.batch.add(self.engines[engine], utterance, job, SlotWriter(self.pool, leased, skip))

    def lease(self, number: int) -> None:
        if self.free:
            self.batch.lease(Lease(session="s", sentence=number, attempt=1, slots=[self.free.pop()]))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 8))
def test_each_sentence_has_its_own_samples_in_the_pool_whatever_is_cancelled_fails_or_waits_for_slots(
    seed: int, count: int
) -> None:
    rng, worker = random.Random(seed), FakeWorker()
    try:
        numbers = list(range(10, 10 + count))
        while numbers or len(worker.batch):
            live = [number for number in worker.jobs if number not in worker.ends]
            draw = rng.random()
            if numbers and draw < 0.3:
                number = numbers.pop()
                skip = rng.choice((0, 0, 1, 5_000))
                text = "x" * rng.randint(1, 40) + f" {number}"
                worker.speak(number, text, skip=skip, slots=rng.randint(0, 3), engine=int(rng.random() < 0.2))
            elif live and draw < 0.6:
                worker.lease(rng.choice(live))
            elif live and draw < 0.63:
                number = rng.choice(live)
                worker.batch.cancel("s", number)
                worker.ends[number] = "cancelled"
            elif worker.batch.can_compute:
                worker.batch.step()
        for number, job in worker.jobs.items():
            expected = sound_of(job.text, number)[job.skip_frames :].tobytes()
            found = b"".join(samples.tobytes() for samples in worker.sound[number])
            assert worker.ends[number] in {FAILURE if number == 13 else "", "cancelled"}
            assert found == expected if worker.ends[number] == "" else expected.startswith(found)
    finally:
        os.close(worker.descriptor)


def test_a_sentence_without_a_slot_keeps_none_of_the_others_waiting() -> None:
    worker = FakeWorker()
    worker.speak(1, "waits", skip=0, slots=0, engine=0)
    worker.speak(2, "speaks", skip=0, slots=2, engine=0)
    while worker.batch.can_compute:
        worker.batch.step()
    assert (worker.ends, len(worker.batch)) == ({2: ""}, 1)
    worker.lease(1)
    assert worker.ends == {2: "", 1: ""}
    assert len(worker.sound[1]) >= 1
    assert sum(map(len, worker.sound[1])) == 5 * 800 <= SLOT_FRAMES
    os.close(worker.descriptor)
