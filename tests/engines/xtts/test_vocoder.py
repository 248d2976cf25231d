"""The vocoder in windows, each of them as a whole, makes what the streaming one and coqui's make."""

from __future__ import annotations

import copy
import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.fixtures.neural import skip_unless_voice_installed
from helpers.kernels import small_vocoder
from helpers.kernels.plain_kernels import PlainKernels

skip_unless_voice_installed()

import numpy as np
import torch

from voicestream.workers.engines.xtts.synthesis import CHUNK_TOKENS, FIRST_CHUNKS
from voicestream.workers.engines.xtts.vocoder import row_counts
from voicestream.workers.engines.xtts.vocoder.cuda_graphs import WINDOW_FRAMES, CapturedVocoder
from voicestream.workers.engines.xtts.vocoder.fused import FusedNetwork
from voicestream.workers.engines.xtts.vocoder.hifi_gan import HifiGan
from voicestream.workers.engines.xtts.vocoder.network import TorchNetwork
from voicestream.workers.engines.xtts.vocoder.row_counts import BATCH
from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder
from voicestream.workers.inference import cuda_graphs
from voicestream.workers.inference.cuda_graphs import GraphPool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from voicestream.workers.engines.xtts.vocoder.cuda_graphs import CapturedVocoderStream
    from voicestream.workers.engines.xtts.vocoder.network import Network
    from voicestream.workers.engines.xtts.vocoder.streaming import VocoderStream

USUAL = (*FIRST_CHUNKS, CHUNK_TOKENS, CHUNK_TOKENS, 5)
"""Tokens of the pieces of a sentence."""

NETWORKS: dict[str, Callable[[HifiGan, torch.dtype], Network]] = {
    "channels last": TorchNetwork,
    "channels first": partial(TorchNetwork, channels_last=False),
    "few kernels": partial(FusedNetwork, kernels=PlainKernels()),
}

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def coqui() -> Any:
    torch.set_num_threads(1)
    return small_vocoder.build()


@pytest.fixture(scope="module")
def speaker() -> Tensor:
    return small_vocoder.speakers(1)[0]


@pytest.fixture(scope="module")
def streaming(coqui: Any) -> StreamingVocoder:
    return StreamingVocoder(coqui, torch.float32)


@pytest.fixture(scope="module")
def recorded(coqui: Any) -> CapturedVocoder:
    return CapturedVocoder(coqui, torch.float32, GraphPool(CPU))


def latents(tokens: int) -> Tensor:
    return torch.randn(1, tokens, small_vocoder.LATENT, generator=torch.Generator().manual_seed(tokens))


def fed(stream: VocoderStream | CapturedVocoderStream, sizes: Sequence[int]) -> list[Tensor]:
    """What a stream makes of pieces of so many tokens."""
    cut = torch.split(latents(sum(sizes)), list(sizes), 1)
    return [stream.feed(piece, last=number == len(sizes)) for number, piece in enumerate(cut, start=1)]


def agree(found: Tensor, expected: Tensor) -> None:
    assert found.dtype == expected.dtype == torch.float32
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-6)


@settings(max_examples=16)
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=5).filter(sum),
    st.sampled_from([1.0, 0.5, 0.75, 1.4, 2.0]),
)
@example([1], 1.0)
@example([1, 0], 2.0)
@example([8, 0], 1.0)
@example([4, 0], 1.4)
@example([9], 1.0)
@example([32], 0.5)
@example([1] * 12, 1.0)
def test_each_piece_is_that_of_the_streaming_vocoder(
    streaming: StreamingVocoder, recorded: CapturedVocoder, speaker: Tensor, sizes: list[int], speed: float
) -> None:
    """And so as long as it: whatever the pieces, and however short the sentence."""
    expected = fed(streaming.stream(speaker, speed), sizes)
    for found, piece in zip(fed(recorded.stream(speaker, speed), sizes), expected, strict=True):
        agree(found, piece)


