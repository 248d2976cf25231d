"""The tts worker: what a voice engine is given to say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicestream.errors import EngineNotReadyError
from voicestream.protocol import audio_pool, lifeline
from voicestream.protocol.messages import Speak
from voicestream.workers import engine_loading
from voicestream.workers.connection import Connection
from voicestream.workers.harness import Assignment
from voicestream.workers.tts.normalization.numbers.cardinals import cardinal
from voicestream.workers.tts.worker import TtsWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

LONG = "The first clause is short, the second one is not much longer, and the third one ends it after 3.14 seconds."


class ShortOfBreath:
    """An engine that takes forty characters at a time, and keeps what it was given."""

    name = "short"
    device = "cpu"
    sample_rate = 24_000
    needs_normalized_text = False
    needs_postprocessing = False

    def __init__(self) -> None:
        self.texts: list[str] = []

    def max_characters(self, language: str) -> int:
        return {"en": 40}.get(language, 0)

    def load(self, report: Callable[[str, float | None], None]) -> None:
        report("nothing", None)

    def supports(self, language: str) -> bool:
        return bool(language)

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        del language, voice, seed, speed
        self.texts.append(text)
        yield np.zeros(100, dtype=np.float32)

    def close(self) -> None:
        pass


class Wordless(ShortOfBreath):
    """Like it, but cannot read figures."""

    needs_normalized_text = True


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[TtsWorker]:
    parent, other = lifeline.make()
    connection = Connection(tmp_path / "hub", "tts.1", parent)
    assignment = Assignment(
        role="tts", incarnation=1, hub=Path(), parent_pid=0, lifeline=0, engine="short", pool=audio_pool.create(4)
    )
    yield TtsWorker(assignment, connection)
    parent.close()
    other.close()


def job(text: str) -> Speak:
    return Speak(
        session="s",
        sentence=0,
        attempt=1,
        text=text,
        language="en",
        voice="",
        speed=1.0,
        seed=1,
        skip_frames=0,
        slots=[],
    )


def test_a_sentence_longer_than_the_engine_takes_is_divided_at_clauses_and_nothing_is_left_out(
    worker: TtsWorker,
) -> None:
    engine = ShortOfBreath()
    samples = list(worker._samples(engine, job(LONG)))
    assert " ".join(engine.texts) == LONG
    assert len(engine.texts) > 2
    assert all(len(text) <= 40 for text in engine.texts)
    assert any("3.14" in text for text in engine.texts)
    assert sum(len(chunk) for chunk in samples) == 100 * len(engine.texts)


def test_an_engine_that_needs_normalized_text_gets_words_and_they_are_divided_after_they_were_made(
    worker: TtsWorker,
) -> None:
    pytest.importorskip("num2words", reason="make neural")
    engine = Wordless()
    list(worker._samples(engine, job("It took 1234567 ms & 98.7% of it.")))
    assert " ".join(engine.texts) == (
        "It took one million two hundred and thirty-four thousand five hundred and sixty-seven milliseconds and "
        "ninety-eight point seven percent of it."
    )
    assert len(engine.texts) > 3
    assert all(len(text) <= 40 for text in engine.texts)


def test_without_the_package_that_counts_an_engine_that_needs_normalized_text_is_not_ready(
    worker: TtsWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_loading, "load_synthesizer", lambda *_: Wordless())
    monkeypatch.setitem(sys.modules, "num2words", None)
    cardinal.cache_clear()
    with pytest.raises(EngineNotReadyError, match="short cannot say numbers") as caught:
        worker.load(lambda _stage, _progress: None)
    assert caught.value.hint == "Try: pip install num2words"


def test_an_engine_that_needs_normalized_text_is_not_asked_to_say_punctuation(worker: TtsWorker) -> None:
    engine = Wordless()
    assert sum(len(chunk) for chunk in worker._samples(engine, job("… !"))) == 0
    assert engine.texts == []
