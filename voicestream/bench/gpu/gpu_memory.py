"""How much memory of a GPU a process has, and for what."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.figures import Figure

if TYPE_CHECKING:
    from voicestream.workers.inference.cuda_graphs import Pool

_ASKING: Final = ("--query-gpu=memory.used", "--format=csv,noheader,nounits")
_MIB: Final = 1 << 20


def used_bytes() -> int | None:
    """What all processes together have of the first GPU that we may use; None: nobody tells."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    asked = subprocess.run([program, *_ASKING, f"--id={first}"], capture_output=True, text=True, check=False)
    number = asked.stdout.strip()
    return int(number) * _MIB if asked.returncode == 0 and number.isdecimal() else None


def shares(allocated: int, reserved: int, recorded: int, used: int | None) -> dict[str, int]:
    """What bytes of a process are for, by name.

    Args:
        allocated: that torch has given out.
        reserved: that torch has taken from the GPU, those it gave out among them.
        recorded: by which recordings have made ``reserved`` larger.
        used: by all of the process, as the GPU sees it; None: nobody tells.
    """
    # Of what is set aside for recordings some is in use between them, and counted there.
    recorded = min(recorded, reserved - allocated)
    found = {"weights and caches": allocated, "recordings": recorded, "set aside": reserved - allocated - recorded}
    if used is not None:
        found["CUDA itself"] = used - reserved
    return found


def figure(name: str, title: str, before: int | None) -> tuple[Figure, ...]:
    """What this process has now; nothing where there is no GPU.

    Args:
        name: of the figure.
        title: for people.
        before: what all processes together had before this one came; None: nobody knows, so what CUDA itself takes is
            not in it.
    """
    torch: Any = importlib.import_module("torch")
    if not torch.cuda.is_initialized():
        return ()
    gc.collect()
    torch.cuda.synchronize()
    now = used_bytes()
    used = None if before is None or now is None else now - before
    recorded = sum(pool.bytes for pool in _pools())
    found = shares(torch.cuda.memory_allocated(), torch.cuda.memory_reserved(), recorded, used)
    parts = {what: size / 1e6 for what, size in found.items()}
    return (Figure(name=name, title=title, unit="MB", samples=(sum(parts.values()),), parts=parts),)


def _pools() -> list[Pool]:
    """All memory for recordings, whoever has it."""
    from voicestream.workers.inference.cuda_graphs import Pool

    return [found for found in gc.get_objects() if isinstance(found, Pool)]