@pytest.mark.parametrize("network", [*NETWORKS.values()], ids=[*NETWORKS])
@pytest.mark.parametrize("speed", [1.0, 0.75, 1.4])
def test_the_pieces_joined_are_one_full_decode_of_coqui(
    coqui: Any, speaker: Tensor, speed: float, network: Callable[[HifiGan, torch.dtype], Network]
) -> None:
    stretched = latents(sum(USUAL))
    if speed != 1.0:
        stretched = torch.nn.functional.interpolate(stretched.transpose(1, 2), scale_factor=[1 / speed], mode="linear")
        stretched = stretched.transpose(1, 2)
    expected = coqui(stretched, g=speaker)[0, 0]
    vocoder = CapturedVocoder(coqui, torch.float32, GraphPool(CPU), network=network)
    agree(torch.cat(fed(vocoder.stream(speaker, speed), USUAL)), expected)
    assert 0.1 < expected.std() < 0.9, "silence proves nothing, nor does what is cut off"


def test_few_kernels_take_a_window(coqui: Any, speaker: Tensor) -> None:
    layers, kernels = HifiGan(coqui.waveform_decoder), PlainKernels()
    network = FusedNetwork(layers, torch.float32, kernels)
    network(torch.zeros(1, 32, small_vocoder.LATENT), layers.speaker_bias.bias_for(speaker)[None])
    assert kernels.launches == 30


def test_a_frame_is_heard_as_far_as_it_is_said_to_reach(coqui: Any) -> None:
    """In a silence without any biases, in which the little that is left there is still seen."""
    generator = copy.deepcopy(coqui.waveform_decoder)
    for name, weight in generator.named_parameters():
        if name.endswith("bias"):
            weight.zero_()
    layers = HifiGan(generator)
    frames = torch.zeros(40, small_vocoder.LATENT, dtype=torch.float64)
    frames[20] = 1.0
    shifts = torch.zeros(sum(layers.speaker_bias.widths), dtype=torch.float64)
    heard = TorchNetwork(layers, torch.float64)(frames[None], shifts[None])[0].nonzero()[:, 0].tolist()
    assert heard[0] == 20 * layers.hop - layers.receptive_field
    assert heard[-1] == 21 * layers.hop + layers.receptive_field - 1
    assert (layers.hop, layers.receptive_field) == (256, 3258)


def test_sentences_in_two_voices_may_take_turns(streaming: StreamingVocoder, recorded: CapturedVocoder) -> None:
    speakers = small_vocoder.speakers(2)
    expected = [torch.cat(fed(streaming.stream(speaker), USUAL)) for speaker in speakers]
    assert (expected[0] - expected[1]).norm() > 0.1 * expected[0].norm(), "voices that are alike prove nothing"
    streams = [recorded.stream(speaker) for speaker in speakers]
    parts: list[list[Tensor]] = [[], []]
    pieces = torch.split(latents(sum(USUAL)), list(USUAL), 1)
    for number, piece in enumerate(pieces, start=1):
        for stream, found in zip(streams, parts, strict=True):
            found.append(stream.feed(piece, last=number == len(USUAL)))
    for found, whole in zip(parts, expected, strict=True):
        agree(torch.cat(found), whole)


def test_half_the_digits_change_the_sound_little(coqui: Any, streaming: StreamingVocoder, speaker: Tensor) -> None:
    expected = torch.cat(fed(streaming.stream(speaker), USUAL))
    rounded = CapturedVocoder(coqui, torch.bfloat16, GraphPool(CPU)).stream(speaker)
    assert ((torch.cat(fed(rounded, USUAL)) - expected).norm() / expected.norm()).item() < 0.05


