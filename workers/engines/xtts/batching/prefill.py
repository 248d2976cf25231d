"""Captured prefill of a decoder with slots: several texts at once, and their first tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import torch

from voicestream.workers.engines.xtts.batching import state as slot_state
from voicestream.workers.engines.xtts.decoding import TEXT_BUCKETS
from voicestream.workers.engines.xtts.gpt import VOICE_POSITIONS
from voicestream.workers.inference.cuda_graphs import CapturedStep
from voicestream.workers.inference.slots.sizes import PAGE, pages_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from voicestream.workers.engines.xtts.batching.slot_decoder import Sentence
    from voicestream.workers.engines.xtts.batching.state import SlotState
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.sampling import SamplingParameters
    from voicestream.workers.inference.cuda_graphs import GraphPool

PREFILL_ROWS: Final = (1, 4)
"""Row counts of the captured prefills."""


def prefill_rows(slots: int) -> tuple[int, ...]:
    """Return the row counts for so many slots, ascending."""
    return tuple(count for count in PREFILL_ROWS if count <= max(1, slots // 2))


_HEADER: Final = 4
"""Numbers before the pages and the text in a row of the input: slot, count of the text, least tokens, position."""


class PrefillRow(NamedTuple):
    """Sentence to prefill."""

    slot: int
    sentence: Sentence
    pages: list[int]
    first_position: int
    """Position of the first audio token after the start token."""


class CapturedPrefill:
    """Prefill of texts, a CUDA graph for each text length and row count; the device is not waited for."""

    def __init__(self, gpt: Gpt, parameters: SamplingParameters, state: SlotState, pool: GraphPool) -> None:
        self._gpt = gpt
        self._state = state
        longest = gpt.max_text_tokens + 3
        self._buckets = [*(bucket for bucket in TEXT_BUCKETS if bucket < longest), longest]
        layers, heads, head_dim = gpt.cache_shape
        self.row_counts: Final = prefill_rows(state.padding)
        rows = self.row_counts[-1]
        positions = pages_for(VOICE_POSITIONS + longest) * PAGE
        self._scratch = torch.zeros(layers, 2, rows, heads, positions, head_dim, dtype=gpt.dtype, device=gpt.device)
        """KV cache of the texts before it is copied to their pages."""
        self._latents = torch.zeros(rows, gpt.width, device=gpt.device)
        self._slots = torch.full((rows,), state.padding, dtype=torch.long, device=gpt.device)
        self._inputs = {
            bucket: torch.zeros(rows, self._table + _HEADER + bucket, dtype=torch.long, device=gpt.device)
            for bucket in self._buckets
        }
        is_cuda = gpt.device.type == "cuda"
        self._noise = torch.empty((state.padding, *state.noise.shape[1:]), pin_memory=is_cuda)
        """Noise of each slot on the processor; page-locked, so that copying it does not wait for the device."""
        self._prefills = {
            (bucket, count): CapturedStep(self._prefill_for(bucket, count), pool)
            for bucket in self._buckets
            for count in self.row_counts
        }
        self._samples = {
            count: CapturedStep(
                partial(
                    slot_state.sample,
                    state,
                    gpt,
                    parameters,
                    self._slots[:count],
                    self._latents[:count],
                    advance=False,
                ),
                pool,
            )
            for count in self.row_counts
        }

    @property
    def _table(self) -> int:
        return self._state.cache.page_table.shape[1]

    def capture(self) -> None:
        """Capture all graphs.

        Raises:
            RuntimeError: out of memory.
        """
        for inputs in self._inputs.values():
            inputs[:, 0] = self._state.padding
        for step in (*self._prefills.values(), *self._samples.values()):
            step.capture()

    def __call__(self, rows: Sequence[PrefillRow]) -> None:
        """Process texts, and sample their first tokens."""
        groups: dict[int, list[PrefillRow]] = {}
        for row in rows:
            needed = len(row.sentence.text) + 3
            groups.setdefault(next(bucket for bucket in self._buckets if bucket >= needed), []).append(row)
        most = self.row_counts[-1]
        for bucket, group in groups.items():
            for begin in range(0, len(group), most):
                self._process(bucket, group[begin : begin + most])

    def _process(self, bucket: int, rows: Sequence[PrefillRow]) -> None:
        count = next(count for count in self.row_counts if count >= len(rows))
        packed = torch.zeros(count, self._inputs[bucket].shape[1], dtype=torch.long)
        packed[:, 0] = self._state.padding
        for number, row in enumerate(rows):
            text = self._gpt.add_boundaries(row.sentence.text)
            header = [row.slot, len(text), row.sentence.min_tokens, row.first_position]
            pages = row.pages + [0] * (self._table - len(row.pages))
            numbers = [*header, *pages, *text]
            packed[number, : len(numbers)] = torch.tensor(numbers)
            voice = row.sentence.voice
            self._scratch[:, :, number, :, : voice.length] = voice.kv[:, :, :, : voice.length]
        self._inputs[bucket][:count].copy_(packed, non_blocking=True)
        self._prefills[bucket, count]()
        # The noise is generated on the CPU while the GPU processes the text.
        for row in rows:
            used = row.sentence.token_limit if _is_drawn_in_order() else None
            noise = self._noise[row.slot, :used]
            noise.exponential_(generator=torch.Generator().manual_seed(row.sentence.seed))
            self._state.noise[row.slot, :used].copy_(noise, non_blocking=True)
        self._samples[count]()

    def _prefill_for(self, bucket: int, count: int) -> Prefill:
        # The captured function must not refer to this object: memory would wait for the cycle collector.
        positions = pages_for(VOICE_POSITIONS + bucket) * PAGE
        return Prefill(
            self._gpt,
            self._state,
            self._inputs[bucket][:count],
            self._scratch[:, :, :count, :, :positions],
            self._latents[:count],
            self._slots[:count],
        )


@lru_cache
def _is_drawn_in_order() -> bool:
    """Return whether torch draws the same first numbers, however many it draws."""
    some, more = (
        torch.empty((count, 8)).exponential_(generator=torch.Generator().manual_seed(0)) for count in (48, 512)
    )
    return torch.equal(some, more[: len(some)])


@dataclass(frozen=True)
class Prefill:
    """Prefill of one text length and row count, with its buffers."""

    gpt: Gpt
    state: SlotState
    inputs: Tensor
    scratch: Tensor
    latents: Tensor
    slots: Tensor

    def __call__(self) -> None:
        """Process the texts, copy their entries to their pages, and reset the state of their slots."""
        state, cache = self.state, self.state.cache
        table = cache.page_table.shape[1]
        header, pages, text = torch.split(self.inputs, [_HEADER, table, self.inputs.shape[1] - _HEADER - table], 1)
        slots, counts, min_tokens, positions = header.unbind(1)
        self.latents.copy_(self.gpt.slot_prefill(self.scratch, text, counts))
        layers, two, rows, heads, length, head_dim = self.scratch.shape
        in_pages = self.scratch.view(layers, two, rows, heads, length // PAGE, PAGE, head_dim)
        cache.pages[pages[:, : length // PAGE]] = in_pages.permute(2, 4, 0, 1, 3, 5, 6)
        cache.page_table.index_copy_(0, slots, pages.to(torch.int32))
        cache.positions.index_copy_(0, slots, positions)
        cache.indices.index_fill_(0, slots, 0)
        state.min_tokens.index_copy_(0, slots, min_tokens)
        state.generated.index_copy_(0, slots, state.initially_generated.expand(len(slots), -1))
        self.slots.copy_(slots)
