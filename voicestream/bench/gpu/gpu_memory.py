"""GPU memory of a process by purpose."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.figures import Figure

if TYPE_CHECKING:
    from voicestream.workers.inference.cuda_graphs import GraphPool

_ASKING: Final = ("--query-gpu=memory.used", "--format=csv,noheader,nounits")
_MIB: Final = 1 << 20


def used_bytes() -> int | None:
    """Return the memory in use on the first visible GPU by all processes; None: unknown."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    asked = subprocess.run([program, *_ASKING, f"--id={first}"], capture_output=True, text=True, check=False)
    number = asked.stdout.strip()
    return int(number) * _MIB if asked.returncode == 0 and number.isdecimal() else None


def used_since(before: int | None) -> int | None:
    """Return the memory that all processes use now beyond ``before`` bytes; None: unknown."""
    now = used_bytes()
    return None if before is None or now is None else now - before


def shares(allocated: int, reserved: int, recorded: int, used: int | None) -> dict[str, int]:
    """Return the bytes of a process by purpose.

    Args:
        allocated: bytes of torch's tensors.
        reserved: bytes that torch has reserved on the GPU, those of tensors included.
        recorded: part of ``reserved`` in the pools of CUDA graphs.
        used: bytes of the whole process as the GPU reports them; None: unknown.
    """
    # Some of the memory of CUDA graphs is in use between replays, and counted as tensors.
    recorded = min(recorded, reserved - allocated)
    found = {"weights and caches": allocated, "recordings": recorded, "set aside": reserved - allocated - recorded}
    if used is not None:
        found["CUDA itself"] = used - reserved
    return found


def figure(name: str, title: str, before: int | None) -> tuple[Figure, ...]:
    """Return this process's memory as a figure; empty without a GPU.

    Args:
        name: of the figure.
        title: for people.
        before: memory of all processes before this one started; None: unknown, then CUDA's own memory is missing.
    """
    torch: Any = importlib.import_module("torch")
    if not torch.cuda.is_initialized():
        return ()
    gc.collect()
    torch.cuda.synchronize()
    used = used_since(before)
    recorded = sum(pool.bytes for pool in _pools())
    found = shares(torch.cuda.memory_allocated(), torch.cuda.memory_reserved(), recorded, used)
    parts = {what: size / 1e6 for what, size in found.items()}
    return (Figure(name=name, title=title, unit="MB", samples=(sum(parts.values()),), parts=parts),)


def _pools() -> list[GraphPool]:
    """Return the size of all memory pools of CUDA graphs."""
    from voicestream.workers.inference.cuda_graphs import GraphPool

    return [found for found in gc.get_objects() if isinstance(found, GraphPool)]