class Graph:
    """Stands in for a recording: what was done while it was recorded is done again."""

    replays = 0

    def __init__(self, step: Callable[[], None]) -> None:
        self.step = step

    def replay(self) -> None:
        Graph.replays += 1
        self.step()


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> GraphPool:
    """The pool of a device of which torch says that it can record; it is the processor."""
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(torch.cuda, "device", lambda _: pytest.MonkeyPatch.context())
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 0)
    monkeypatch.setattr(cuda_graphs, "_capture_graph", lambda step, _pool: Graph(step))
    monkeypatch.setattr(cuda_graphs, "_warm_up", lambda step: step())
    monkeypatch.setattr(Graph, "replays", 0)
    return GraphPool(torch.device("cuda:0"))


@pytest.mark.parametrize("speed", [1.0, 0.8, 1.4])
def test_each_piece_of_a_sentence_is_one_replay(coqui: Any, speaker: Tensor, gpu: GraphPool, speed: float) -> None:
    vocoder = CapturedVocoder(coqui, torch.float32, gpu)
    vocoder.capture()
    sizes: list[int] = []

    def counted(network: TorchNetwork, frames: Tensor, shifts: Tensor) -> Tensor:
        sizes.append(frames.shape[1])
        return own(network, frames, shifts)

    own = TorchNetwork.__call__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TorchNetwork, "__call__", counted)
        parts = fed(vocoder.stream(speaker, speed), USUAL)
    assert Graph.replays == len(sizes) == len(USUAL)
    assert set(sizes) <= set(WINDOW_FRAMES)
    expected = fed(CapturedVocoder(coqui, torch.float32, GraphPool(CPU)).stream(speaker, speed), USUAL)
    agree(torch.cat(parts), torch.cat(expected))


