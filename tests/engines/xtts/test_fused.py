"""The recorded decoder of XTTS with kernels of our own, in Triton's interpreter: it draws what torch alone draws."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from helpers.fixtures.interpreted import skip_unless_interpreted
from helpers.fixtures.neural import skip_unless_voice_installed

skip_unless_interpreted()
skip_unless_voice_installed()

import torch

from helpers.models import tiny_xtts
from voicestream.workers.engines.xtts import linear
from voicestream.workers.engines.xtts.decoding import CapturedDecoder, EagerDecoder
from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS, Gpt, run_to_end
from voicestream.workers.engines.xtts.sampling import SamplingParameters
from voicestream.workers.inference import fused_step
from voicestream.workers.inference.cuda_graphs import GraphPool

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.xtts.decoding import AudioTokenDecoder, SampledTokens
    from voicestream.workers.inference.kernel_launches import Gpu

pytestmark = [
    pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning"),
]

WIDTH, TEXT_TOKENS, LONGEST_TEXT = 32, 60, 110
PARAMETERS = SamplingParameters(repetition_penalty=3.0)
FRAME = 2
"""Tokens around a text."""


@pytest.fixture(scope="module")
def model() -> Any:
    """Coqui's own, tiny and loud."""
    return tiny_xtts.loud_gpt(width=WIDTH, text_tokens=TEXT_TOKENS, longest_text=LONGEST_TEXT, longest_audio=40)


class Side:
    """A decoder, and the voice that it speaks with."""

    def __init__(self, gpt: Gpt, decoder: AudioTokenDecoder) -> None:
        self.gpt, self._decoder = gpt, decoder
        voice = torch.randn(1, VOICE_POSITIONS, WIDTH, generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            self._voice = gpt.encode_voice(voice)

    def draws(self, text: list[int], *counts: int, seed: int = 0) -> list[SampledTokens]:
        with torch.inference_mode():
            run_to_end(self._decoder.prefill(self._voice, text, seed, 40))
            return [run_to_end(self._decoder.sample(count)) for count in counts]


def plain_side(model: Any, numbers: torch.dtype = torch.float32) -> Side:
    gpt = Gpt(model, linear.in_dtype(numbers), numbers)
    return Side(gpt, EagerDecoder(gpt, PARAMETERS))


def own_side(model: Any, gpu: Gpu, numbers: torch.dtype = torch.float32) -> Side:
    gpt = Gpt(model, linear.in_dtype(numbers), numbers, gpu)
    return Side(gpt, CapturedDecoder(gpt, PARAMETERS, GraphPool(gpt.device)))


@pytest.fixture
def plain(model: Any) -> Side:
    return plain_side(model)


@pytest.fixture
def own(model: Any, gpu: Gpu) -> Side:
    return own_side(model, gpu)


def text_of(tokens: int) -> list[int]:
    return random.Random(tokens).choices(range(2, TEXT_TOKENS), k=tokens)


def agree(found: list[SampledTokens], expected: list[SampledTokens]) -> None:
    assert [piece.tokens for piece in found] == [piece.tokens for piece in expected]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.latents, other.latents, rtol=1e-5, atol=1e-5)
        assert one.stop_probabilities == pytest.approx(other.stop_probabilities, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("tokens", [24 - FRAME - 1, 24 - FRAME])
def test_what_is_drawn_is_what_torch_draws(own: Side, plain: Side, tokens: int) -> None:
    """Of a text that just fills the room for it, and of one that just does not."""
    found = own.draws(text_of(tokens), 2, 1)
    agree(found, plain.draws(text_of(tokens), 2, 1))
    drawn = [token for piece in found for token in piece.tokens]
    assert len(drawn) == 3
    assert len(set(drawn)) > 1, "a model that always says the same proves nothing"


def test_a_long_sentence_is_looked_at_in_parts(own: Side, plain: Side) -> None:
    """Its first audio token has so many positions behind it as are looked at together, its second one more."""
    text = text_of(128 - VOICE_POSITIONS - FRAME - 1)
    agree(own.draws(text, 3), plain.draws(text, 3))


def test_nothing_of_a_longer_sentence_is_heard_in_the_next(own: Side, plain: Side) -> None:
    for tokens, count in ((30, 3), (8, 2)):
        agree(own.draws(text_of(tokens), count, seed=tokens), plain.draws(text_of(tokens), count, seed=tokens))


def test_kernels_take_the_texts_and_the_steps(own: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[type] = []
    stream = fused_step.residual_stream

    def watch(gpu: Gpu, signal: Tensor) -> Any:
        found = stream(gpu, signal)
        kinds.append(type(found))
        return found

    monkeypatch.setattr(fused_step, "residual_stream", watch)
    own.draws(text_of(6), 2)
    assert kinds == [fused_step.LargeBatchStream, fused_step.SingleRowStream]


def test_half_the_digits_change_the_latents_little(model: Any, gpu: Gpu, plain: Side) -> None:
    (expected,), (found,) = plain.draws(text_of(6), 2), own_side(model, gpu, torch.float16).draws(text_of(6), 2)
    assert found.tokens == expected.tokens
    assert found.latents.dtype == torch.float32
    difference = (found.latents - expected.latents).norm() / expected.latents.norm()
    assert difference < 0.02
