"""The tts worker: the quiet around a sentence, and the care that a neural voice's sound needs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers.audio.sounds import RATE, Engine, quiet, sound, speech
from voicestream.errors import UnusableSoundError
from voicestream.protocol import audio_pool, lifeline
from voicestream.protocol.messages import AudioWritten, Speak, WorkFailed
from voicestream.workers.connection import Connection
from voicestream.workers.harness import Assignment
from voicestream.workers.tts.rendering import PART_PAUSE_SECONDS
from voicestream.workers.tts.worker import TtsWorker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

TEXT = "This is a sentence of some length."
LONG = "The first clause is a little longer than that, and the second one is as long as the first."


class Voice:
    """Makes what it was told to make."""

    name = "voice"
    device = "cpu"
    sample_rate = RATE
    needs_normalized_text = False

    def __init__(self, *takes: NDArray[np.float32], care: bool) -> None:
        self.engine = Engine(*takes)
        self.needs_postprocessing = care
        self.limit = 0

    def max_characters(self, language: str) -> int:
        del language
        return self.limit

    def load(self, report: Callable[[str, float | None], None]) -> None:
        report("nothing", None)

    def supports(self, language: str) -> bool:
        return bool(language)

    def synthesize(
        self, text: str, language: str, voice: str, seed: int, *, speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        del text, language, voice, speed
        return self.engine.make(seed)

    def close(self) -> None:
        pass


def job(text: str = TEXT, *, pause: float = 0.5, lead: float = 0.0, slots: int = 0) -> Speak:
    return Speak(
        session="s",
        sentence=0,
        attempt=1,
        text=text,
        language="en",
        voice="",
        speed=1.0,
        seed=7,
        lead_seconds=lead,
        pause_seconds=pause,
        skip_frames=0,
        slots=list(range(slots)),
    )


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[TtsWorker]:
    parent, other = lifeline.make()
    assignment = Assignment(
        role="tts", incarnation=1, hub=Path(), parent_pid=0, lifeline=0, engine="voice", pool=audio_pool.create(32)
    )
    yield TtsWorker(assignment, Connection(tmp_path / "hub", "tts.1", parent))
    parent.close()
    other.close()


def made(worker: TtsWorker, voice: Voice, wanted: Speak) -> NDArray[np.float32]:
    return np.concatenate([np.zeros(0, np.float32), *worker._samples(voice, wanted)])


def test_a_sentence_is_followed_by_the_pause_that_was_asked_for(worker: TtsWorker) -> None:
    samples = made(worker, Voice(speech(2.0), care=False), job(pause=0.5))
    assert np.array_equal(samples, sound(speech(2.0), quiet(0.5)))


def test_the_quiet_that_a_neural_voice_makes_counts(worker: TtsWorker) -> None:
    samples = made(worker, Voice(sound(speech(2.0), quiet(0.3)), care=True), job(pause=0.5))
    assert len(samples) / RATE == pytest.approx(2.5, abs=0.011)
    assert not np.any(samples[-round(0.45 * RATE) :])


def test_the_quiet_before_a_sentence_comes_with_its_first_sound(worker: TtsWorker) -> None:
    voice = Voice(sound(speech(2.0)), care=True)
    chunks = worker._samples(voice, job(lead=0.35))
    first = next(chunk for chunk in chunks if len(chunk))
    assert len(first) == round(0.35 * RATE)
    assert not np.any(first)
    assert voice.engine.made > 0.25 * RATE
    assert len(np.concatenate(list(chunks))) / RATE == pytest.approx(2.5, abs=0.02)


def test_a_sentence_without_a_sound_has_no_pauses(worker: TtsWorker) -> None:
    assert not len(made(worker, Voice(quiet(0.0), care=False), job("...", lead=0.35)))


def test_between_the_pieces_of_a_sentence_there_is_a_short_pause(worker: TtsWorker) -> None:
    voice = Voice(speech(2.0), care=False)
    voice.limit = 50
    samples = made(worker, voice, job(LONG, pause=0.5))
    assert len(voice.engine.seeds) == 2
    assert len(samples) / RATE == pytest.approx(2 * 2.0 + PART_PAUSE_SECONDS + 0.5)


def test_a_run_on_of_a_neural_voice_is_not_heard_and_that_of_another_is(worker: TtsWorker) -> None:
    run_on = sound(speech(2.0), quiet(0.8), speech(2.0))
    assert len(made(worker, Voice(run_on, care=True), job(pause=0.25))) / RATE == pytest.approx(2.25, abs=0.02)
    assert len(made(worker, Voice(run_on, care=False), job(pause=0.0))) == len(run_on)


def test_what_is_wrong_with_a_sound_is_in_the_log_without_its_text(
    worker: TtsWorker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        made(worker, Voice(quiet(1.0), speech(2.0), care=True), job())
    assert "session=s sentence=0 it is silent; retrying with another seed" in caplog.text
    assert TEXT not in caplog.text


def test_a_sound_that_cannot_be_heard_is_given_up_at_once(worker: TtsWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(worker._connection, "send", sent.append)
    monkeypatch.setattr(worker, "_synthesizer", Voice(quiet(1.0), care=True))
    worker._speak(job(slots=4))
    assert sent == [
        WorkFailed(
            session="s",
            sentence=0,
            attempt=1,
            reason=str(UnusableSoundError("the voice made a sound that cannot be heard: it is silent")),
            permanent=True,
        )
    ]


def test_a_sentence_that_is_made_again_goes_on_where_it_was(worker: TtsWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[AudioWritten] = []
    monkeypatch.setattr(worker._connection, "send", sent.append)
    whole = made(worker, Voice(quiet(1.0), speech(2.0), care=True), job())
    monkeypatch.setattr(worker, "_synthesizer", Voice(quiet(1.0), speech(2.0), care=True))
    again = job(slots=8)
    worker._speak(Speak(**{name: getattr(again, name) for name in again.__struct_fields__} | {"skip_frames": 20_000}))
    assert sum(message.frames for message in sent) == len(whole) - 20_000
    with worker._pool.frames(0, 0, 1_000) as view:
        assert bytes(view) == whole[20_000:21_000].tobytes()
