"""Self-test of Triton: it must be installed, compile a kernel, and compute it right."""

from __future__ import annotations

import logging
from subprocess import SubprocessError
from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.inference.layers import Linear

if TYPE_CHECKING:
    from voicestream.workers.inference.kernel_launches import Gpu

_log = logging.getLogger(__name__)

_MIN_CAPABILITY: Final = 8
"""Compute capability (Ampere) whose tensor cores Triton supports; without them kernels exceed the shared memory."""

_REQUIREMENTS: Final = (
    "Triton needs a C compiler and Python's headers (on Debian and Ubuntu: sudo apt-get install gcc python3-dev)"
)

_ROWS: Final = 2
_WIDTH: Final = 64


def probe(device: torch.device) -> Gpu | None:
    """Return the GPU for launches of the Triton kernels; None where they cannot be used, which is logged once.

    Raises:
        RuntimeError: out of memory.
    """
    if device.type != "cuda":
        return None
    try:
        # Builds of torch for CUDA depend on it.
        from triton.errors import TritonError
    except ImportError as error:
        _log.info("device=%s falling back to the kernels of torch: %s", device, error)
        return None
    if torch.cuda.get_device_properties(device).major < _MIN_CAPABILITY:
        _log.info("device=%s falling back to the kernels of torch: the GPU is older than Ampere", device)
        return None
    from voicestream.workers.inference.kernel_launches import Gpu

    gpu = Gpu.of(device)
    try:
        _self_test(gpu, device)
    except torch.OutOfMemoryError:
        raise
    except (
        TritonError,
        RuntimeError,
        OSError,
        ArithmeticError,
        # Triton compiles at run time: it asserts that there is a driver, and loads a library built by a C compiler.
        SubprocessError,
        ImportError,
        AssertionError,
    ) as error:
        _log.warning("device=%s falling back to the slower kernels of torch; %s: %s", device, _REQUIREMENTS, error)
        return None
    return gpu


def _self_test(gpu: Gpu, device: torch.device) -> None:
    from voicestream.workers.inference.fused_step import multiply

    signal = torch.eye(_ROWS, _WIDTH, dtype=torch.float16, device=device)
    weight = torch.randn(_WIDTH, _WIDTH, device=device).to(torch.float16)
    layer = Linear(weight, torch.zeros_like(weight[0]))
    with torch.cuda.device(device):
        found = torch.cat([multiply(gpu, signal[:1], layer), multiply(gpu, signal, layer)])
    if not torch.equal(found[1:], weight[:, :_ROWS].t()) or not torch.equal(found[0], weight[:, 0]):
        raise ArithmeticError("a matrix was multiplied wrongly")
