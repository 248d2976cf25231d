"""Whether kernels of our own can be used here: Triton must be installed, and make one that computes right."""

from __future__ import annotations

import logging
from subprocess import SubprocessError
from typing import TYPE_CHECKING, Final

import torch

from voicestream.workers.inference.layers import Linear

if TYPE_CHECKING:
    from voicestream.workers.inference.kernel_launches import Gpu

_log = logging.getLogger(__name__)

_OLDEST: Final = 8
"""The generation (Ampere) whose tensor cores Triton uses; without them it would need more memory than there is."""

_NEEDED: Final = (
    "Triton needs a C compiler and Python's headers (on Debian and Ubuntu: sudo apt-get install gcc python3-dev)"
)

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
    if torch.cuda.get_device_properties(device).major < _OLDEST:
        _log.info("device=%s goes on with the kernels of torch alone: it is older than our own can use", device)
        return None
    from voicestream.workers.inference.kernel_launches import Gpu

    gpu = Gpu.of(device)
    try:
        _try(gpu, device)
    except torch.OutOfMemoryError:
        raise
    except (
        TritonError,
        RuntimeError,
        OSError,
        ArithmeticError,
        # Triton compiles at run time. It asserts that the driver is there, and loads what a C compiler made for it.
        SubprocessError,
        ImportError,
        AssertionError,
    ) as error:
        _log.warning("device=%s goes on slower, with the kernels of torch alone; %s: %s", device, _NEEDED, error)
        return None
    return gpu


def _try(gpu: Gpu, device: torch.device) -> None:
    from voicestream.workers.inference.fused_step import multiply

    signal = torch.eye(_ROWS, _WIDTH, dtype=torch.float16, device=device)
    weight = torch.randn(_WIDTH, _WIDTH, device=device).to(torch.float16)
    layer = Linear(weight, torch.zeros_like(weight[0]))
    with torch.cuda.device(device):
        found = torch.cat([multiply(gpu, signal[:1], layer), multiply(gpu, signal, layer)])
    if not torch.equal(found[1:], weight[:, :_ROWS].t()) or not torch.equal(found[0], weight[:, 0]):
        raise ArithmeticError("a matrix was multiplied wrongly")
