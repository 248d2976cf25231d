"""Batch rendering: sentences that are rendered at once do not know of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.serving.choir import FAILURE, ChoirVoice
from helpers.voices.careless_voice import CarelessVoice
from voicestream.engines.synthesizer import as_batch
from voicestream.workers.tts import rendering
from voicestream.workers.tts.batch_rendering import BatchRenderer
from voicestream.workers.tts.rendering import Utterance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from voicestream.workers.tts.batch_rendering import Rendering

CLAUSES = "A first clause, a second clause, and a third one."
TEXTS = st.sampled_from(["One.", "Two, and more of it.", "13 is not said.", CLAUSES, ""])


class Postprocessed(ChoirVoice):
    """Divides long texts, needs postprocessing and resampling."""

    sample_rate = 22_050
    needs_postprocessing = True

    def max_characters(self, language: str) -> int:
        del language
        return 20


def utterance(text: str, seed: int = 1) -> Utterance:
    return Utterance(text=text, language="en", voice="", seed=seed, speed=1.0, pause_seconds=0.1, lead_seconds=0.05)


def alone(engine: ChoirVoice, text: str, seed: int) -> tuple[bytes, str]:
    """Samples of a sentence that is rendered alone, up to its error, and the error."""
    found: list[NDArray[np.float32]] = []
    try:
        found.extend(rendering.samples(engine, utterance(text, seed), lambda: None))
    except ValueError as error:
        return _bytes(found), str(error)
    return _bytes(found), ""


def _bytes(chunks: list[NDArray[np.float32]]) -> bytes:
    return b"".join(chunk.tobytes() for chunk in chunks)


@pytest.mark.parametrize("kind", [ChoirVoice, Postprocessed])
@settings(max_examples=30)
@given(jobs=st.lists(st.tuples(TEXTS, st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=9), data=st.data())
def test_each_sentence_has_the_samples_it_has_alone_whatever_joins_fails_or_is_cancelled(
    kind: type[ChoirVoice], jobs: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    engine = kind()
    batch = BatchRenderer(engine)
    waiting = sorted(enumerate(jobs), key=lambda one: one[1][2])
    found: dict[int, list[NDArray[np.float32]]] = {}
    ended: dict[int, str] = {}
    numbers: dict[Rendering, int] = {}
    step = 0
    while waiting or len(batch):
        while waiting and waiting[0][1][2] <= step:
            number, (text, seed, _) = waiting.pop(0)
            numbers[batch.add(utterance(text, seed))] = number
            found[number] = []
        for output in batch.advance():
            number = numbers[output.rendering]
            assert number not in ended
            found[number] += output.samples
            if output.is_last:
                ended[number] = str(output.error or "")
        live = [one for one, number in numbers.items() if number not in ended]
        if live and data.draw(st.integers(0, 9)) == 0:
            cancelled = data.draw(st.sampled_from(live))
            batch.cancel(cancelled)
            ended[numbers[cancelled]] = "cancelled"
        step += 1
    assert all(stream.is_over for stream in engine.opened)
    for number, (text, seed, _) in enumerate(jobs):
        samples, error = alone(kind(), text, seed)
        if ended[number] == "cancelled":
            assert samples.startswith(_bytes(found[number]))
        else:
            assert (_bytes(found[number]), ended[number]) == (samples, error)


def test_sentences_share_the_steps_of_the_engine_and_join_between_two() -> None:
    engine = ChoirVoice()
    batch = BatchRenderer(engine)
    batch.add(utterance("One sentence."))
    batch.advance()
    batch.add(utterance("Another sentence."))
    while len(batch):
        batch.advance()
    assert engine.steps[0] == ["One sentence."]
    assert engine.steps[1] == ["One sentence.", "Another sentence."]


def test_a_sentence_that_fails_takes_none_of_the_others_with_it() -> None:
    engine = ChoirVoice()
    batch = BatchRenderer(engine)
    failing, other = batch.add(utterance("13 is not said.")), batch.add(utterance("Other."))
    outputs = []
    while len(batch):
        outputs += batch.advance()
    assert [str(output.error) for output in outputs if output.rendering is failing and output.is_last] == [FAILURE]
    assert [output.error for output in outputs if output.rendering is other and output.is_last] == [None]


def test_there_is_room_for_as_many_sentences_as_the_engine_has_slots() -> None:
    batch = BatchRenderer(ChoirVoice())
    rooms = []
    for number in range(5):
        rooms.append(batch.has_room)
        batch.add(utterance(f"Number {number}."))
    assert rooms == [True, True, True, True, False]


def test_an_engine_that_computes_nothing_though_texts_are_open_is_a_defect_and_no_endless_loop() -> None:
    engine = ChoirVoice()
    engine.max_streams = 0
    batch = BatchRenderer(engine)
    batch.add(utterance("One."))
    batch.advance()
    with pytest.raises(RuntimeError, match="1 open texts and computes none"):
        batch.advance()


def test_only_an_engine_with_all_of_the_contract_is_driven_in_batches() -> None:
    choir = ChoirVoice()
    assert as_batch(choir) is choir
    assert as_batch(CarelessVoice()) is None
