"""Device and dtype selection, GPU memory, out-of-memory errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream.config.engine_settings import AUTO
from voicestream.errors import EngineNotReadyError

if TYPE_CHECKING:
    import torch

CPU: Final = "cpu"

_BFLOAT16_FLAGS: Final = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""CPU flags of Linux for native bfloat16 arithmetic, x86 and ARM. Emulated bfloat16 is slower than float32."""

SHOWN_BYTES: Final = 5_000_000
"""Smaller amounts would be shown as 0.00 GB."""

_PROCESSOR: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Device:
    """Torch device and the dtype to compute in."""

    name: str
    """``cpu``, ``cuda:0``, ``mps``."""
    dtype: torch.dtype

    @property
    def dtype_name(self) -> str:
        """``float16``."""
        return str(self.dtype).removeprefix("torch.")


def choose(compute: str) -> Device:
    """Return the requested device, or for ``auto`` the fastest one.

    Raises:
        EngineNotReadyError: the requested device does not exist.
    """
    import torch

    wanted = "cuda:0" if compute == "cuda" else compute
    if wanted.startswith("cuda:"):
        cards = torch.cuda.device_count()
        if int(wanted[5:]) < cards:
            return Device(wanted, torch.float16)
        if cards:
            raise no_such_gpu(wanted, cards)
    if wanted == AUTO and torch.cuda.is_available():
        return Device("cuda:0", torch.float16)
    if wanted in (AUTO, "mps") and torch.backends.mps.is_available():
        return Device("mps", torch.float16)
    if wanted in (AUTO, CPU):
        return processor()
    raise EngineNotReadyError(
        f"there is no device {compute} here that torch could use",
        hint="Try: --compute auto or --compute cpu, or install a torch built for that device: https://pytorch.org",
    )


def no_such_gpu(name: str, cards: int) -> EngineNotReadyError:
    """Return the error for a CUDA device index that is too high.

    Args:
        name: ``cuda:7``.
        cards: number of NVIDIA GPUs.
    """
    there_is = "is one NVIDIA card" if cards == 1 else f"are {cards} NVIDIA cards"
    choice = "--gpu 0" if cards == 1 else f"--gpu 0 … --gpu {cards - 1}"
    return EngineNotReadyError(
        f"there is no device {name} here: there {there_is}, counted from 0",
        hint=f"Try: {choice}, --compute auto or --compute cpu.",
    )


def set_current(chosen: Device) -> None:
    """Make a GPU the current CUDA device of this process; without it, the first GPU is."""
    import torch

    if chosen.name.startswith("cuda"):
        torch.cuda.set_device(torch.device(chosen.name))


def processor() -> Device:
    """Return the CPU, with bfloat16 where it is native, else float32."""
    import torch

    return Device(CPU, torch.bfloat16 if has_bfloat16() else torch.float32)


def has_bfloat16(file: Path = _PROCESSOR) -> bool:
    """Return whether the CPU flags announce native bfloat16; False where they cannot be read."""
    try:
        text = file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return not _BFLOAT16_FLAGS.isdisjoint(text.split())


def memory_text(device: str, graph_bytes: int = 0) -> str:
    """Describe the device memory in use by this process; empty for the CPU.

    Args:
        device: name of torch.
        graph_bytes: bytes reserved by CUDA graphs, which torch does not count as allocated.
    """
    import torch

    if device.startswith("cuda"):
        more = f" + {graph_bytes / 1e9:.2f} GB CUDA graphs" if graph_bytes >= SHOWN_BYTES else ""
        return f"{torch.cuda.memory_allocated(device) / 1e9:.1f} GB{more}"
    if device == "mps":
        return f"{torch.mps.current_allocated_memory() / 1e9:.1f} GB"
    return ""


def total_memory(device: torch.device) -> int:
    """Return the bytes of memory of an NVIDIA GPU; 0 for other devices."""
    import torch

    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else 0


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether an error means out of memory; if so, free the cached memory of the device."""
    import torch

    # The MPS backend raises a plain RuntimeError.
    if not (isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error)):
        return False
    torch.cuda.empty_cache()
    return True


def free_cache() -> None:
    """Free the GPU memory that torch caches."""
    import torch

    torch.cuda.empty_cache()


def model_too_large(name: str, error: Exception) -> EngineNotReadyError:
    """Return the error for a model that does not fit the memory of a requested device."""
    return EngineNotReadyError(
        f"the model does not fit the memory of {name}: {error}",
        hint="Try: --compute cpu, or end what else uses that device.",
    )
