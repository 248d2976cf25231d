"""Whether kernels of our own can be used here: Triton must be installed, and make one that computes right."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.decoder.layers import Linear

if TYPE_CHECKING:
    from voicestream.workers.decoder.launches import Gpu

_log = logging.getLogger(__name__)

LEAST_MEMORY: Final = 99 * 1024
"""Bytes that a program must be able to share, for the largest of the kernels: consumer cards have them from NVIDIA's
generation of 2020 (Ampere) on."""

_ROWS: Final = 2
_WIDTH: Final = 64


def find(device: torch.device) -> Gpu | None:
    """What kernels on a device need to know; None where there are none, which is said once in the log.

    Raises:
        RuntimeError: the device's memory is full.
    """
    if device.type != "cuda":
        return None
    try:
        # Torch for CUDA brings it along.
        from triton.errors import TritonError
    except ImportError as error:
        _log.info("device=%s goes on with the kernels of torch alone: %s", device, error)
        return None
    from voicestream.workers.decoder.launches import Gpu

    gpu = Gpu.of(device)
    if gpu.shared_memory < LEAST_MEMORY:
        _log.info("device=%s goes on with the kernels of torch alone: it is too old for others", device)
        return None
    try:
        _try(gpu, device)
    except torch.OutOfMemoryError:
        raise
    except (TritonError, RuntimeError, OSError, ArithmeticError) as error:
        # Triton compiles at run time, for which it needs a C compiler and a place to write to.
        _log.warning("device=%s goes on slower, with the kernels of torch alone: %s", device, error)
        return None
    return gpu


def _try(gpu: Gpu, device: torch.device) -> None:
    from voicestream.workers.decoder.fused import multiply

    signal = torch.eye(_ROWS, _WIDTH, dtype=torch.float16, device=device)
    weight = torch.randn(_WIDTH, _WIDTH, device=device).to(torch.float16)
    layer = Linear(weight, torch.zeros_like(weight[0]))
    with torch.cuda.device(device):
        found = torch.cat([multiply(gpu, signal[:1], layer), multiply(gpu, signal, layer)])
    if not torch.equal(found[1:], weight[:, :_ROWS].t()) or not torch.equal(found[0], weight[:, 0]):
        raise ArithmeticError("a matrix was multiplied wrongly")
