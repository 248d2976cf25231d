"""Choice of decoder and vocoder for a device: with CUDA graphs and slots where it can, else plain."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.engines.xtts.batching import sizing, state
from voicestream.workers.engines.xtts.batching.scheduler import Limits
from voicestream.workers.engines.xtts.batching.slot_decoder import PlainSlotDecoder
from voicestream.workers.engines.xtts.batching.vocoding import PlainVocoder, WindowVocoder
from voicestream.workers.engines.xtts.decoding import CapturedDecoder
from voicestream.workers.engines.xtts.vocoder import row_counts
from voicestream.workers.engines.xtts.vocoder.cuda_graphs import CapturedVocoder
from voicestream.workers.engines.xtts.vocoder.network import TorchNetwork
from voicestream.workers.engines.xtts.vocoder.streaming import StreamingVocoder
from voicestream.workers.inference import device
from voicestream.workers.inference.cuda_graphs import GraphPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from voicestream.workers.engines.xtts.batching.captured_decoder import CapturedSlotDecoder
    from voicestream.workers.engines.xtts.batching.slot_decoder import SlotDecoder
    from voicestream.workers.engines.xtts.batching.vocoding import BatchVocoder
    from voicestream.workers.engines.xtts.gpt import Gpt
    from voicestream.workers.engines.xtts.sampling import SamplingParameters
    from voicestream.workers.engines.xtts.vocoder.hifi_gan import HifiGan
    from voicestream.workers.engines.xtts.vocoder.network import Network
    from voicestream.workers.inference.slots.sizes import SlotSizes

_log = logging.getLogger(__name__)

PLAIN: Final = Limits(prefill_rows=1, vocoder_rows=1, row_counts=(1,), step_seconds=0.03, row_seconds=0.0)
"""Limits without slots on a GPU: one stream after the other, a step at a time."""

_MEMORY_SHARE: Final = 0.8
"""Share of the free memory for the slots of a decoder."""

_UNLIMITED_BYTES: Final = 1 << 40
"""Free memory of devices that stand in for a GPU in tests."""

_VOCODER_ROWS: Final = row_counts.BATCH[-1]

_STEP_SECONDS: Final = 0.0005
_ROW_SECONDS: Final = 0.000_015
"""Durations on an H200."""


@dataclass(frozen=True)
class Computation:
    """Decoder and vocoder on a device."""

    decoder: SlotDecoder
    vocoder: BatchVocoder
    limits: Limits
    pool: GraphPool | None = None
    """Memory of the CUDA graphs; None without them."""


def plain(
    gpt: Gpt, sampling: SamplingParameters, hifigan: nn.Module, dtype: torch.dtype, slots: int = 1
) -> Computation:
    """Return the computation without CUDA graphs.

    Args:
        gpt: the network.
        sampling: its parameters.
        hifigan: loaded ``HifiDecoder`` of coqui.
        dtype: of the vocoder.
        slots: sentences under way at the same time; they take turns, so more of them do not compute more sound.
    """
    decoder = PlainSlotDecoder.eager(gpt, sampling, slots)
    return Computation(decoder, PlainVocoder(StreamingVocoder(hifigan, dtype)), PLAIN)


def captured(
    gpt: Gpt, sampling: SamplingParameters, hifigan: nn.Module, dtype: torch.dtype, streams: int
) -> Computation | None:
    """Return the computation with CUDA graphs; None when out of memory.

    Args:
        gpt: the network; with Triton kernels it gets slots, without them it decodes one sentence at a time.
        sampling: its parameters.
        hifigan: loaded ``HifiDecoder`` of coqui.
        dtype: of the vocoder.
        streams: most slots; there are fewer when memory is short.

    Raises:
        RuntimeError: another error of the device.
    """
    pool = GraphPool(gpt.device)
    network: Callable[[HifiGan, torch.dtype], Network] = TorchNetwork
    rows: tuple[int, ...] = row_counts.SINGLE
    if gpt.gpu is not None:
        from voicestream.workers.engines.xtts.vocoder.fused import FusedNetwork
        from voicestream.workers.engines.xtts.vocoder.kernel_launches import TritonKernels

        network = partial(FusedNetwork, kernels=TritonKernels(gpt.gpu))
        rows = tuple(count for count in row_counts.BATCH if count <= streams)
    try:
        vocoder = CapturedVocoder(hifigan, dtype, pool, rows=rows, network=network)
        vocoder.capture()
        if gpt.gpu is not None:
            return _with_slots(gpt, sampling, WindowVocoder(vocoder), pool, streams)
        decoder = CapturedDecoder(gpt, sampling, pool)
        decoder.capture()
    except RuntimeError as error:
        if not device.is_out_of_memory(error):
            raise
        _log.warning("device=%s out of memory for CUDA graphs, falling back to eager execution: %s", gpt.device, error)
        return None
    return Computation(PlainSlotDecoder([decoder]), WindowVocoder(vocoder), PLAIN, pool)


def _with_slots(
    gpt: Gpt, sampling: SamplingParameters, vocoder: BatchVocoder, pool: GraphPool, streams: int
) -> Computation:
    """Return the computation with as many slots as fit the memory.

    Raises:
        RuntimeError: out of memory.
    """
    footprint = state.footprint(gpt, sampling)
    most = streams
    while (sizes := sizing.sizes_for(most, _free_bytes(gpt.device), footprint)) is not None:
        decoder = _captured_decoder(gpt, sampling, pool, sizes)
        if decoder is not None:
            limits = Limits(
                decoder.prefill_rows, _VOCODER_ROWS, decoder.row_counts, _STEP_SECONDS, _ROW_SECONDS, overlaps=True
            )
            return Computation(decoder, vocoder, limits, pool)
        most = sizes.slots // 2
    raise torch.OutOfMemoryError("out of memory for a slot of the decoder")


def _captured_decoder(
    gpt: Gpt, sampling: SamplingParameters, pool: GraphPool, sizes: SlotSizes
) -> CapturedSlotDecoder | None:
    """Return a captured decoder; None when out of memory: what it allocated is freed by then."""
    from voicestream.workers.engines.xtts.batching.captured_decoder import CapturedSlotDecoder

    try:
        decoder = CapturedSlotDecoder(gpt, sampling, pool, sizes)
        decoder.capture()
    except RuntimeError as error:
        if not device.is_out_of_memory(error):
            raise
        # As text: the error refers to the decoder, and a handler may keep the record.
        _log.warning("device=%s out of memory for %d sentences at once: %s", gpt.device, sizes.slots, str(error))
        return None
    return decoder


def _free_bytes(of: torch.device) -> int:
    """Return the bytes of a device that slots may take."""
    if of.type != "cuda":
        return _UNLIMITED_BYTES
    device.free_cache()
    return int(torch.cuda.mem_get_info(of)[0] * _MEMORY_SHARE)
