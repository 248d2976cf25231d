"""Limits of the server: rates of tokens, batches, and who may use its engine next."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestream.serve.api.api_errors import ApiError
from voicestream.serve.api.limits import RateLimiter
from voicestream.serve.api.requests import TranslationJob
from voicestream.serve.settings import MAX_TEXTS, ServeSettings
from voicestream.serve.stages.engine_thread import EngineThread
from voicestream.serve.stages.translation import next_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 50)), max_size=60))
def test_in_no_minute_a_token_gets_more_than_twice_its_limit(steps: list[tuple[float, int]]) -> None:
    limiter = RateLimiter(10, 200)
    now, admitted = 0.0, list[tuple[float, int]]()
    for pause, characters in steps:
        now += pause
        wait = limiter.admit("a", characters, now)
        if wait == 0:
            admitted.append((now, characters))
        else:
            assert limiter.admit("a", characters, now + wait + 1e-6) == 0
            now += wait + 1e-6
            admitted.append((now, characters))
    for start, _ in admitted:
        minute = [characters for at, characters in admitted if start <= at < start + 60]
        assert len(minute) <= 20
        assert sum(minute) <= 2 * 200 + 50


def test_tokens_do_not_share_a_limit_and_a_very_long_request_is_admitted_once() -> None:
    limiter = RateLimiter(100, 1_000)
    assert limiter.admit("a", 4_000, 0.0) == 0
    assert limiter.admit("a", 1, 0.0) == pytest.approx(180)
    assert limiter.admit("b", 1, 0.0) == 0


def test_thousands_of_tokens_do_not_fill_the_memory() -> None:
    limiter = RateLimiter(1, 1)
    for number in range(5_000):
        limiter.admit(str(number), 1, number / 10)
    assert len(limiter._buckets) <= 1_000


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, MAX_TEXTS)), min_size=1, max_size=30))
def test_a_batch_has_the_first_job_and_others_of_its_languages_up_to_sixteen_texts(
    found: list[tuple[str, int]],
) -> None:
    jobs = [
        TranslationJob(texts=("x",) * size, source="en", target=target, beams=1, is_second_try=False)
        for target, size in found
    ]
    chosen = next_batch(jobs)
    assert chosen[0] == 0
    assert {jobs[index].target for index in chosen} == {jobs[0].target}
    assert sum(len(jobs[index].texts) for index in chosen) <= MAX_TEXTS


@pytest.mark.parametrize(
    ("gpus", "replicas", "translator", "share"),
    [(0, 2, "none", 0.0), (1, 2, "none", 0.5), (1, 2, "x", 0.25), (1, 3, "none", 0.3333), (8, 3, "none", 2.0)],
)
def test_replicas_share_the_cards(gpus: float, replicas: int, translator: str, share: float) -> None:
    assert ServeSettings(tts="x", gpus=gpus, replicas=replicas, translator=translator).gpus_per_replica == share


def test_a_request_that_waits_too_long_for_the_engine_is_refused_and_never_started() -> None:
    async def refused() -> None:
        thread, release = EngineThread("test"), threading.Event()
        calls: list[str] = []

        def first(_check: Callable[[], None]) -> Iterator[int]:
            yield 1
            release.wait(20)
            yield 2

        def second(_check: Callable[[], None]) -> list[int]:
            calls.append("second")
            return [3]

        items = thread.iterate(first, 20)
        assert await anext(items) == 1
        with pytest.raises(ApiError) as caught:
            await anext(thread.iterate(second, 0.01))
        assert (caught.value.refusal.status, caught.value.refusal.retry_after) == (503, 1)
        release.set()
        assert [item async for item in items] == [2]
        assert [item async for item in thread.iterate(second, 20)] == [3]
        assert calls == ["second"]
        assert thread.waiting == 0

    asyncio.run(refused())


def test_closing_a_stream_ends_the_engine_at_its_next_item() -> None:
    async def stopped() -> None:
        thread, made = EngineThread("test"), list[int]()

        def endless(_check: Callable[[], None]) -> Iterator[int]:
            while True:
                made.append(len(made))
                yield made[-1]

        items = thread.iterate(endless, 20)
        await anext(items)
        await items.aclose()
        assert await thread.call(lambda _is_over: "free", 20) == "free"
        count = len(made)
        await asyncio.sleep(0.02)
        assert len(made) == count

    asyncio.run(stopped())