def test_where_there_is_no_memory_to_record_that_is_said(
    coqui: Any, gpu: GraphPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    vocoder = CapturedVocoder(coqui, torch.float32, gpu)
    monkeypatch.setattr(TorchNetwork, "__call__", full)
    with pytest.raises(RuntimeError, match="out of memory"):
        vocoder.capture()


def test_a_piece_does_not_change_once_it_was_given(recorded: CapturedVocoder, speaker: Tensor) -> None:
    """What a window sounds like stands where that of the next one will stand."""
    stream = recorded.stream(speaker)
    pieces = torch.split(latents(32), 8, 1)
    made = [stream.feed(piece, last=False) for piece in pieces[:2]]
    kept = [piece.clone() for piece in made]
    for piece in pieces[2:]:
        stream.feed(piece, last=False)
    for now, then in itertools.zip_longest(made, kept):
        assert torch.equal(now, then)


class Sentence(NamedTuple):
    """A stream of a batch, with its pieces."""

    speaker: Tensor
    speed: float
    pieces: list[Tensor]

    def alone(self, vocoder: StreamingVocoder | CapturedVocoder) -> list[Tensor]:
        stream = vocoder.stream(self.speaker, self.speed)
        return [stream.feed(piece[None], last=piece is self.pieces[-1]) for piece in self.pieces]


def sentences(*sizes: Sequence[int]) -> list[Sentence]:
    """Sentences in different voices and, in part, at different speeds."""
    speeds = [1.0, 1.0, 0.75, 1.4, 1.0, 2.0]
    return [
        Sentence(speaker, speed, list(torch.split(latents(sum(pieces))[0], list(pieces))))
        for speaker, speed, pieces in zip(
            small_vocoder.speakers(len(sizes)), itertools.cycle(speeds), sizes, strict=False
        )
    ]


def together(vocoder: Any, batch: Sequence[Sentence]) -> list[list[Tensor]]:
    """The pieces of each sentence, computed with those of the others; each sentence begins one piece later."""
    streams = [vocoder.stream(each.speaker, each.speed) for each in batch]
    found: list[list[Tensor]] = [[] for _ in batch]
    for turn in range(sum(len(each.pieces) for each in batch)):
        running = [
            (number, turn - number) for number, each in enumerate(batch) if 0 <= turn - number < len(each.pieces)
        ]
        pieces = [(streams[number], batch[number].pieces[place]) for number, place in running]
        made = vocoder.compute(
            [
                (stream, piece, place == len(batch[number].pieces) - 1)
                for (number, place), (stream, piece) in zip(running, pieces, strict=True)
            ]
        )
        for (number, _), samples in zip(running, made, strict=True):
            assert samples.dtype == np.float32
            found[number].append(torch.from_numpy(samples))
    return found


MANY = sentences(USUAL, (10, 4, 4, 2), (3,), (9, 4), (1, 0, 12))


@pytest.mark.parametrize("network", [NETWORKS["channels last"], NETWORKS["few kernels"]], ids=["torch", "few kernels"])
def test_a_sentence_sounds_alike_alone_and_among_others(
    coqui: Any, streaming: StreamingVocoder, network: Callable[[HifiGan, torch.dtype], Network]
) -> None:
    vocoder = CapturedVocoder(coqui, torch.float32, GraphPool(CPU), rows=BATCH, network=network)
    for found, each in zip(together(vocoder, MANY), MANY, strict=True):
        for piece, expected in zip(found, each.alone(streaming), strict=True):
            agree(piece, expected)


def test_on_a_processor_a_sentence_is_the_same_alone_and_among_others(streaming: StreamingVocoder) -> None:
    batch = MANY[1:3]
    for found, each in zip(together(streaming, batch), batch, strict=True):
        for piece, expected in zip(found, each.alone(streaming), strict=True):
            assert torch.equal(piece, expected)


def test_windows_of_one_size_share_a_replay(
    coqui: Any, speaker: Tensor, gpu: GraphPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    vocoder = CapturedVocoder(coqui, torch.float32, gpu, sizes=(48, 96), rows=(1, 2, 4))
    vocoder.capture()
    shapes: list[tuple[int, ...]] = []

    def silent(_: TorchNetwork, frames: Tensor, shifts: Tensor) -> Tensor:
        assert len(frames) == len(shifts)
        shapes.append(frames.shape[:2])
        return frames.new_zeros(len(frames), frames.shape[1] * vocoder.windows.hop)

    monkeypatch.setattr(TorchNetwork, "__call__", silent)
    streams = [vocoder.stream(speaker, speed) for speed in (1.0, 0.5, *[1.0] * 6)]
    made = vocoder.compute([(stream, latents(10)[0], False) for stream in streams])
    assert shapes == [(4, 48), (4, 48), (1, 96)], "seven, in the second replay with an unused row, and a slow one"
    assert Graph.replays == 3
    assert len(made[1]) > 2 * len(made[0])


def test_where_memory_is_short_a_replay_has_fewer_rows(
    coqui: Any, gpu: GraphPool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def at_most_two(network: TorchNetwork, frames: Tensor, shifts: Tensor) -> Tensor:
        if len(frames) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return own(network, frames, shifts)

    own = TorchNetwork.__call__
    vocoder = CapturedVocoder(coqui, torch.float32, gpu, sizes=(32, 48), rows=(1, 2, 4))
    with monkeypatch.context() as patch:
        patch.setattr(TorchNetwork, "__call__", at_most_two)
        vocoder.capture()
        batch = sentences(*[(10, 4)] * 3)
        for found, each in zip(together(vocoder, batch), batch, strict=True):
            agree(torch.cat(found), torch.cat(each.alone(vocoder)))
    assert "out of memory for 4 windows of 48 frames" in caplog.text


@given(st.integers(1, 200), st.sets(st.sampled_from(BATCH)).map(lambda found: (1, *sorted(found - {1}))))
def test_replays_have_room_for_all_windows_and_little_more(windows: int, counts: tuple[int, ...]) -> None:
    found = row_counts.split(windows, counts)
    assert set(found) <= set(counts)
    assert sum(found[:-1]) < windows <= sum(found) <= windows + found[-1] // 4
