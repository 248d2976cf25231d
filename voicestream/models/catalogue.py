"""Which models there are to be had: names, sizes, licences, and which files of a repository are needed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from voicestream.errors import UsageError, VoicestreamError
from voicestream.models.files import leads_inside

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
    title: str
    """What people call it."""
    engine: str
    """Name of the translator or synthesizer that runs it."""
    licence: str
    """Its id in ``licences.LICENCES``."""
    repository: str
    """On the hub: ``facebook/nllb-200-distilled-600M``."""
    required: tuple[str, ...]
    """Files without which it is of no use; a pattern stands for at least one."""
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
    also_at: tuple[str, ...] = ()
    """Repositories with the same files, from which other programs may have fetched it."""
    languages: frozenset[str] = frozenset()
    """Of a voice: what it speaks, without script and region."""


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


VOICE_MODELS: Final = {
    model.engine: model
    for model in (
        Model(
            name="xtts-v2",
            title="XTTS v2",
            engine="xtts",
            licence="cpml",
            repository="coqui/XTTS-v2",
            required=("config.json", "speakers_xtts.pth", "vocab.json"),
            optional=("LICENSE.txt", "hash.md5"),
            weights=(("model.pth",),),
            download_bytes=1_876_000_000,
            disk_bytes=1_876_000_000,
            memory_bytes=1_100_000_000,
            also_at=("tts-hub/XTTS-v2",),  # where coqui-tts fetches it
            languages=frozenset("ar cs de en es fr hi hu it ja ko nl pl pt ru tr zh".split()),
        ),
        Model(
            name="kokoro-82m-v1.0",
            title="Kokoro",
            engine="kokoro",
            licence="apache-2.0",
            repository="onnx-community/Kokoro-82M-v1.0-ONNX",
            required=("config.json", "tokenizer.json", "voices/*.bin"),
            optional=(),
            # In 8 bits it is a quarter of that, noisier, and slower where a processor cannot multiply these itself.
            weights=(("onnx/model.onnx",), ("onnx/model_quantized.onnx",)),
            download_bytes=354_000_000,
            disk_bytes=354_000_000,
            memory_bytes=900_000_000,
            languages=frozenset("en es fr hi it ja pt zh".split()),
        ),
    )
}
"""The voices there are to be fetched, by the name of the engine, the better one first."""


def _catalogue() -> dict[str, Model]:
    found: dict[str, Model] = {}
    for size in _SIZES:
        original = Model(
            name=size.name,
            title="NLLB-200",
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
            title=original.title,
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
    return found | {model.name: model for model in VOICE_MODELS.values()}


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


def for_voice(engine: str) -> Model:
    """The model of a voice engine.

    Raises:
        UsageError: none is to be fetched for an engine of that name.
    """
    if engine not in VOICE_MODELS:
        raise UsageError(f'there is no voice model "{engine}"', hint=f"There is {', '.join(VOICE_MODELS)}, and none.")
    return VOICE_MODELS[engine]


def choose_files(model: Model, names: Iterable[str]) -> list[str]:
    """Which of the files of a repository are needed, sorted.

    Those of a sub-directory only where the model's own names say so, and never one that leads elsewhere.

    Raises:
        VoicestreamError: something without which the model is of no use is not there.
    """
    there = sorted(name for name in names if leads_inside(name))
    required = {pattern: _of_pattern(pattern, there) for pattern in model.required}
    missing = [pattern for pattern, found in required.items() if not found]
    weights: list[str] = []
    for patterns in model.weights:
        weights = [name for pattern in patterns for name in _of_pattern(pattern, there)]
        if any(not name.endswith(".json") for name in weights):
            break
    else:
        missing.append("weights")
    if missing:
        raise VoicestreamError(
            f"{model.repository} on the hub has no {', '.join(missing)}",
            hint="If HF_ENDPOINT names a mirror, it may be incomplete: unset it and type the same command again.",
        )
    chosen = [name for found in required.values() for name in found]
    return sorted({*chosen, *weights, *(name for name in model.optional if name in there)})


def _of_pattern(pattern: str, names: Sequence[str]) -> list[str]:
    """The names that a pattern stands for; its star does not lead into a sub-directory."""
    return [name for name in names if name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)]


def in_words(size_bytes: int) -> str:
    """A size for people: ``2.5 GB``, ``17 MB``, ``900 bytes``."""
    for unit, name in ((GB, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} bytes"
