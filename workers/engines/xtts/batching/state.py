"""State of the slots of a captured decoder on the device, and the launch of the sampling kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.engines.xtts.batching import kernels
from voicestream.workers.engines.xtts.batching.sizing import Footprint
from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS
from voicestream.workers.engines.xtts.sampling import PREFIX_TOKEN
from voicestream.workers.inference.slots.launches import SlotCache, empty_cache
from voicestream.workers.inference.slots.sizes import PAGE, pages_for
from voicestream.workers.inference.tile_config import round_up

if TYPE_CHECKING:
    from torch import Tensor

    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.sampling import SamplingParameters
    from voicestream.workers.inference.slots.sizes import SlotSizes

RING: Final = 32
"""Tokens whose latents are kept; a chunk is taken before the next one of its slot begins."""

_SAMPLE_WARPS: Final = 4


@dataclass(frozen=True)
class SlotState:
    """State of all slots; the last one is that of padding rows."""

    cache: SlotCache
    min_tokens: Tensor
    """(slots,)."""
    generated: Tensor
    """Tokens to which the repetition penalty applies, (slots, tokens), int8."""
    initially_generated: Tensor
    """The same at the beginning of a sentence, (tokens,)."""
    noise: Tensor
    """(slots, most tokens of a sentence, candidates)."""
    sampled: Tensor
    """The newest tokens and stop probabilities, (slots, ``RING``, 2), float32."""
    latents: Tensor
    """Latents that they were sampled from, (slots, ``RING``, width)."""

    @property
    def padding(self) -> int:
        """Slot of padding rows."""
        return len(self.min_tokens) - 1


def footprint(gpt: Gpt, parameters: SamplingParameters) -> Footprint:
    """Return the memory of the state."""
    vocabulary = gpt.vocabulary
    layers, heads, head_dim = gpt.cache_shape
    floats = vocabulary.max_tokens * min(parameters.top_k, vocabulary.size) + RING * (gpt.width + 2)
    return Footprint(
        slot_bytes=4 * floats + vocabulary.size,
        page_bytes=layers * 2 * heads * PAGE * head_dim * gpt.dtype.itemsize,
        longest=pages_for(gpt.max_positions(VOICE_POSITIONS, gpt.max_text_tokens)),
    )


def empty_state(gpt: Gpt, parameters: SamplingParameters, sizes: SlotSizes) -> SlotState:
    """Allocate the state.

    Raises:
        RuntimeError: out of memory.
    """
    vocabulary, device, slots = gpt.vocabulary, gpt.device, sizes.slots + 1
    initially = torch.zeros(vocabulary.size, dtype=torch.int8)
    initially[PREFIX_TOKEN] = initially[vocabulary.start] = 1
    return SlotState(
        cache=empty_cache(device, gpt.dtype, shape=gpt.cache_shape, sizes=sizes),
        min_tokens=torch.zeros(slots, dtype=torch.long, device=device),
        generated=torch.zeros(slots, vocabulary.size, dtype=torch.int8, device=device),
        initially_generated=initially.to(device),
        noise=torch.ones(slots, vocabulary.max_tokens, min(parameters.top_k, vocabulary.size), device=device),
        sampled=torch.zeros(slots, RING, 2, device=device),
        latents=torch.zeros(slots, RING, gpt.width, device=device),
    )


def sample(
    state: SlotState, gpt: Gpt, parameters: SamplingParameters, slots: Tensor, latents: Tensor, *, advance: bool
) -> None:
    """Sample the next token of each slot from its latent, as ``Sampler`` does, and store it in the state.

    Args:
        state: changed in place.
        gpt: of the logits.
        parameters: of the sampling.
        slots: slot of each row, (rows,).
        latents: (rows, width), float32.
        advance: False: the token is the first one of a sentence.
    """
    vocabulary, cache = gpt.vocabulary, state.cache
    top_k = state.noise.shape[2]
    kernels.sample[(len(slots),)](
        gpt.slot_logits(latents),
        latents,
        slots,
        cache.tokens,
        cache.indices,
        cache.positions,
        state.min_tokens,
        state.generated,
        state.noise,
        state.sampled,
        state.latents,
        state.padding,
        vocabulary.size,
        gpt.width,
        vocabulary.max_tokens,
        top_k,
        vocabulary.stop,
        parameters.temperature,
        parameters.top_p,
        parameters.repetition_penalty,
        VOCABULARY=round_up(vocabulary.size),
        TOP_K=round_up(top_k),
        WIDTH=round_up(gpt.width),
        RING=RING,
        ADVANCE=advance,
        num_warps=_SAMPLE_WARPS,
    )
