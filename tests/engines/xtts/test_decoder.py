"""Our decoder and vocoder against coqui's own, on the same weights: tokens, latents, sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.models import tiny_xtts

skip_unless_voice_installed()

import torch

from voicestream.bench.gpu import baseline_coqui
from voicestream.workers.engines.xtts import linear
from voicestream.workers.engines.xtts.coqui.torchaudio_stand_in import mel_bands
from voicestream.workers.engines.xtts.decoding import CapturedDecoder, EagerDecoder, SampledTokens
from voicestream.workers.engines.xtts.gpt import Gpt, run_to_end
from voicestream.workers.engines.xtts.sampling import AudioVocabulary, Sampler, SamplingParameters
from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder
from voicestream.workers.inference.cuda_graphs import GraphPool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from voicestream.workers.engines.xtts.decoding import AudioTokenDecoder
    from voicestream.workers.engines.xtts.kv_cache import KvCache

TOKENS = 40
PENALTY = 5.0
GREEDY = SamplingParameters(top_k=1, repetition_penalty=PENALTY)
SAMPLED = SamplingParameters(temperature=0.75, top_k=50, top_p=0.85, repetition_penalty=PENALTY)

pytestmark = [
    pytest.mark.filterwarnings("ignore:`past_key_values` is deprecated:FutureWarning"),  # coqui's own code runs here
]


@pytest.fixture(scope="module")
def coqui(narrow_xtts_models: Path) -> Iterator[Any]:
    """Coqui's own model, loaded by its own code."""
    torch.set_num_threads(1)
    with baseline_coqui.load(narrow_xtts_models / tiny_xtts.NAME) as model:
        yield model


@pytest.fixture(scope="module")
def own(coqui: Any) -> Gpt:
    return Gpt(coqui.gpt, linear.in_dtype(torch.float32), torch.float32)


@pytest.fixture(scope="module")
def voice(coqui: Any) -> Tensor:
    return coqui.speaker_manager.speakers[tiny_xtts.SPEAKERS[0]]["gpt_cond_latent"]


@pytest.fixture(scope="module")
def speaker(coqui: Any) -> Tensor:
    return coqui.speaker_manager.speakers[tiny_xtts.SPEAKERS[0]]["speaker_embedding"]


def text_of(coqui: Any, language: str) -> list[int]:
    return coqui.tokenizer.encode(tiny_xtts.TEXTS[language], lang=language)


def decoders(gpt: Gpt, sampling: SamplingParameters) -> list[AudioTokenDecoder]:
    """Both kinds; what would be recorded on CUDA runs plainly here."""
    return [EagerDecoder(gpt, sampling), CapturedDecoder(gpt, sampling, GraphPool(gpt.device))]


def drawn(
    decoder: AudioTokenDecoder, voice: KvCache, text: list[int], *, seed: int = 0, least: int = TOKENS
) -> SampledTokens:
    """What a decoder draws in pieces of several sizes."""
    run_to_end(decoder.prefill(voice, text, seed, least))
    pieces: list[SampledTokens] = []
    for size in (8, 4, 4, 8, 8, 8):
        pieces.append(run_to_end(decoder.sample(size)))
        if pieces[-1].tokens[-1] == decoder.stop_token:
            break
    return SampledTokens(
        torch.cat([piece.latents for piece in pieces], 1),
        [token for piece in pieces for token in piece.tokens],
        [chance for piece in pieces for chance in piece.stop_probabilities],
    )


def followed(gpt: Gpt, voice: Tensor, text: list[int], tokens: list[int]) -> Tensor:
    """The latents of given tokens."""
    cache = gpt.empty_cache(32 + len(text) + 3 + len(tokens))
    latents = [run_to_end(gpt.prefill(cache, gpt.encode_voice(voice), text))]
    for number, token in enumerate(tokens[:-1]):
        latents.append(gpt.step(cache, torch.tensor([token]), torch.tensor([number])))
    return torch.cat(latents, 1)


def generated(coqui: Any, voice: Tensor, text: list[int]) -> list[int]:
    found = coqui.gpt.generate(
        voice,
        torch.tensor([text]),
        do_sample=False,
        num_beams=1,
        repetition_penalty=PENALTY,
        min_new_tokens=TOKENS,
        max_new_tokens=TOKENS,
    )
    return found[0].tolist()


