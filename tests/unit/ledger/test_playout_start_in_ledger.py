"""The ledger gives a sentence to the player when it can be played without a gap."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from helpers.supervisor.simulated_workers import World, options
from voicestream.protocol.audio_pool import SAMPLE_RATE, SLOT_FRAMES
from voicestream.protocol.messages import AudioPlayed, AudioWritten, Lease, Play, Speak
from voicestream.supervisor.ledger.commands import PLAYER, Send, SessionWorkers, VoiceRoute, WorkerId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.protocol.messages import ToWorker
    from voicestream.supervisor.ledger.commands import Command

TEXT = "A sentence that takes about three seconds."

HALF = SLOT_FRAMES // 2


class Played(World):
    """A world in which the test is the voice."""

    def __init__(self, slots: int = 64, speed: float = 1.0) -> None:
        super().__init__(slots=slots)
        self.jobs: list[Speak] = []
        self.plays: list[Play] = []
        self.free: list[int] = []
        self.used = 0
        self.start(["translation", "player", "tts"])
        workers = SessionWorkers(translator=WorkerId("translation"), voice=VoiceRoute(WorkerId("tts")))
        self.do(self.ledger.open_session("a", options(speed=speed), workers, self.now))

    def do(self, commands: Iterable[Command]) -> None:
        kept = list(commands)
        for command in kept:
            if isinstance(command, Send):
                self._note(command.message)
        super().do(kept)

    def _note(self, message: ToWorker) -> None:
        if isinstance(message, Speak):
            self.jobs.append(message)
            self.free, self.used = list(message.slots), 0
        elif isinstance(message, Lease):
            self.free.extend(message.slots)
        elif isinstance(message, Play):
            self.plays.append(message)

    def say(self, text: str = TEXT) -> None:
        """A sentence comes to the voice."""
        self.find("a", text)
        for _ in range(10):
            self.step("translation")
            self.step("player")

    def write(self, frames: int, *, after: float) -> None:
        """Sound of the sentence in hand, so much later."""
        self.now += after
        while frames:
            part = min(frames, SLOT_FRAMES - self.used)
            self._tell(AudioWritten(**self._where(), frames=part))
            self.used += part
            frames -= part
            if self.used == SLOT_FRAMES:
                self.free.pop(0)
                self.used = 0

    def finish(self) -> None:
        """It is all there."""
        self._tell(AudioWritten(**self._where() | {"slot": 0, "start": 0}, frames=0, last=True))

    def _where(self) -> dict[str, object]:
        job = self.jobs[-1]
        slot = self.free[0] if self.free else 0
        return {"session": "a", "sentence": job.sentence, "attempt": job.attempt, "slot": slot, "start": self.used}

    def _tell(self, message: AudioWritten) -> None:
        self.do(self.ledger.handle(WorkerId("tts"), message, self.now))

    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.do(self.ledger.tick(self.now))


def test_a_quick_voice_is_played_from_its_first_chunk() -> None:
    world = Played()
    world.say()
    world.write(HALF, after=0.02)
    assert sum(play.frames for play in world.plays) == HALF


def test_a_slow_voice_is_played_later_and_without_anything_new_when_it_is_time() -> None:
    world = Played()
    world.say()
    for _ in range(4):
        world.write(HALF, after=HALF / SAMPLE_RATE / 0.8)
        assert not world.plays
    assert next(i for i in itertools.count() if world.tick(0.1) or world.plays) < 30


def test_a_sentence_that_came_slowly_is_played_when_it_is_complete() -> None:
    world = Played()
    world.say()
    world.write(HALF, after=5.0)
    assert not world.plays
    world.finish()
    assert world.plays[-1].last


def test_a_sentence_whose_maker_was_lost_waits_for_the_next_to_catch_up() -> None:
    world = Played()
    world.say()
    world.write(HALF, after=5.0)
    world.lose("tts")
    world.tick(600.0)
    assert not world.plays
    world.start(["tts"])
    assert world.jobs[-1].skip_frames == HALF
    world.tick(60.0)
    assert not world.plays
    world.write(HALF, after=0.01)
    world.finish()
    assert sum(play.frames for play in world.plays) == 2 * HALF


def test_what_the_quiet_around_a_sentence_takes_says_nothing_about_its_voice() -> None:
    world = Played()
    world.say()
    pause = round(world.jobs[0].pause_seconds * SAMPLE_RATE)
    assert pause > 0
    world.write(HALF, after=0.5)
    world.write(4 * HALF, after=2.0)
    world.write(pause, after=0.0)
    world.finish()
    assert world.ledger.speaking._playout_starts[WorkerId("tts")].speed == pytest.approx(4 * HALF / SAMPLE_RATE / 2.0)


def test_a_voice_that_waits_for_slots_is_no_slower_and_what_is_there_is_played() -> None:
    world = Played(slots=4)
    world.say("x" * 400)
    world.write(SLOT_FRAMES, after=3.0)
    assert not world.plays
    world.write(3 * SLOT_FRAMES, after=3.0)
    assert not world.free
    world.tick(0.0)
    assert world.plays, "nothing will come before something was heard"
    world.tick(100.0)
    world.do(world.ledger.handle(PLAYER, AudioPlayed(session="a", sentence=0, frame=SLOT_FRAMES), world.now))
    assert world.free
    timeline = world.ledger.state.sessions["a"].rows[0].timeline
    assert timeline is not None
    assert timeline.starved == pytest.approx(100.0, abs=1.0)
    assert not timeline.is_starved


def test_a_text_is_expected_to_take_less_time_of_a_voice_that_speaks_faster() -> None:
    world = Played()
    world.say()
    natural = world.ledger.state.sessions["a"].rows[0].expected_seconds
    assert 2.5 < natural < 3.5
    fast = Played(speed=2.0)
    fast.say()
    assert fast.ledger.state.sessions["a"].rows[0].expected_seconds == pytest.approx(natural / 2)
