"""Which device computes, and with numbers of which kind."""

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
"""What Linux calls processors that multiply bfloat16 themselves: those of x86, and of ARM. Elsewhere it is emulated,
and slower than float32."""

SHOWN_BYTES: Final = 5_000_000
"""Less is 0.00 GB."""

_PROCESSOR: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Device:
    """A device of torch."""

    name: str
    """``cpu``, ``cuda:0``, ``mps``."""
    numbers: torch.dtype

    @property
    def numbers_name(self) -> str:
        """``float16``."""
        return str(self.numbers).removeprefix("torch.")


def choose(compute: str) -> Device:
    """The device that is wanted, or for ``auto`` the fastest there is.

    Raises:
        EngineNotReadyError: the wanted one is not there.
    """
    import torch

    wanted = "cuda:0" if compute == "cuda" else compute
    if wanted.startswith("cuda:"):
        cards = torch.cuda.device_count()
        if int(wanted[5:]) < cards:
            return Device(wanted, torch.float16)
        if cards:
            raise no_such_card(wanted, cards)
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


def no_such_card(name: str, cards: int) -> EngineNotReadyError:
    """What to raise when there are NVIDIA cards, and this is none of them.

    Args:
        name: ``cuda:7``.
        cards: how many there are.
    """
    there_is = "is one NVIDIA card" if cards == 1 else f"are {cards} NVIDIA cards"
    choice = "--gpu 0" if cards == 1 else f"--gpu 0 … --gpu {cards - 1}"
    return EngineNotReadyError(
        f"there is no device {name} here: there {there_is}, counted from 0",
        hint=f"Try: {choice}, --compute auto or --compute cpu.",
    )


def use(chosen: Device) -> None:
    """Make a GPU the one on which this process starts kernels, and looks how far they are: else it is the first one."""
    import torch

    if chosen.name.startswith("cuda"):
        torch.cuda.set_device(torch.device(chosen.name))


def processor() -> Device:
    """The CPU: bfloat16 where it multiplies that itself, else float32."""
    import torch

    return Device(CPU, torch.bfloat16 if has_bfloat16() else torch.float32)


def has_bfloat16(file: Path = _PROCESSOR) -> bool:
    """Whether the processor says that it multiplies bfloat16; False where nobody says."""
    try:
        text = file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return not _BFLOAT16_FLAGS.isdisjoint(text.split())


def memory_text(device: str, recorded: int = 0) -> str:
    """How much memory of its own a device has given to this process; empty for the CPU, which has none.

    Args:
        device: name of torch.
        recorded: bytes that recordings keep besides, which torch does not count as given away.
    """
    import torch

    if device.startswith("cuda"):
        more = f" + {recorded / 1e9:.2f} GB recorded" if recorded >= SHOWN_BYTES else ""
        return f"{torch.cuda.memory_allocated(device) / 1e9:.1f} GB{more}"
    if device == "mps":
        return f"{torch.mps.current_allocated_memory() / 1e9:.1f} GB"
    return ""


def is_full(error: RuntimeError) -> bool:
    """Whether an error says that the device's memory is full; if so, what could be let go of there is."""
    import torch

    # Apple's backend has no class of its own for that.
    if not (isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error)):
        return False
    torch.cuda.empty_cache()
    return True


def give_back() -> None:
    """Let others have the memory of a GPU that torch has set aside and nothing uses."""
    import torch

    torch.cuda.empty_cache()


def does_not_fit(name: str, error: Exception) -> EngineNotReadyError:
    """What to raise when a device that was named has too little memory for a model."""
    return EngineNotReadyError(
        f"the model does not fit the memory of {name}: {error}",
        hint="Try: --compute cpu, or end what else uses that device.",
    )
