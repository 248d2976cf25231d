"""Fingerprint of a voice engine: equal for two servers if they make equal samples of equal requests."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voicestream import __version__
from voicestream.models import manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestream.engines.spec import EngineSpec

ALWAYS: Final = ("numpy", "soxr", "espeakng-loader")
"""Distributions that take part in any sound."""

_DIGITS: Final = 16
_CPU_FILE: Final = Path("/proc/cpuinfo")


def of_engine(spec: EngineSpec, device: str, models: Path) -> str:
    """Return the fingerprint of a loaded engine, at most 200 printable ASCII characters.

    Args:
        spec: of the engine.
        device: on which it computes.
        models: directory of models, or one model.
    """
    facts = [*_versions(spec), *_weights(spec, models), *_machine(spec, device)]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:_DIGITS]
    return f"{spec.name[:80]}/{__version__}/{device.partition(':')[0][:20]}/{digest}"


def _versions(spec: EngineSpec) -> Iterator[str]:
    """Yield the versions of all packages that take part."""
    yield f"voicestream {__version__}"
    named: set[str] = set()
    if spec.packages:
        owners = importlib.metadata.packages_distributions()
        named = {owner for module in spec.packages for owner in owners.get(module.partition(".")[0], ())}
    for name in sorted({*named, *ALWAYS}):
        try:
            yield f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"{name} is not installed"


def _weights(spec: EngineSpec, models: Path) -> Iterator[str]:
    """Yield the files of the engine's models, by the hashes in their manifests, else by their sizes."""
    for directory in (models, *(models / model.name for model in spec.models)):
        found = manifest.read(directory) if directory.is_dir() else None
        if found is not None:
            yield from (f"{found.name}/{name} {one.sha256}" for name, one in sorted(found.files.items()))
        elif directory != models and directory.is_dir():
            yield from (f"{one.name} {one.stat().st_size}" for one in sorted(directory.iterdir()) if one.is_file())


def _machine(spec: EngineSpec, device: str) -> Iterator[str]:
    """Yield the kind of processor and, on a GPU, its name: libraries choose their kernels by it."""
    yield f"{platform.system()} {platform.machine()}"
    if not spec.packages:
        return
    yield _processor()
    torch = sys.modules.get("torch")
    if torch is not None and device.startswith("cuda"):
        yield str(torch.cuda.get_device_name(device))


def _processor() -> str:
    """Return the model of the processor; empty if the system does not tell."""
    try:
        lines = _CPU_FILE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
