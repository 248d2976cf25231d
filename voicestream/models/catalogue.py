"""Which models there are to be had: names, sizes, licences, and which files of a repository are needed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from voicestream.errors import UsageError, VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GB: Final = 1_000_000_000
INT8_SUFFIX: Final = "-int8"
COMPUTES: Final = ("cpu", "mps", "cuda")
"""Where a model may run: the processor, an Apple GPU, an NVIDIA (or ROCm) GPU."""


@dataclass(frozen=True)
class Model:
    """One model, under the name of its directory."""

    name: str
    engine: str
    """Name of the translator or synthesizer that runs it."""
    licence: str
    """Its id in ``licences.LICENCES``."""
    repository: str
    """On the hub: ``facebook/nllb-200-distilled-600M``."""
    required: tuple[str, ...]
    """Files without which it is of no use."""
    optional: tuple[str, ...]
    """Files that are taken if the repository has them."""
    weights: tuple[tuple[str, ...], ...]
    """Patterns of the weights' files, by preference: the first set of which the repository has something is taken."""
    download_bytes: int
    """About what the hub sends."""
    disk_bytes: int
    """About what it takes once it is installed."""
    memory_bytes: int
    """About what it takes while it runs where it is meant to run."""
    original: str | None = None
    """The name of the model from which this one is converted."""


@dataclass(frozen=True)
class _Size:
    """One size of NLLB-200; bytes are computed from the number of parameters, but for the files on the hub."""

    name: str
    parameters: int
    download_bytes: int


_SIZES: Final = (
    _Size("nllb-200-distilled-600M", 615_000_000, 2_480_000_000),
    _Size("nllb-200-distilled-1.3B", 1_370_000_000, 5_500_000_000),
    _Size("nllb-200-1.3B", 1_370_000_000, 5_500_000_000),
    _Size("nllb-200-3.3B", 3_340_000_000, 17_600_000_000),
)

QUALITIES: Final = {
    "small": "nllb-200-distilled-600M",
    "medium": "nllb-200-distilled-1.3B",
    "large": "nllb-200-3.3B",
}
"""What ``setup --quality`` calls the sizes; the names themselves are understood, too."""

MEDIUM_GPU_BYTES: Final = 6 * GB
"""Memory of a GPU from which on the medium size is recommended: its weights take half of it."""

_RUNNING_BYTES: Final = 350_000_000
"""What a translator takes beside its weights; 928 MB were measured for the smallest one in int8."""

_TOKENIZER_BYTES: Final = 17_000_000


def _catalogue() -> dict[str, Model]:
    found: dict[str, Model] = {}
    for size in _SIZES:
        original = Model(
            name=size.name,
            engine="nllb",
            licence="cc-by-nc-4.0",
            repository=f"facebook/{size.name}",
            required=("config.json", "tokenizer.json", "tokenizer_config.json"),
            optional=("generation_config.json", "special_tokens_map.json"),
            weights=(
                ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json"),
                ("pytorch_model.bin", "pytorch_model-*.bin", "pytorch_model.bin.index.json"),
            ),
            download_bytes=size.download_bytes,
            disk_bytes=size.download_bytes,
            memory_bytes=2 * size.parameters + _RUNNING_BYTES,
        )
        converted = Model(
            name=size.name + INT8_SUFFIX,
            engine="nllb-ct2",
            licence=original.licence,
            repository=original.repository,
            required=original.required,
            optional=original.optional,
            weights=original.weights,
            download_bytes=original.download_bytes,
            disk_bytes=size.parameters + _TOKENIZER_BYTES,
            memory_bytes=size.parameters + _RUNNING_BYTES,
            original=original.name,
        )
        found |= {original.name: original, converted.name: converted}
    return found


CATALOGUE: Final = _catalogue()
"""By name."""


def find(name: str) -> Model:
    """The model of a name.

    Raises:
        UsageError: there is none; the hint has the nearest name, or all of them.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    lowered = {known.lower(): known for known in CATALOGUE}
    near = difflib.get_close_matches(name.lower(), lowered, n=1)
    hint = f"Did you mean {lowered[near[0]]}?" if near else f"There are {', '.join(CATALOGUE)}."
    raise UsageError(f'there is no model "{name}"', hint=hint)


def for_quality(quality: str, compute: str) -> Model:
    """The model of a quality (``small``, or the name of a size) for where it is to run: on a processor, converted.

    Raises:
        UsageError: there is no such quality.
    """
    name = QUALITIES.get(quality, quality)
    if name not in {size.name for size in _SIZES}:
        raise UsageError(
            f'there is no quality "{quality}"',
            hint=f"There are {', '.join(QUALITIES)}, and by name {', '.join(size.name for size in _SIZES)}.",
        )
    return CATALOGUE[name + INT8_SUFFIX if compute == "cpu" else name]


def recommended(compute: str, memory_bytes: int | None) -> str:
    """The quality that fits a device; ``memory_bytes`` is that of a GPU, None where it is not known."""
    if compute == "cuda" and memory_bytes is not None and memory_bytes >= MEDIUM_GPU_BYTES:
        return "medium"
    return "small"


def choose_files(model: Model, names: Iterable[str]) -> list[str]:
    """Which of the files of a repository are needed, sorted. Names with a directory in them never are.

    Raises:
        VoicestreamError: something without which the model is of no use is not there.
    """
    there = sorted(name for name in names if "/" not in name)
    missing = [name for name in model.required if name not in there]
    weights: Sequence[str] = ()
    for patterns in model.weights:
        weights = [name for name in there if any(fnmatchcase(name, pattern) for pattern in patterns)]
        if any(not name.endswith(".json") for name in weights):
            break
    else:
        missing.append("weights")
    if missing:
        raise VoicestreamError(
            f"{model.repository} on the hub has no {', '.join(missing)}",
            hint="If HF_ENDPOINT names a mirror, it may be incomplete: unset it and type the same command again.",
        )
    return sorted({*model.required, *weights, *(name for name in model.optional if name in there)})


def in_words(size_bytes: int) -> str:
    """A size for people: ``2.5 GB``, ``17 MB``, ``900 bytes``."""
    for unit, name in ((GB, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} bytes"
