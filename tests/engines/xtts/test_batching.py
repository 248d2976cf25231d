"""Continuous batching of XTTS on a processor, with a small model: each sentence sounds as it does alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.models import tiny_xtts
from voicestream.errors import UsageError
from voicestream.workers.inference import device

skip_unless_voice_installed()

import torch

from voicestream.telemetry import go_offline
from voicestream.workers.engines.xtts import synthesizer as xtts_engine
from voicestream.workers.engines.xtts.batching import computation
from voicestream.workers.engines.xtts.coqui.importing import import_coqui

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from voicestream.engines.synthesizer import SynthesisStream
    from voicestream.workers.engines.xtts.synthesizer import XttsSynthesizer

    Spoken = tuple[str, str, str, int, float]

SLOTS: Final = 3
ONE, OTHER = tiny_xtts.SPEAKERS[:2]
SENTENCES: Final[list[Spoken]] = [
    ("i run it now.", "en", ONE, 1, 1.0),
    ("es läuft.", "de", OTHER, 2, 1.6),
    ("はい、直します。", "ja", ONE, 3, 1.2),
    ("i run it now.", "en", OTHER, 1, 1.0),
]


@pytest.fixture(scope="module")
def xtts(narrow_xtts_models: Path) -> Iterator[XttsSynthesizer]:
    """The engine with three slots, loaded once."""
    before = dict(os.environ)
    go_offline()
    import_coqui()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        plain = computation.plain
        patch.setattr(computation, "plain", lambda *args: plain(*args, slots=SLOTS))
        chosen = device.Device("cpu", torch.float32)
        model = xtts_engine.build(narrow_xtts_models / tiny_xtts.NAME, chosen, may_capture=False, streams=1)
    yield xtts_engine.XttsSynthesizer(model)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def alone(xtts: XttsSynthesizer) -> list[NDArray[np.float32]]:
    """Each sentence by itself."""
    return [
        np.concatenate(list(xtts.synthesize(text, language, voice, seed, speed=speed)))
        for text, language, voice, seed, speed in SENTENCES
    ]


def opened(xtts: XttsSynthesizer, spoken: Spoken) -> SynthesisStream:
    text, language, voice, seed, speed = spoken
    return xtts.open(text, language, voice, seed, speed=speed)


def heard(xtts: XttsSynthesizer, streams: list[SynthesisStream]) -> list[NDArray[np.float32]]:
    """The samples of streams, taken as they come."""
    chunks: list[list[NDArray[np.float32]]] = [[] for _ in streams]
    under_way = set(range(len(streams)))
    while under_way:
        assert xtts.advance()
        for number in list(under_way):
            while streams[number].is_ready:
                try:
                    chunks[number].append(next(streams[number]))
                except StopIteration:
                    under_way.discard(number)
                    break
    assert not xtts.advance()
    return [np.concatenate(each) for each in chunks]


def test_sentences_at_once_sound_as_they_do_alone(xtts: XttsSynthesizer, alone: list[NDArray[np.float32]]) -> None:
    """Different languages, voices, seeds and speeds; the fourth waits for a slot."""
    assert xtts.max_streams == SLOTS
    found = heard(xtts, [opened(xtts, spoken) for spoken in SENTENCES])
    assert all(map(np.array_equal, found, alone))
    assert len({len(samples) for samples in alone}) > 1


def test_a_cancelled_sentence_leaves_its_slot_to_another(
    xtts: XttsSynthesizer, alone: list[NDArray[np.float32]]
) -> None:
    streams = [opened(xtts, spoken) for spoken in SENTENCES]
    while not streams[0].is_ready:
        xtts.advance()
    streams[0].close()
    assert streams[0].is_ready
    with pytest.raises(StopIteration):
        next(streams[0])
    found = heard(xtts, streams[1:])
    assert all(map(np.array_equal, found, alone[1:]))
    assert xtts._model.computation.decoder.free_slots == SLOTS


def test_an_error_of_one_sentence_is_raised_by_its_stream(
    xtts: XttsSynthesizer, alone: list[NDArray[np.float32]]
) -> None:
    failed = xtts.open("hello.", "en", "nobody", 1)
    good = opened(xtts, SENTENCES[0])
    assert not failed.is_ready
    assert np.array_equal(heard(xtts, [good])[0], alone[0])
    assert failed.is_ready
    with pytest.raises(UsageError, match="nobody"):
        next(failed)
    with pytest.raises(StopIteration):
        next(failed)


def test_one_sentence_can_be_spoken_while_another_is_open(
    xtts: XttsSynthesizer, alone: list[NDArray[np.float32]]
) -> None:
    other = opened(xtts, SENTENCES[1])
    text, language, voice, seed, speed = SENTENCES[0]
    found = np.concatenate(list(xtts.synthesize(text, language, voice, seed, speed=speed)))
    assert np.array_equal(found, alone[0])
    rest: list[NDArray[np.float32]] = []
    while True:
        if not other.is_ready:
            xtts.advance()
        try:
            rest.append(next(other))
        except StopIteration:
            break
    assert np.array_equal(np.concatenate(rest), alone[1])
