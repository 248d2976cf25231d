"""The translation stage: requests that wait are translated together, and none costs another its translation."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from helpers.fixtures.deadline import remaining
from voicestream.serve.api.api_errors import Refusal
from voicestream.serve.api.requests import TranslationJob
from voicestream.serve.settings import ServeSettings
from voicestream.serve.stages.translation import GATHER_SECONDS, Translations, TranslationStage, _Rhythm, next_batch
from voicestream.workers import engine_loading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.engines.translator import Job


class Upper:
    """A translator that writes in capitals, waits until `go` is set, and cannot translate "bad"."""

    name = "upper"
    device = "cpu"

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()

    def supports(self, source: str, target: str) -> bool:
        return (source, target) != ("en", "fr")

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        self.batches.append(list(texts))
        assert self.go.wait(remaining())
        assert (source, target, job.beams) == ("en", "de", 1)
        if "bad" in texts:
            raise ValueError("bad")
        return [text.upper() for text in texts]

    def close(self) -> None:
        pass


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Upper:
    found = Upper()
    monkeypatch.setattr(engine_loading, "load_translator", lambda *_: found)
    return found


class Mixed:
    """A translator of batches with several languages, which writes the language behind a text."""

    name, device, max_batch = "mixed", "cuda:0", 64

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.is_prepared = False

    def prepare(self) -> None:
        self.is_prepared = True

    def supports(self, source: str, target: str) -> bool:
        return source != target

    def translate(self, texts: Sequence[str], source: str, target: str, job: Job) -> list[str]:
        return self.translate_mixed(texts, [(source, target)] * len(texts), job)

    def translate_mixed(self, texts: Sequence[str], pairs: Sequence[tuple[str, str]], job: Job) -> list[str]:
        assert self.is_prepared
        self.batches.append(list(texts))
        if "bad" in texts:
            raise ValueError("bad")
        return [f"{text} {target}{job.beams}" for text, (_, target) in zip(texts, pairs, strict=True)]

    def close(self) -> None:
        pass


def job(*texts: str, target: str = "de", beams: int = 1, is_second_try: bool = False) -> TranslationJob:
    return TranslationJob(texts=texts, source="en", target=target, beams=beams, is_second_try=is_second_try)


def test_requests_that_wait_are_translated_together_and_one_that_fails_fails_alone(engine: Upper) -> None:
    async def translated() -> list[Translations | Refusal]:
        stage = TranslationStage(ServeSettings(tts="espeak"))
        jobs = [job("a"), job("b", "c"), job("bad"), job("d"), job("e", target="fr"), job("f", target="en-GB")]
        tasks = [asyncio.create_task(stage.translate(one)) for one in jobs]
        gone = asyncio.create_task(stage.translate(job("x")))
        while not engine.batches:  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.001)
        gone.cancel()
        engine.go.set()
        return list(await asyncio.gather(*tasks))

    first, second, bad, fourth, french, english = asyncio.run(translated())
    assert [first, second, fourth] == [
        Translations(texts=texts, model="upper") for texts in (("A",), ("B", "C"), ("D",))
    ]
    assert isinstance(bad, Refusal)
    assert (bad.status, bad.code, bad.message) == (500, "engine_failed", "the translator failed: ValueError")
    assert isinstance(french, Refusal)
    assert french.code == "language_not_supported"
    assert english == Translations(texts=("f",), model="upper")
    assert any(len(batch) >= 4 for batch in engine.batches)
    assert ["d"] in engine.batches


def test_clients_of_several_languages_share_batches_and_each_gets_its_own_translation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Mixed()
    monkeypatch.setattr(engine_loading, "load_translator", lambda *_: engine)
    jobs = [job(f"t{at}", target=("de", "es", "ja")[at % 3], beams=1 + at % 2) for at in range(100)]
    jobs[50] = job("bad")

    async def translated() -> list[Translations | Refusal]:
        stage = TranslationStage(ServeSettings(tts="espeak"))
        return list(await asyncio.gather(*map(stage.translate, jobs)))

    answers = asyncio.run(translated())
    assert isinstance(answers.pop(50), Refusal)
    del jobs[50]
    texts = [answer.texts[0] for answer in answers if isinstance(answer, Translations)]
    assert texts == [f"{one.texts[0]} {one.target}{one.beams}" for one in jobs]
    # One batch for each width of the search, and the halves of the one that fails.
    assert len(engine.batches) <= 2 + 2 * 6
    assert [len(batch) for batch in engine.batches if "bad" not in batch and len(batch) > 49] == [50]


def test_a_batch_has_what_its_search_and_the_translator_allow() -> None:
    jobs = [job("a"), job("b", target="es"), job("c", beams=2), job("d", is_second_try=True), job(*"efg"), job("h")]
    assert next_batch(jobs) == [0, 4, 5]
    assert next_batch(jobs, is_mixed=True) == [0, 1, 4, 5]
    assert next_batch(jobs, 4, is_mixed=True) == [0, 1, 5]
    assert next_batch([job(*"a" * 16), *jobs]) == [0]
    mixed = [job("a"), job("b" * 301, target="es"), job("c"), job("d", "e" * 400)]
    assert next_batch(mixed, 128, is_mixed=True) == [0, 2]
    assert next_batch(mixed[1:], 128, is_mixed=True) == [0, 2]


@pytest.mark.parametrize(
    ("waiting", "limit", "after", "expected"),
    [
        (3, 128, 0.0, GATHER_SECONDS),
        (3, 128, GATHER_SECONDS / 2, GATHER_SECONDS / 2),
        (3, 128, GATHER_SECONDS * 2, 0.0),  # whoever comes later finds nobody to wait for
        (9, 128, 0.0, 0.0),  # all are here again
        (8, 8, 0.0, 0.0),
        (3, 16, 0.0, 0.0),  # a translator that gains little by larger batches
    ],
)
def test_a_batch_waits_shortly_for_the_clients_of_the_last_one(
    waiting: int, limit: int, after: float, expected: float
) -> None:
    assert _Rhythm(5.0, 9).gather_seconds(waiting, limit, 5.0 + after) == pytest.approx(expected)


def test_a_single_client_never_waits_for_others() -> None:
    assert _Rhythm().gather_seconds(1, 128, 0.0) == 0
    assert _Rhythm(5.0, 1).gather_seconds(1, 128, 5.0) == 0
