"""The translation stage: requests that wait are translated together, and none costs another its translation."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from voicestream.serve.api.api_errors import Refusal
from voicestream.serve.api.requests import TranslationJob
from voicestream.serve.settings import ServeSettings
from voicestream.serve.stages.translation import Translations, TranslationStage
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
        assert self.go.wait(30)
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


def job(*texts: str, target: str = "de") -> TranslationJob:
    return TranslationJob(texts=texts, source="en", target=target, beams=1, is_second_try=False)


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
