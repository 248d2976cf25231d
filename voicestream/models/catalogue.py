"""Model catalogue: names, sizes and licences of downloadable models, and the files needed of a repository."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from voicestream.atomic_files import is_safe_name
from voicestream.engines import registry
from voicestream.errors import UsageError, VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from voicestream.engines.model import Model
    from voicestream.engines.spec import SynthesizerSpec

GB: Final = 1_000_000_000
COMPUTES: Final = ("cpu", "mps", "cuda")
"""Compute devices of a model: processor, Apple GPU, NVIDIA (or ROCm) GPU."""


MEDIUM_GPU_BYTES: Final = 6 * GB
"""GPU memory from which the medium size is recommended; its weights take half of it."""


def catalogue() -> dict[str, Model]:
    """Return the models of all installed engines by name: those of translators first, each before its conversions."""
    models = [model for spec in registry.all_specs() for model in spec.models]
    originals = [model for model in models if model.original is None]
    return {
        model.name: model
        for original in originals
        for model in (original, *(made for made in models if made.original == original.name))
    }


def translation_models() -> list[Model]:
    """Return the models of translators for any pair of languages, in the order of ``catalogue``."""
    translators = registry.specs(registry.TRANSLATORS)
    names = {model.name for spec in translators for model in spec.models}
    return [model for model in catalogue().values() if model.name in names and model.direction is None]


def qualities() -> dict[str, str]:
    """Return model names by value of ``setup --quality``; the names themselves are accepted, too."""
    return {model.quality: model.name for model in translation_models() if model.quality and model.original is None}


def for_direction(quality: str, source: str, target: str) -> list[Model]:
    """Return the models of a quality that translate one direction.

    Args:
        quality: value of ``setup --quality``.
        source: base language.
        target: base language.

    Raises:
        UsageError: there is no model of the direction.
    """
    offered = [model for model in catalogue().values() if model.direction and model.quality == quality]
    found = [model for model in offered if model.direction == (source, target)]
    if not found:
        targets = sorted(model.direction[1] for model in offered if model.direction and model.direction[0] == source)
        titles = " or ".join(dict.fromkeys(model.title for model in offered)) or f'the quality "{quality}"'
        raise UsageError(
            f"{titles} does not translate from {source} to {target}",
            hint=f"There is {', '.join(targets)}. Without --quality another translator is taken.",
        )
    return found


def find(name: str) -> Model:
    """Return the model of a name.

    Raises:
        UsageError: there is none; the hint has the nearest name, or all of them.
    """
    models = catalogue()
    if name in models:
        return models[name]
    lowered = {known.lower(): known for known in models}
    near = difflib.get_close_matches(name.lower(), lowered, n=1)
    hint = f"Did you mean {lowered[near[0]]}?" if near else f"There are {', '.join(_shown(models.values()))}."
    raise UsageError(f'there is no model "{name}"', hint=hint)


def _shown(models: Iterable[Model]) -> list[str]:
    """Return the names of models; of those of one engine for single directions one stands for all."""
    shown: dict[object, str] = {}
    for model in models:
        has_siblings = model.direction is not None or bool(model.language)
        shown.setdefault(model.engine if has_siblings else model.name, model.name)
    return list(shown.values())


def for_quality(quality: str, compute: str) -> Model:
    """Return the model of a quality (``small``, or the name of a size); on a processor, the converted one.

    Raises:
        UsageError: there is no such quality.
    """
    models = translation_models()
    words = qualities()
    sizes = {model.name: model for model in models if model.original is None}
    size = sizes.get(words.get(quality, quality))
    if size is None:
        light = dict.fromkeys(model.quality for model in catalogue().values() if model.direction)
        raise UsageError(
            f'there is no quality "{quality}"',
            hint=f"There are {', '.join([*light, *words])}, and by name {', '.join(sizes)}.",
        )
    converted = [model for model in models if model.original == size.name]
    return converted[0] if compute == "cpu" and converted else size


def recommended(compute: str, memory_bytes: int | None) -> str:
    """Return the recommended quality for a device; ``memory_bytes``: GPU memory, None if unknown."""
    if compute == "cuda" and memory_bytes is not None and memory_bytes >= MEDIUM_GPU_BYTES:
        return "medium"
    return "small"


def for_voice(answer: str, language: str = "") -> Model:
    """Return the model of ``ENGINE``, or of one of its voices: ``ENGINE:VOICE``.

    Args:
        answer: value of ``setup --voice-model``.
        language: base language; where an engine has a model for each, the first for this one is taken. Empty = any.

    Raises:
        UsageError: there is no such engine, no such voice, or no voice for the language.
    """
    engine, colon, voice = answer.partition(":")
    specs = {spec.name: spec for spec in voice_engines_with_models()}
    if engine not in specs:
        raise UsageError(f'there is no voice model "{answer}"', hint=f"There is {', '.join(specs)}, and none.")
    models = specs[engine].models
    if colon:
        names = {model.name.removeprefix(f"{engine}-").lower(): model for model in models}
        if voice.lower() not in names:
            nearest = difflib.get_close_matches(voice.lower(), names, n=1)
            guess = f"Did you mean {engine}:{names[nearest[0]].name.removeprefix(f'{engine}-')}? " if nearest else ""
            shown = ", ".join(model.name.removeprefix(f"{engine}-") for model in models)
            raise UsageError(f'{specs[engine].title} has no voice model "{voice}"', hint=f"{guess}There is {shown}.")
        return names[voice.lower()]
    found = voice_model(specs[engine], language)
    if found is None:
        raise UsageError(
            f"there is no voice model of {specs[engine].title} for {language}",
            hint=f"There is one for {', '.join(sorted({base_of(model) for model in models}))}.",
        )
    return found


def voice_model(spec: SynthesizerSpec, language: str) -> Model | None:
    """Return the first model of a voice engine that speaks a base language (empty = any); None if there is none."""
    return next((one for one in spec.models if not one.language or language in ("", base_of(one))), None)


def base_of(model: Model) -> str:
    """Return the base language of a model for one language."""
    return model.language.partition("-")[0]


def voice_engines_with_models() -> list[SynthesizerSpec]:
    """Return the voice engines with a downloadable model, best first."""
    return [spec for spec in registry.specs(registry.SYNTHESIZERS) if spec.models]


def choose_files(model: Model, names: Iterable[str]) -> list[str]:
    """Return the needed files of a repository, sorted.

    Files in a sub-directory count only if the model's patterns name it, and names that lead outside never do.

    Raises:
        VoicestreamError: a required file is missing.
    """
    there = sorted(name for name in names if is_safe_name(name))
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
    """Return the names that match a pattern; its star does not match a slash."""
    return [name for name in names if name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)]


def format_size(size_bytes: int) -> str:
    """Format a size for people: ``2.5 GB``, ``17 MB``, ``900 bytes``."""
    for unit, name in ((GB, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f} {name}"
    return f"{size_bytes} bytes"
