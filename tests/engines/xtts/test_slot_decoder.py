"""The decoder with slots, in Triton's interpreter: each sentence gets the tokens that it gets alone."""

from __future__ import annotations

import random
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from helpers.fixtures.interpreted import skip_unless_interpreted
from helpers.fixtures.neural import skip_unless_voice_installed

skip_unless_interpreted()
skip_unless_voice_installed()

import torch

from helpers.models import tiny_xtts
from voicestream.workers.engines.xtts import linear
from voicestream.workers.engines.xtts.batching import captured_decoder, computation
from voicestream.workers.engines.xtts.batching.captured_decoder import CapturedSlotDecoder
from voicestream.workers.engines.xtts.batching.slot_decoder import PlainSlotDecoder, Sentence
from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS, Gpt
from voicestream.workers.engines.xtts.sampling import SamplingParameters
from voicestream.workers.inference.cuda_graphs import GraphPool
from voicestream.workers.inference.slots.sizes import PAGE, SlotSizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.workers.engines.xtts.batching.slot_decoder import SlotDecoder
    from voicestream.workers.engines.xtts.decoding import SampledTokens
    from voicestream.workers.inference.kernel_launches import Gpu

pytestmark = [pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")]

WIDTH, TEXT_TOKENS, LONGEST_TEXT = 32, 60, 110
PARAMETERS = SamplingParameters(repetition_penalty=3.0, top_k=8)
CHUNKS = (2, 1, 1)
LENGTHS = (5, 19, 12, 3)


@pytest.fixture(scope="module")
def model() -> Any:
    """Coqui's own, tiny and loud."""
    return tiny_xtts.loud_gpt(width=WIDTH, text_tokens=TEXT_TOKENS, longest_text=LONGEST_TEXT, longest_audio=20)


def sentences(gpt: Gpt, lengths: Sequence[int]) -> list[Sentence]:
    """With voices, texts and seeds of their own."""
    found: list[Sentence] = []
    for number, length in enumerate(lengths):
        voice = torch.randn(1, VOICE_POSITIONS, WIDTH, generator=torch.Generator().manual_seed(number % 2))
        text = random.Random(number).choices(range(2, TEXT_TOKENS), k=length)
        found.append(Sentence(gpt.encode_voice(voice), text, number, 2 * (number % 3), sum(CHUNKS)))
    return found


def alone(decoder: SlotDecoder, sentence: Sentence) -> list[SampledTokens]:
    """The chunks of a sentence that has the decoder for itself."""
    slot = decoder.open(sentence)
    assert slot is not None
    while not decoder.is_prefilled(slot):
        decoder.prefill([slot])
    found: list[SampledTokens] = []
    for count in CHUNKS:
        found += chunks(decoder, [slot], count)
        if found[-1].tokens[-1] == decoder.stop_token:
            break
    decoder.free(slot)
    return found


def agree(found: list[SampledTokens], expected: list[SampledTokens]) -> None:
    assert [piece.tokens for piece in found] == [piece.tokens for piece in expected]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.latents, other.latents, rtol=1e-4, atol=1e-4)
        assert one.stop_probabilities == pytest.approx(other.stop_probabilities, rel=1e-3, abs=1e-6)


@pytest.fixture(scope="module")
def plain(model: Any) -> Gpt:
    return Gpt(model, linear.in_dtype(torch.float32), torch.float32)


def chunks(decoder: SlotDecoder, slots: Sequence[int], count: int) -> list[SampledTokens]:
    """The next chunk of each slot, one step at a time for all of them."""
    for slot in slots:
        decoder.begin(slot, count)
    while rows := [slot for slot in slots if decoder.remaining(slot)]:
        decoder.step(rows, 1)
    return decoder.take(slots)()


@torch.inference_mode()
def test_sentences_that_join_and_leave_get_the_tokens_they_get_alone(model: Any, plain: Gpt, gpu: Gpu) -> None:
    own = Gpt(model, linear.in_dtype(torch.float32), torch.float32, gpu)
    decoder = CapturedSlotDecoder(own, PARAMETERS, GraphPool(own.device), SlotSizes(8, 13, 2))
    reference = PlainSlotDecoder.eager(plain, PARAMETERS, 1)
    told = sentences(own, LENGTHS)
    expected = [alone(reference, sentence) for sentence in sentences(plain, LENGTHS)]
    slots = [slot for slot in map(decoder.open, told[:3]) if slot is not None]
    decoder.prefill(slots)
    assert all(map(decoder.is_prefilled, slots))
    found = [[one] for one in chunks(decoder, slots, CHUNKS[0])]
    # One leaves in the midst of a chunk, and another sentence takes its slot.
    decoder.begin(slots[0], CHUNKS[1])
    decoder.free(slots[0])
    late = decoder.open(told[3])
    assert late == slots[0]
    decoder.prefill([late])
    found[0] = chunks(decoder, [late], CHUNKS[0])
    for count in CHUNKS[1:]:
        for one, sampled in zip(found, chunks(decoder, slots, count), strict=True):
            one.append(sampled)
    for one, number in zip(found, (3, 1, 2), strict=True):
        agree(up_to_stop(one, decoder.stop_token), expected[number])
    assert len({token for one in expected for piece in one for token in piece.tokens}) > 5, "nothing is proved"


@torch.inference_mode()
def test_a_sentence_of_several_pages_gets_its_tokens_and_others_wait(model: Any, plain: Gpt, gpu: Gpu) -> None:
    """Its positions go over the end of a page."""
    own = Gpt(model, linear.in_dtype(torch.float32), torch.float32, gpu)
    decoder = CapturedSlotDecoder(own, PARAMETERS, GraphPool(own.device), SlotSizes(2, 3, 2))
    length = PAGE - VOICE_POSITIONS - 3
    long, other = sentences(own, (length, length))
    slot = decoder.open(long)
    assert slot is not None
    assert decoder.open(other) is None, "it would need more pages than are free"
    assert decoder.free_slots == 1
    decoder.free(slot)
    agree(alone(decoder, long), alone(PlainSlotDecoder.eager(plain, PARAMETERS, 1), sentences(plain, (length,))[0]))


def test_when_memory_is_short_there_are_fewer_slots_and_those_that_failed_are_freed(
    plain: Gpt, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    kept: weakref.WeakSet[Any] = weakref.WeakSet()

    class ShortOfMemory:
        prefill_rows, row_counts = 1, (1,)

        def __init__(self, _gpt: object, _parameters: object, _pool: object, sizes: SlotSizes) -> None:
            assert not kept, "its memory counts as used for the next sizes"
            kept.add(self)
            asked.append(sizes.slots)

        def capture(self) -> None:
            if asked[-1] > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(captured_decoder, "CapturedSlotDecoder", ShortOfMemory)
    found = computation._with_slots(plain, PARAMETERS, Any, GraphPool(plain.device), 8)
    assert asked == [8, 4, 2]
    assert isinstance(found.decoder, ShortOfMemory)


def up_to_stop(pieces: list[SampledTokens], stop: int) -> list[SampledTokens]:
    for number, piece in enumerate(pieces, start=1):
        if piece.tokens[-1] == stop:
            return pieces[:number]
    return pieces
