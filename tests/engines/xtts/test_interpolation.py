"""What frames are made of, said at once, is what layers make of latents that come piece by piece."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.fixtures.neural import skip_unless_installed

skip_unless_installed(("torch",))

import torch

from voicestream.workers.engines.xtts.vocoder.interpolation import InterpolationChain
from voicestream.workers.engines.xtts.vocoder.streaming_layers import Chain, Interpolation

XTTS = [4.0, 24_000 / 22_050]

chains = st.one_of(
    st.just(XTTS),
    st.floats(0.4, 2.5).map(lambda slower: [slower, *XTTS]),
    st.lists(st.floats(0.4, 5.0), min_size=1, max_size=3),
)


@settings(max_examples=300)
@given(chains, st.lists(st.integers(0, 9), min_size=1, max_size=6), st.data())
@example([2.0, *XTTS], [1], None)
@example(XTTS, [8, 4, 4, 8, 1], None)
def test_any_frames_are_those_of_the_layers(factors: list[float], sizes: list[int], data: st.DataObject | None) -> None:
    layers, stretching = Chain([Interpolation(factor) for factor in factors]), InterpolationChain(tuple(factors))
    # A latent for each place: then what comes out are the weights.
    pieces = torch.split(torch.eye(sum(sizes))[None], sizes, 2)
    made, there = torch.zeros(1, sum(sizes), 0), 0
    for number, piece in enumerate(pieces, start=1):
        there, is_last = there + piece.shape[2], number == len(sizes)
        if there == 0:
            assert stretching.frames(there, last=is_last) == 0
            continue
        made = torch.cat([made, layers.feed(piece, last=is_last)], 2)
        assert stretching.frames(there, last=is_last) == made.shape[2]
        begin = 0 if data is None else data.draw(st.integers(0, made.shape[2]))
        if begin == made.shape[2]:
            continue
        end = made.shape[2] if data is None else data.draw(st.integers(begin + 1, made.shape[2]))
        found = stretching.weights(begin, end, there, last=is_last)
        whole = np.zeros((end - begin, sum(sizes)), np.float32)
        whole[:, found.first : found.first + found.matrix.shape[1]] = found.matrix
        assert np.allclose(whole, made[0, :, begin:end].t().numpy(), atol=1e-6)


def test_a_window_needs_few_latents() -> None:
    """So it has places for no more of them."""
    for begin in range(100, 160):
        assert (
            InterpolationChain(tuple(XTTS)).weights(begin, begin + 64, 200, last=False).matrix.shape[1]
            <= math.ceil(64 / 4.35) + 3
        )
