"""The tts worker: what a voice engine is given to say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voicestream import audio_pool, lifeline
from voicestream.messages import Speak
from voicestream.workers.connection import Connection
from voicestream.workers.harness import Assignment
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
    needs_words = False
    needs_care = False

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


def test_a_sentence_longer_than_the_engine_takes_is_divided_at_clauses_and_nothing_is_left_out(tmp_path: Path) -> None:
    parent, _other = lifeline.make()
    connection = Connection(tmp_path / "hub", "tts.1", parent)
    assignment = Assignment(
        role="tts", incarnation=1, hub=Path(), parent_pid=0, lifeline=0, engine="short", pool=audio_pool.create(4)
    )
    worker = TtsWorker(assignment, connection)
    engine = ShortOfBreath()
    job = Speak(
        session="s",
        sentence=0,
        attempt=1,
        text=LONG,
        language="en",
        voice="",
        speed=1.0,
        seed=1,
        skip_frames=0,
        slots=[],
    )
    samples = list(worker._samples(engine, job))
    assert " ".join(engine.texts) == LONG
    assert len(engine.texts) > 2
    assert all(len(text) <= 40 for text in engine.texts)
    assert any("3.14" in text for text in engine.texts)
    assert sum(len(chunk) for chunk in samples) == 100 * len(engine.texts)
    parent.close()
    _other.close()
