"""Sentences of many clients at once, on the thread of one batching engine."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from helpers.serving.choir import FAILURE, ChoirVoice
from helpers.serving.local_stages import LocalStages, ask
from voicestream.serve.api.api_errors import ApiError
from voicestream.serve.api.application import CLIENT_CLOSED, Application
from voicestream.serve.api.tokens import Tokens
from voicestream.serve.settings import ServeSettings
from voicestream.serve.stages import batch_thread
from voicestream.serve.stages.batch_thread import BatchThread
from voicestream.serve.stages.engine_thread import EngineThread
from voicestream.workers import engine_loading
from voicestream.workers.tts import rendering
from voicestream.workers.tts.batch_rendering import BatchRenderer
from voicestream.workers.tts.rendering import Utterance

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import numpy as np
    from numpy.typing import NDArray

KEY = "a-key-of-thirty-characters----"
LONG = "A long sentence. " * 30
HELD_AFTER = 10
"""Steps with the long sentence, of 170 in all."""
SETTINGS = ServeSettings(tts="espeak", ingress_replicas=1, queue_seconds=30)


def utterance(text: str) -> Utterance:
    return Utterance(text=text, language="en", voice="", seed=1, speed=1.0, pause_seconds=0.0)


def alone(text: str) -> bytes:
    return b"".join(chunk.tobytes() for chunk in rendering.samples(ChoirVoice(), utterance(text), lambda: None))


class HeldVoice(ChoirVoice):
    """Makes no further step after some with the long sentence until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def advance(self) -> bool:
        if sum(LONG in step for step in self.steps) >= HELD_AFTER:
            assert self.released.wait(remaining())
        return super().advance()


def batch_of(engine: ChoirVoice) -> BatchThread:
    return BatchThread(EngineThread("test"), engine)


async def all_of(chunks: AsyncGenerator[NDArray[np.float32]]) -> bytes:
    return b"".join([chunk.tobytes() async for chunk in chunks])


def test_many_clients_are_served_in_the_same_steps_and_each_gets_its_own_samples() -> None:
    engine = ChoirVoice()

    async def served() -> list[bytes]:
        batch = batch_of(engine)
        return await asyncio.gather(*(all_of(batch.iterate(utterance(text), 20)) for text in texts))

    texts = [f"Sentence {number}." for number in range(20, 29)]
    assert asyncio.run(served()) == [alone(text) for text in texts]
    assert max(len(step) for step in engine.steps) == engine.max_streams


def test_a_client_that_closes_its_stream_makes_room_for_the_one_that_waits() -> None:
    async def served() -> bytes:
        engine = HeldVoice()
        engine.max_streams = 1
        batch = batch_of(engine)
        first = batch.iterate(utterance(LONG), 20)
        await anext(first)
        second = asyncio.create_task(all_of(batch.iterate(utterance("Second."), 20)))
        await first.aclose()
        engine.released.set()
        found = await second
        assert sum(LONG in step for step in engine.steps) <= HELD_AFTER + 1
        return found

    assert asyncio.run(served()) == alone("Second.")


def test_a_request_that_waits_too_long_for_a_slot_or_behind_too_many_others_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_thread, "MAX_WAITING", 1)

    async def refused() -> None:
        engine = HeldVoice()
        engine.max_streams = 1
        batch = batch_of(engine)
        first = batch.iterate(utterance(LONG), 20)
        await anext(first)
        with pytest.raises(ApiError) as late:
            await anext(batch.iterate(utterance("Late."), 0.01))
        waiting = asyncio.create_task(all_of(batch.iterate(utterance("Waits."), 20)))
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as surplus:
            await anext(batch.iterate(utterance("Surplus."), 20))
        assert [error.value.refusal.status for error in (late, surplus)] == [503, 503]
        await first.aclose()
        engine.released.set()
        assert await waiting == alone("Waits.")
        assert {text for step in engine.steps for text in step} == {LONG, "Waits."}

    asyncio.run(refused())


def test_a_sentence_that_fails_ends_its_own_request_only() -> None:
    async def served() -> None:
        batch = batch_of(ChoirVoice())
        failing = asyncio.create_task(all_of(batch.iterate(utterance("13 is not said."), 20)))
        assert await all_of(batch.iterate(utterance("Other."), 20)) == alone("Other.")
        with pytest.raises(ValueError, match=FAILURE):
            await failing
        batch.check()

    asyncio.run(served())


def test_a_broken_engine_ends_all_requests_and_the_health_of_the_replica() -> None:
    class Broken(ChoirVoice):
        def advance(self) -> bool:
            raise RuntimeError("an illegal memory access was encountered")

    async def served() -> None:
        batch = batch_of(Broken())
        found = await asyncio.gather(
            *(all_of(batch.iterate(utterance(text), 20)) for text in ("One.", "Two.")), return_exceptions=True
        )
        assert [str(error) for error in found] == ["an illegal memory access was encountered"] * 2
        with pytest.raises(RuntimeError, match="the voice engine is broken: RuntimeError"):
            batch.check()

    asyncio.run(served())


def test_an_error_between_two_steps_is_told_too_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_renderer: BatchRenderer) -> bool:
        raise RuntimeError("an illegal memory access was encountered")

    async def served() -> None:
        batch = batch_of(ChoirVoice())
        with pytest.raises(RuntimeError, match="illegal memory access"):
            await all_of(batch.iterate(utterance("One."), 5))
        with pytest.raises(RuntimeError, match="the voice engine is broken: RuntimeError"):
            batch.check()

    monkeypatch.setattr(BatchRenderer, "has_room", property(fail))
    asyncio.run(served())


def test_the_server_streams_and_continues_at_any_frame_and_a_closed_connection_frees_its_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = HeldVoice()
    monkeypatch.setattr(engine_loading, "load_synthesizer", lambda *_: engine)
    stages = LocalStages(SETTINGS)
    application = Application(SETTINGS, stages, Tokens([KEY]))

    async def served() -> None:
        fields = {"input": "All tests pass.", "response_format": "pcm"}
        whole, *rests = await asyncio.gather(
            *(
                ask(application, "/v1/audio/speech", {**fields, "skip": skip}, token=KEY)
                for skip in (0, 1, 5_000, 12_000)
            )
        )
        assert len(whole.body) == 2 * 800 * len(fields["input"])
        assert [rest.body for rest in rests] == [whole.body[2 * skip :] for skip in (1, 5_000, 12_000)]
        await ask(application, "/v1/audio/speech", {**fields, "input": LONG}, token=KEY, closes_after=1)
        assert stages.counted[-1].status == CLIENT_CLOSED
        engine.released.set()
        again = await ask(application, "/v1/audio/speech", fields, token=KEY)
        assert again.body == whole.body
        assert sum(LONG in step for step in engine.steps) <= HELD_AFTER + 1

    asyncio.run(served())
