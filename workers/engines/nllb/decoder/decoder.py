"""Decoder of NLLB with the results of ``generate`` of transformers, without its overhead per token.

All buffers of a batch are allocated before the first token and changed in place. So each step does the same work on the
same memory, and on CUDA it is captured as a CUDA graph and replayed (``workers/inference/cuda_graphs.py``).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import torch

from voicestream.engines.translator import CancelledError
from voicestream.workers.engines.nllb.decoder import buckets
from voicestream.workers.engines.nllb.decoder.buffers import CapturedDecoding, DecodeBuffers
from voicestream.workers.engines.nllb.decoder.network import NllbNetwork
from voicestream.workers.engines.nllb.decoder.output_tokens import END
from voicestream.workers.inference.cuda_graphs import GraphPool
from voicestream.workers.inference.device import is_out_of_memory, total_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from transformers import M2M100ForConditionalGeneration

    from voicestream.workers.engines.nllb.decoder.buckets import Bucket
    from voicestream.workers.engines.nllb.decoder.output_tokens import Sentence
    from voicestream.workers.engines.nllb.search import Search
    from voicestream.workers.inference.kernel_launches import Gpu

_log = logging.getLogger(__name__)

MAX_CACHE_BYTES: Final = 3_000_000_000
"""Total size of the KV caches, above which the least recently used ones are freed. A single one may be larger."""

MAX_CACHE_SHARE: Final = 0.06
"""Share of a GPU's memory that the KV caches may take if it is more than ``MAX_CACHE_BYTES``."""


class NllbDecoder:
    """Decoder of batches of sentences with one model."""

    def __init__(self, model: M2M100ForConditionalGeneration, *, use_graphs: bool, gpu: Gpu | None = None) -> None:
        """Take a model, which remains usable and must stay on its device.

        Args:
            model: on the device to compute on.
            use_graphs: whether sizes are rounded up to buckets, and repeated steps are captured on CUDA.
            gpu: for Triton kernels, for which the layer norms of the decoder are folded; None: torch is used.
        """
        self._network = NllbNetwork(model, gpu)
        self._use_graphs = use_graphs
        self._pool = GraphPool(self._network.device)
        self._cache_share = MAX_CACHE_SHARE * total_memory(self._network.device)
        """Bytes."""
        self._captured: dict[Bucket, CapturedDecoding] = {}
        """By bucket, the least recently used one first."""

    @property
    def memory_bytes(self) -> int:
        """Device memory besides the weights: KV caches and CUDA graphs."""
        return self.graph_bytes + sum(map(self._network.cache_bytes, self._captured))

    @property
    def graph_bytes(self) -> int:
        """Part of it that CUDA graphs reserve: as much as the largest one, for they share memory."""
        return self._pool.bytes

    def prepare(self, search: Search, sizes: Iterable[tuple[int, int, int]]) -> None:
        """Capture steps in advance, so that the first sentence does not wait for it.

        Args:
            search: as for ``decode``.
            sizes: sentences, tokens of the longest one, and output limit of each batch.
        """
        with torch.inference_mode():
            for sentences, source, limit in sizes:
                captured = self._captured_for(self._bucket(search, sentences, source, limit))
                captured.capture()
                captured.uses += 1

    def decode(self, sentences: list[Sentence], search: Search, is_cancelled: Callable[[], bool]) -> list[list[int]]:
        """Return the output tokens for each sentence: language first, end token last unless the limit came first.

        Args:
            sentences: the batch; languages and limits may differ.
            search: decoding parameters.
            is_cancelled: checked before each step.

        Raises:
            CancelledError: ``is_cancelled`` returned True.
            RuntimeError: out of memory.
        """
        longest = max(len(sentence.tokens) for sentence in sentences)
        limit = max(sentence.limit for sentence in sentences)
        with torch.inference_mode():
            captured = self._captured_for(self._bucket(search, len(sentences), longest, limit))
            captured.uses += 1
            # A capture takes as long as some batches, so it is not made for a bucket that is used once.
            if self._use_graphs and captured.uses > 1:
                self._capture(captured)
            captured.buffers.load(sentences, is_cancelled)
            self._run(captured, limit, is_cancelled)
            outputs = captured.buffers.best_tokens()
        return [_cut(output[1 : sentence.limit + 2]) for output, sentence in zip(outputs, sentences, strict=False)]

    def release(self) -> None:
        """Free all memory except that of the weights."""
        self._captured.clear()
        self._pool.reset()

    def _run(self, captured: CapturedDecoding, limit: int, is_cancelled: Callable[[], bool]) -> None:
        captured.prefill()
        done_flag = captured.buffers.done_flag
        done_flag.reset()
        windows = iter(captured.windows.items())
        window, step = next(windows)
        for position in range(1, limit + 1):
            if is_cancelled():
                raise CancelledError
            if done_flag.is_set():
                return
            if position >= window:
                window, step = next(windows)
                captured.buffers.grow_cache(window)
            step()
            done_flag.start_copy()

    def _capture(self, captured: CapturedDecoding) -> None:
        """Capture the steps of a bucket; when out of memory, run it and all later ones eagerly.

        Raises:
            RuntimeError: out of memory for a large batch, whose parts may fit.
        """
        try:
            captured.capture()
        except RuntimeError as error:
            if not is_out_of_memory(error) or captured.buffers.bucket.sentences > buckets.USUAL_BATCH:
                raise
            self._pool.has_failed = True
            _log.warning(
                "device=%s out of memory for CUDA graphs, falling back to eager execution: %s",
                self._network.device,
                error,
            )

    def _bucket(self, search: Search, sentences: int, source: int, limit: int) -> Bucket:
        bucket_function = buckets.bucket_for if self._use_graphs else buckets.exact_bucket
        return bucket_function(search, sentences, source, limit)

    def _captured_for(self, bucket: Bucket) -> CapturedDecoding:
        """Return the captured decoding of a bucket; allocate it if there is none."""
        captured = self._captured.pop(bucket, None)
        if captured is None:
            self._evict(self._network.cache_bytes(bucket))
            # Without CUDA graphs, buffers may move, so the cache grows with the output.
            positions = bucket.positions if self._use_graphs else bucket.windows[0]
            captured = CapturedDecoding(DecodeBuffers(self._network, bucket, positions), self._pool)
        self._captured[bucket] = captured
        return captured

    def _evict(self, wanted: int) -> None:
        """Free the least recently used buffers; without CUDA graphs none is kept."""
        room = max(MAX_CACHE_BYTES, self._cache_share) if self._use_graphs else 0
        while self._captured and sum(map(self._network.cache_bytes, self._captured)) + wanted > room:
            del self._captured[next(iter(self._captured))]
            if not self._captured:
                self._pool.reset()


def _cut(tokens: list[int]) -> list[int]:
    """Cut tokens after the end token."""
    return tokens[: tokens.index(END) + 1] if END in tokens else tokens