def second_pass(coqui: Any, voice: Tensor, text: list[int], tokens: list[int]) -> Tensor:
    """The latents as coqui's ``inference`` computes them, all at once."""
    return coqui.gpt(
        torch.tensor([text]),
        torch.tensor([len(text)]),
        torch.tensor([tokens]),
        torch.tensor([len(tokens) * coqui.gpt.code_stride_len]),
        cond_latents=voice,
        return_latent=True,
    )


@pytest.mark.parametrize("language", ["en", "ja", "hi"])
def test_the_tokens_are_those_of_coqui(coqui: Any, own: Gpt, voice: Tensor, language: str) -> None:
    text = text_of(coqui, language)
    expected = generated(coqui, voice, text)
    for decoder in decoders(own, GREEDY):
        found = drawn(decoder, own.encode_voice(voice), text).tokens
        assert found == expected
    assert len(set(expected)) > TOKENS // 2, "a model that always says the same proves nothing"


def test_the_latents_are_those_of_coqui(coqui: Any, own: Gpt, voice: Tensor) -> None:
    text = text_of(coqui, "en")
    for decoder in decoders(own, GREEDY):
        found = drawn(decoder, own.encode_voice(voice), text)
        expected = second_pass(coqui, voice, text, found.tokens)
        assert found.latents.shape == expected.shape
        assert torch.allclose(found.latents, expected, atol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_a_step_that_can_be_recorded_draws_the_same(coqui: Any, own: Gpt, voice: Tensor, seed: int) -> None:
    """Nothing in it depends on how far the sentence is, and what it has drawn after the end is dropped."""
    read, text = own.encode_voice(voice), text_of(coqui, "de")
    plain, recorded = (drawn(decoder, read, text, seed=seed, least=3) for decoder in decoders(own, SAMPLED))
    assert plain.tokens == recorded.tokens
    assert plain.tokens.count(own.vocabulary.stop) <= 1
    assert torch.allclose(plain.latents, recorded.latents, atol=1e-5)
    assert plain.stop_probabilities == pytest.approx(recorded.stop_probabilities, abs=1e-5)


def test_a_sentence_leaves_nothing_in_the_next_one(coqui: Any, own: Gpt, voice: Tensor) -> None:
    read = own.encode_voice(voice)
    for decoder in decoders(own, SAMPLED):
        first = drawn(decoder, read, text_of(coqui, "en"), seed=1)
        drawn(decoder, read, text_of(coqui, "ja"), seed=2)
        assert drawn(decoder, read, text_of(coqui, "en"), seed=1).tokens == first.tokens


def test_a_voice_that_was_read_serves_many_sentences(coqui: Any, own: Gpt, voice: Tensor) -> None:
    read = own.encode_voice(voice)
    texts = [text_of(coqui, language) for language in ("en", "de")]
    first = [run_to_end(own.prefill(own.empty_cache(200), read, text)) for text in texts]
    again = [run_to_end(own.prefill(own.empty_cache(200), own.encode_voice(voice), text)) for text in texts]
    assert [one.tolist() for one in first] == [one.tolist() for one in again]


def test_weights_of_eight_bits_change_little(coqui: Any, own: Gpt, voice: Tensor) -> None:
    text = text_of(coqui, "en")
    tokens = torch.randint(0, 1024, (TOKENS,), generator=torch.Generator().manual_seed(0)).tolist()
    exact = followed(own, voice, text, tokens)
    rounded = followed(Gpt(coqui.gpt, linear.int8, torch.bfloat16), voice, text, tokens)
    difference = ((rounded - exact).norm() / exact.norm()).item()
    assert 0 < difference < 0.02


@pytest.mark.parametrize("said", [[], [7, 300, 7, 1000]])
@pytest.mark.parametrize("may_stop", [True, False])
def test_the_draw_has_the_chances_of_transformers(said: list[int], may_stop: bool) -> None:  # noqa: FBT001
    """Which tokens are in it, and how likely each is, penalty, temperature, top-k and top-p in transformers' order."""
    from transformers import (
        MinNewTokensLengthLogitsProcessor,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    start, stop = 1024, 1025
    vocabulary = AudioVocabulary(size=1026, start=start, stop=stop, max_tokens=10)
    sampler = Sampler(SAMPLED, vocabulary, torch.device("cpu"))
    sampler.reset(0, 0 if may_stop else len(said) + 1)
    scores = torch.randn(1026, generator=torch.Generator().manual_seed(1)) * 3
    scores[[stop, 7, 300]] = torch.tensor([9.0, 8.0, 7.0])
    for number, token in enumerate(said):
        only = torch.full((1026,), -50.0)
        only[token] = 50.0
        assert sampler.sample(only, torch.tensor([number]))[0].tolist() == [token]
    ids = torch.tensor([[1, 1, start, *said]])
    expected = RepetitionPenaltyLogitsProcessor(PENALTY)(ids, scores[None].clone())
    least = len(said) + (0 if may_stop else 1)
    expected = MinNewTokensLengthLogitsProcessor(3, least, stop)(ids, expected)
    for warper in (TemperatureLogitsWarper(0.75), TopKLogitsWarper(50), TopPLogitsWarper(0.85)):
        expected = warper(ids, expected)
    weights, tokens = sampler.filtered_probabilities(scores.clone(), torch.tensor([len(said)]))
    found = torch.zeros(1026).scatter(0, tokens, weights / weights.sum())
    assert torch.allclose(found, torch.softmax(expected[0], 0), atol=1e-6)
    assert bool(found[stop]) == may_stop


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    scores = torch.full((1026,), -100.0)
    scores[:4] = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()
    sampling = SamplingParameters(temperature=1.0, top_k=50, top_p=1.0, repetition_penalty=1.0)
    draws = 4000
    sampler = Sampler(
        sampling, AudioVocabulary(size=1026, start=1024, stop=1025, max_tokens=draws), torch.device("cpu")
    )
    sampler.reset(3, 0)
    counted = torch.zeros(4)
    for number in range(draws):
        counted[sampler.sample(scores, torch.tensor([number]))[0]] += 1
    assert torch.allclose(counted / draws, torch.tensor([0.4, 0.3, 0.2, 0.1]), atol=0.03)


@pytest.mark.parametrize("speed", [1.0, 0.75, 1.4])
def test_the_streamed_sound_is_that_of_one_full_decode(coqui: Any, speaker: Tensor, speed: float) -> None:
    latents = torch.randn(1, 24, 64, generator=torch.Generator().manual_seed(0))
    stretched = latents
    if speed != 1.0:
        stretched = torch.nn.functional.interpolate(latents.transpose(1, 2), scale_factor=[1 / speed], mode="linear")
        stretched = stretched.transpose(1, 2)
    expected = coqui.hifigan_decoder(stretched, g=speaker)[0, 0]
    assert expected.abs().max() > 0.05, "silence proves nothing"
    vocoder = StreamingVocoder(coqui.hifigan_decoder, torch.float32)
    for sizes in ([24], [8, 4, 4, 8], [1] * 24):
        stream = vocoder.stream(speaker, speed)
        cut = torch.split(latents, sizes, 1)
        parts = [stream.feed(piece, last=number == len(sizes)) for number, piece in enumerate(cut, start=1)]
        found = torch.cat(parts)
        assert found.shape == expected.shape, sizes
        assert torch.allclose(found, expected, atol=1e-5), sizes


def test_half_the_digits_change_the_sound_little(coqui: Any, speaker: Tensor) -> None:
    import copy

    latents = torch.randn(1, 12, 64, generator=torch.Generator().manual_seed(0))
    expected = coqui.hifigan_decoder(latents, g=speaker)[0, 0]
    rounded = (
        StreamingVocoder(copy.deepcopy(coqui.hifigan_decoder), torch.bfloat16).stream(speaker).feed(latents, last=True)
    )
    assert ((rounded - expected).norm() / expected.norm()).item() < 0.05


@pytest.mark.usefixtures("coqui")  # it has imported librosa, which takes long
@pytest.mark.parametrize("norm", [None, "slaney"])
def test_mel_bands_are_those_of_librosa(norm: str | None) -> None:
    import librosa

    expected = librosa.filters.mel(sr=22_050, n_fft=2048, n_mels=80, fmin=0, fmax=8000, htk=True, norm=norm)
    found = mel_bands(1025, 22_050, (0.0, 8000.0), 80, weigh=norm == "slaney")
    assert np.allclose(found.numpy().T, expected, atol=1e-4 * expected.max())
