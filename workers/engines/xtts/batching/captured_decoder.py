"""Decoder with slots on an NVIDIA GPU: a CUDA graph for each row count, with Triton kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.engines.xtts.batching import state as slot_state
from voicestream.workers.engines.xtts.batching.prefill import CapturedPrefill, PrefillRow
from voicestream.workers.engines.xtts.decoding import SampledTokens
from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS
from voicestream.workers.inference.cuda_graphs import CapturedStep
from voicestream.workers.inference.slots.row_tiles import ROW_COUNTS
from voicestream.workers.inference.slots.sizes import pages_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from voicestream.workers.engines.xtts.batching.slot_decoder import Sentence
    from voicestream.workers.engines.xtts.batching.state import SlotState
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.sampling import SamplingParameters
    from voicestream.workers.inference.cuda_graphs import GraphPool
    from voicestream.workers.inference.slots.sizes import SlotSizes


@dataclass
class _Slot:
    """Sentence in a slot."""

    sentence: Sentence
    pages: list[int]
    sampled: int = 0
    """Tokens that were sampled, or will have been once the device has made the steps."""
    returned: int = 0
    end: int = 0
    """Tokens at the end of the chunk."""


class CapturedSlotDecoder:
    """``SlotDecoder`` whose steps are captured; the device is not waited for before ``take``.

    Tokens after a stop token in the same chunk are dropped.
    """

    def __init__(self, gpt: Gpt, parameters: SamplingParameters, pool: GraphPool, sizes: SlotSizes) -> None:
        """Allocate the state.

        Args:
            gpt: with Triton kernels.
            parameters: of the sampling.
            pool: memory of the CUDA graphs.
            sizes: numbers of slots and pages.

        Raises:
            RuntimeError: out of memory.
        """
        self._gpt = gpt
        self.stop_token: Final = gpt.vocabulary.stop
        self.slots: Final = sizes.slots
        self._state = slot_state.empty_state(gpt, parameters, sizes)
        self._free = list(range(sizes.slots - 1, -1, -1))
        self._free_pages = list(range(sizes.pages, 0, -1))
        self._open: dict[int, _Slot] = {}
        self._prefill = CapturedPrefill(gpt, parameters, self._state, pool)
        self.prefill_rows: Final = self._prefill.row_counts[-1]
        """Most texts of one captured prefill."""
        counts = [count for count in ROW_COUNTS if count < sizes.slots]
        self.row_counts: Final = (*counts, sizes.slots)
        """Row counts of the captured steps, ascending."""
        self._steps = {count: _RowStep(gpt, parameters, self._state, count, pool) for count in self.row_counts}

    def capture(self) -> None:
        """Capture all steps; the contents of the state are lost.

        Raises:
            RuntimeError: out of memory.
        """
        self._prefill.capture()
        for step in self._steps.values():
            step.captured.capture()

    @property
    def free_slots(self) -> int:
        """See ``SlotDecoder``."""
        return len(self._free)

    def open(self, sentence: Sentence) -> int | None:
        """See ``SlotDecoder``."""
        needed = pages_for(_first_position(sentence) + sentence.token_limit)
        if needed > len(self._free_pages):
            return None
        slot = self._free.pop()
        self._open[slot] = _Slot(sentence, [self._free_pages.pop() for _ in range(needed)])
        return slot

    def prefill(self, slots: Sequence[int]) -> None:
        """See ``SlotDecoder``."""
        rows: list[PrefillRow] = []
        for slot in slots:
            opened = self._open[slot]
            rows.append(PrefillRow(slot, opened.sentence, opened.pages, _first_position(opened.sentence)))
            opened.sampled = 1
        self._prefill(rows)

    def is_prefilled(self, slot: int) -> bool:
        """See ``SlotDecoder``."""
        return self._open[slot].sampled > 0

    def begin(self, slot: int, count: int) -> None:
        """See ``SlotDecoder``."""
        opened = self._open[slot]
        opened.end = opened.returned + count

    def remaining(self, slot: int) -> int:
        """See ``SlotDecoder``."""
        opened = self._open[slot]
        return opened.end - opened.sampled

    def step(self, slots: Sequence[int], count: int) -> None:
        """See ``SlotDecoder``."""
        step = self._steps[next(rows for rows in self.row_counts if rows >= len(slots))]
        step.choose(slots)
        for _ in range(count):
            step.captured()
        for slot in slots:
            self._open[slot].sampled += count

    def take(self, slots: Sequence[int]) -> Callable[[], list[SampledTokens]]:
        """See ``SlotDecoder``."""
        sampled = self._state.sampled
        rows = torch.tensor(slots).to(sampled.device, non_blocking=True)
        is_cuda = sampled.device.type == "cuda"
        copy = torch.empty((len(slots), *sampled.shape[1:]), pin_memory=is_cuda)
        copy.copy_(sampled.index_select(0, rows), non_blocking=is_cuda)
        copied = torch.cuda.Event() if is_cuda else None
        if copied is not None:
            copied.record()

        def read() -> list[SampledTokens]:
            if copied is not None:
                copied.synchronize()
            return [self._chunk(slot, ring) for slot, ring in zip(slots, copy.numpy(), strict=True)]

        return read

    def _chunk(self, slot: int, ring: NDArray[np.float32]) -> SampledTokens:
        """Return the chunk of a slot, given its newest tokens and stop probabilities."""
        opened = self._open[slot]
        places = [index % slot_state.RING for index in range(opened.returned, opened.end)]
        tokens = [int(ring[place, 0]) for place in places]
        if self.stop_token in tokens:
            del tokens[tokens.index(self.stop_token) + 1 :]
        del places[len(tokens) :]
        opened.returned = opened.end
        probabilities = [float(ring[place, 1]) for place in places]
        return SampledTokens(_latents(self._state, slot, places), tokens, probabilities)

    def free(self, slot: int) -> None:
        """See ``SlotDecoder``."""
        self._free_pages += self._open.pop(slot).pages
        self._free.append(slot)


class _RowStep:
    """Captured step of a row count."""

    def __init__(self, gpt: Gpt, parameters: SamplingParameters, state: SlotState, count: int, pool: GraphPool) -> None:
        self._padding = state.padding
        self._rows = torch.full((count,), state.padding, dtype=torch.long, device=gpt.device)
        self._chosen: list[int] = []
        self.captured = CapturedStep(partial(_step, gpt, parameters, state, self._rows), pool)

    def choose(self, slots: Sequence[int]) -> None:
        """Choose the slots of the next steps."""
        wanted = [*slots, *[self._padding] * (len(self._rows) - len(slots))]
        if wanted != self._chosen:
            self._rows.copy_(torch.tensor(wanted), non_blocking=True)
            self._chosen = wanted


def _step(gpt: Gpt, parameters: SamplingParameters, state: SlotState, rows: Tensor) -> None:
    """Make a step with its sampling."""
    slot_state.sample(state, gpt, parameters, rows, gpt.slot_step(state.cache, rows), advance=True)


def _first_position(sentence: Sentence) -> int:
    """Return the position of the first audio token after the start token; the text has a start and a stop token."""
    return VOICE_POSITIONS + len(sentence.text) + 2 + 1


def _latents(state: SlotState, slot: int, places: Sequence[int]) -> Tensor:
    """Return the latents at consecutive places of the ring, (1, tokens, width); the next chunk overwrites them."""
    first, count = places[0], len(places)
    if first + count <= slot_state.RING:
        return state.latents[slot, None, first : first + count]
    ring = state.latents[slot]
    return torch.cat([ring[first:], ring[: first + count - slot_state.RING]])[None]
