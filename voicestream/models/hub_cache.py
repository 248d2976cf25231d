"""Weights in the cache of huggingface_hub, downloaded by other programs.

They are used if the user has accepted their licence here and has set up no others; nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voicestream.errors import EngineNotReadyError
from voicestream.models import licences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicestream.engines.model import Model


def snapshots(models: Iterable[Model]) -> list[Path]:
    """Return the cache directories of these models as published, in the same order.

    Raises:
        EngineNotReadyError: one is in the cache, and its licence was not accepted.
    """
    try:
        from huggingface_hub import constants  # noqa: PLC0415 - not installed everywhere
    except ImportError:
        return []  # without the package, nothing was downloaded with it
    models = [model for model in models if any(_is_cached(constants.HF_HUB_CACHE, name) for name in _names_of(model))]
    if not models:
        return []
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - slow: it imports the download code

    found: list[Path] = []
    for model in models:
        files = (try_to_load_from_cache(name, "config.json") for name in _names_of(model))
        file = next((file for file in files if isinstance(file, str)), None)
        if file is None:
            continue
        place = Path(file).parent
        licence = licences.find(model.licence)
        if not licences.is_accepted(licence):
            raise EngineNotReadyError(
                f"there are {model.title} weights in {place}, and you have not accepted their licence here "
                f"({licence.name})",
                hint="voicestream setup   (what is there is not fetched again)",
            )
        found.append(place)
    return found


def _names_of(model: Model) -> tuple[str, ...]:
    return (model.repository, *model.also_at)


def _is_cached(cache: str, name: str) -> bool:
    """Return whether the cache has a directory for a repository."""
    return Path(cache, f"models--{name.replace('/', '--')}").is_dir()
