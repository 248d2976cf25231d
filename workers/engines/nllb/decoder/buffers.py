"""Decode buffers of a batch: KV caches, masks and output tokens, allocated once and changed in place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from voicestream.engines.translator import CancelledError
from voicestream.workers.engines.nllb.decoder.attention import FusedAttention, TorchAttention
from voicestream.workers.engines.nllb.decoder.decoding import decoding_for
from voicestream.workers.engines.nllb.decoder.output_tokens import END
from voicestream.workers.inference.async_flag import AsyncFlag
from voicestream.workers.inference.cuda_graphs import CapturedStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from voicestream.workers.engines.nllb.decoder.attention import CachedAttention
    from voicestream.workers.engines.nllb.decoder.buckets import Bucket
    from voicestream.workers.engines.nllb.decoder.network import NllbNetwork
    from voicestream.workers.engines.nllb.decoder.output_tokens import Sentence
    from voicestream.workers.inference.cuda_graphs import GraphPool


def _never() -> bool:
    return False


class DecodeBuffers:
    """Buffers of one bucket, and the prefill and decode steps on them."""

    def __init__(self, network: NllbNetwork, bucket: Bucket, positions: int) -> None:
        """Allocate the buffers.

        Args:
            network: the model.
            bucket: buffer sizes.
            positions: allocated in the decoder cache, until ``grow_cache`` is called.
        """
        self.bucket = bucket
        self._network = network
        self._decoding = decoding_for(bucket, network.padding, network.device, network.gpu)
        self.done_flag = AsyncFlag(self._decoding.is_done)
        """True if all sentences are done."""
        self._source = torch.full(
            (bucket.sentences, bucket.source), network.padding, dtype=torch.long, device=network.device
        )
        self._mask = network.mask(self._is_token())
        self._decoder_kv = network.empty_cache(bucket.rows, positions)
        self._encoder_kv = network.empty_cache(bucket.sentences, bucket.source)
        self._is_cancelled: Callable[[], bool] = _never
        self._rows = torch.arange(bucket.rows, dtype=torch.int32, device=network.device)[:, None]
        self._indirection = self._rows.repeat(1, positions)
        """Row of the decoder cache that holds each row's entry at a position: kernels need no reordered copy."""
        self._lengths = torch.zeros(bucket.sentences, dtype=torch.int32, device=network.device)
        """Tokens of each sentence."""

    @property
    def windows(self) -> tuple[int, ...]:
        """Positions that steps attend to, ascending; only the last one with kernels, which skip unused positions."""
        return self.bucket.windows if self._network.gpu is None else self.bucket.windows[-1:]

    def load(self, sentences: list[Sentence], is_cancelled: Callable[[], bool]) -> None:
        """Load a batch; arguments as for ``NllbDecoder.decode``."""
        # Unused rows are copies of the first one, so they end together with it.
        loaded = sentences + sentences[:1] * (self.bucket.sentences - len(sentences))
        padding, length = self._network.padding, self.bucket.source
        source = torch.tensor([one.tokens + [padding] * (length - len(one.tokens)) for one in loaded])
        self._source.copy_(source)
        self._decoding.outputs.load([one.language for one in loaded], [one.limit for one in loaded])
        self._is_cancelled = is_cancelled

    def load_dummy(self) -> None:
        """Load dummy sentences for a capture."""
        self._source.fill_(END)
        self._is_cancelled = _never

    def grow_cache(self, window: int) -> None:
        """Enlarge the decoder cache to a window; captured steps need their full size from the start."""
        size = self._decoder_kv.shape[4]
        if size < window:
            previous, self._decoder_kv = self._decoder_kv, self._network.empty_cache(self.bucket.rows, window)
            self._decoder_kv[:, :, :, :, :size] = previous

    def best_tokens(self) -> list[list[int]]:
        """Return the output tokens, arbitrary after the end tokens; waits for the device."""
        return self._decoding.best().tolist()

    def prefill(self) -> None:
        """Encode the sentences, and write the first two output tokens: end and language."""
        network, decoding = self._network, self._decoding
        self._mask.copy_(network.mask(self._is_token()))
        self._lengths.copy_(self._is_token().sum(-1).flatten())
        self._indirection.copy_(self._rows.expand_as(self._indirection))
        network.precompute_cross_kv(network.encode(self._source, self._mask, self._check_cancelled), self._encoder_kv)
        decoding.reset()
        self._forward(self.windows[0])
        # The second token is the language.
        decoding.outputs.add_languages()

    def step(self, window: int) -> None:
        """Decode one token of each row.

        Args:
            window: positions to attend to; more than there are tokens.
        """
        rows = self._decoding.select(self._network.logits(self._forward(window)))
        if rows is not None:
            self._reorder_cache(rows, window)

    def _reorder_cache(self, rows: Tensor, window: int) -> None:
        """Reorder the decoder cache after a step of beam search: the row that each row continues."""
        if self._network.gpu is not None:
            # After the newest position, each row uses its own row.
            is_before = self._decoding.outputs.positions[: self._indirection.shape[1]] < self._decoding.outputs.position
            self._indirection.copy_(torch.where(is_before, self._indirection.index_select(0, rows), self._rows))
            return
        # Layer by layer, so that copies stay in the processor cache.
        for layer in self._decoder_kv[:, :, :, :, :window].unbind(0):
            layer.copy_(layer.index_select(1, rows))

    def _forward(self, window: int) -> Tensor:
        network, outputs = self._network, self._decoding.outputs
        return network.forward(outputs.newest, outputs.position, self._attention(window))

    def _attention(self, window: int) -> CachedAttention:
        position, gpu = self._decoding.outputs.position, self._network.gpu
        if gpu is not None:
            indirection = self._indirection if self.bucket.search.num_beams > 1 else None
            return FusedAttention(
                gpu,
                self._decoder_kv,
                self._encoder_kv,
                position=position,
                indirection=indirection,
                lengths=self._lengths,
            )
        positions = torch.arange(window, device=position.device)
        self_mask = self._network.mask(positions <= position).view(1, 1, 1, -1)
        return TorchAttention(self._decoder_kv[:, :, :, :, :window], self._encoder_kv, position, self_mask, self._mask)

    def _is_token(self) -> Tensor:
        return (self._source != self._network.padding)[:, None, None]

    def _check_cancelled(self) -> None:
        if self._is_cancelled():
            raise CancelledError


class CapturedDecoding:
    """Decode buffers with the captured prefill and decode steps on them."""

    def __init__(self, buffers: DecodeBuffers, pool: GraphPool) -> None:
        """Prepare the steps without capturing them.

        Args:
            buffers: the decode buffers.
            pool: memory of the CUDA graphs.
        """
        self.buffers = buffers
        self.prefill = CapturedStep(buffers.prefill, pool)
        self.windows = {window: CapturedStep(partial(buffers.step, window), pool) for window in buffers.windows}
        """Decode steps by the positions they attend to, ascending."""
        self.uses = 0
        """Batches decoded so far."""

    def capture(self) -> None:
        """Capture all steps that are not captured yet; the buffers must be loaded again."""
        self.buffers.load_dummy()
        self.prefill.capture()
        for step in self.windows.values():
            self.prefill()
            step.capture()
