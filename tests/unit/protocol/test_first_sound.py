"""On a GPU that translation and voice share, the first sound of a sentence somebody waits for comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.supervisor.simulated_workers import World
from voicestream.protocol.messages import Ready, Translate, WorkFailed
from voicestream.supervisor.ledger.commands import Send, WorkerId
from voicestream.supervisor.ledger.speaking import FIRST_SOUND_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.protocol.messages import Role
    from voicestream.supervisor.ledger.commands import Command

GPU = "cuda:0 float16 1.4 GB"


class Shared(World):
    """Two sentences were found, and the first is translated."""

    def __init__(self, translation: str = GPU, tts: str = "cuda:0 float16 0.9 GB + 0.24 GB CUDA graphs") -> None:
        self.batches = 0
        super().__init__(slots=64)
        self.start()
        self.ready("translation", translation)
        self.ready("tts", tts)
        self.open("a", target="de")
        self.step("player")
        self.find("a", "One.")
        self.find("a", "Two.")
        self.step("translation")

    def do(self, commands: Iterable[Command]) -> None:
        kept = list(commands)
        self.batches += sum(isinstance(one, Send) and isinstance(one.message, Translate) for one in kept)
        super().do(kept)

    def ready(self, role: Role, device: str) -> None:
        self.do(self.ledger.handle(WorkerId(role), Ready(engine="any", device=device), self.now))


def test_the_next_batch_waits_for_the_first_sound_and_not_for_the_rest() -> None:
    world = Shared()
    while world.ledger.state.sessions["a"].rows[0].frames == 0:
        assert world.batches == 1
        assert world.step("tts")
    assert world.ledger.in_flight(WorkerId("tts")) == 1
    assert world.batches == 2
    world.find("a", "Three.")
    world.step("translation")
    assert world.batches == 3


@pytest.mark.parametrize(
    ("translation", "tts"),
    [("cuda:0 float16 1.4 GB", "cuda:1 float16"), ("cpu int8", "cuda:0 float16"), ("cpu bfloat16", "cpu int8")],
)
def test_where_they_share_no_gpu_nobody_waits(translation: str, tts: str) -> None:
    assert Shared(translation, tts).batches == 2


def test_nobody_waits_for_a_voice_that_is_slow() -> None:
    world = Shared()
    world.now += FIRST_SOUND_SECONDS * 0.9
    world.do(world.ledger.tick(world.now))
    assert world.batches == 1
    world.now += FIRST_SOUND_SECONDS * 0.2
    world.do(world.ledger.tick(world.now))
    assert world.batches == 2


def test_nobody_waits_while_something_is_heard() -> None:
    world = Shared()
    while not world.ledger.playing.in_flight:
        world.step("tts")
    world.step("translation")
    world.find("a", "Three.")
    assert world.ledger.in_flight(WorkerId("tts")) == 1
    assert world.batches == 3


@pytest.mark.parametrize("how", ["failed", "lost", "stopped", "moved"])
def test_what_brings_no_sound_is_not_waited_for(how: str) -> None:
    world = Shared()
    assert world.batches == 1
    match how:
        case "failed":
            failure = WorkFailed(session="a", sentence=0, attempt=1, reason="it cannot", permanent=True)
            world.do(world.ledger.handle(WorkerId("tts"), failure, world.now))
        case "lost":
            world.lose("tts", counts_as_failure=False)
        case "stopped":
            world.open("b", target="de")
            world.find("b", "Three.")
            assert world.batches == 1
            world.do(world.ledger.stop_session("a", "stopped", 1, world.now))
        case _:
            world.ready("translation", "cpu bfloat16")
    assert world.batches == 2
