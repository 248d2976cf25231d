"""Environment of a measurement: the GPU and the versions of libraries."""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any, Final

from voicestream.bench.gpu.subprocess_tasks import TaskResult
from voicestream.errors import EngineNotReadyError
from voicestream.workers.inference import device

if TYPE_CHECKING:
    from voicestream.bench.gpu.subprocess_tasks import TaskRequest

PACKAGES: Final = ("torch", "transformers", "coqui-tts", "triton", "tokenizers")


def measure(request: TaskRequest) -> TaskResult:
    """Describe the environment.

    Raises:
        EngineNotReadyError: the requested device does not exist.
    """
    torch: Any = importlib.import_module("torch")
    if request.compute.startswith("cuda") and not torch.cuda.is_available():
        raise EngineNotReadyError(
            f"torch {torch.__version__} finds no NVIDIA GPU here, so there is nothing to measure with --gpu",
            hint="Install a torch built for CUDA (https://pytorch.org), or try: voicestream bench",
        )
    chosen = device.choose(request.compute)
    details = {"device": f"{chosen.name} {chosen.dtype_name}"}
    if chosen.name.startswith("cuda"):
        properties = torch.cuda.get_device_properties(chosen.name)
        gpu = f"{properties.name}, {properties.total_memory / 1e9:.0f} GB, {torch.cuda.device_count()} in this machine"
        details |= {"gpu": gpu, "cuda": str(torch.version.cuda), "cudnn": str(torch.backends.cudnn.version())}
    details["neural packages"] = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return TaskResult(details=details)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"
