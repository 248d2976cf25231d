"""Light setup of a language: engines for any use that need no GPU, chosen by their specs, smallest download first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from voicestream.engines import registry
from voicestream.errors import UsageError
from voicestream.models import catalogue, directions, licences, packages

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.config.languages import Language
    from voicestream.engines.model import Model
    from voicestream.engines.spec import EngineSpec


class Part(NamedTuple):
    """An engine, and the model to download for it."""

    spec: EngineSpec
    model: Model | None
    """None: its weights come with its packages."""

    @property
    def download_bytes(self) -> int:
        """Return the size of the download, without packages."""
        return self.model.download_bytes if self.model else 0

    @property
    def title(self) -> str:
        """Return the name for people."""
        return self.model.title if self.model else self.spec.title

    def lacking(self, base: str, *, downloads: bool) -> list[str]:
        """Return the modules it needs that are not installed.

        Args:
            base: base language to be heard.
            downloads: the model comes from the network, not from a directory.
        """
        needs_hub = downloads and self.model is not None and not self.model.files
        names = (*self.spec.packages, *self.spec.packages_for(base), *(packages.FETCHING if needs_hub else ()))
        return [name for name in names if not packages.is_installed(name)]


def anything(_model: Model) -> bool:
    """Accept every model."""
    return True


def translator(language: Language, may_use: Callable[[Model], bool] = anything) -> Part | None:
    """Return the translator from English for any use with the smallest model; None if there is none.

    Args:
        language: target language.
        may_use: returns whether a model can be had.
    """
    try:
        direction = (directions.PIVOT, directions.code(language.tag))
    except UsageError:  # a script that models of single directions do not know
        direction = None
    found = [
        Part(spec, model)
        for spec in registry.specs(registry.TRANSLATORS)
        for model in spec.models
        if (model.direction == direction if model.direction else spec.may_speak(language.base))
        and is_for_any_use(model)
        and may_use(model)
    ]
    return min(found, key=partial(_order, language.base), default=None)


def voice(language: Language, may_use: Callable[[Model], bool] = anything) -> Part | None:
    """Return the human voice for any use: one whose packages are installed, of these the smallest; None: there is none.

    Args:
        language: language to be spoken.
        may_use: returns whether a model can be had.
    """
    found: list[Part] = []
    for spec in registry.chosen_by_auto(registry.SYNTHESIZERS, uses_gpu=False):
        if spec.is_built_in or not spec.may_speak(language.base):
            continue
        if not spec.models and spec.languages:
            found.append(Part(spec, None))
        offered = [one for one in spec.models if one.language == language.tag] or [
            one for one in (catalogue.voice_model(spec, language.base),) if one is not None
        ]
        found += [Part(spec, one) for one in offered[:1] if is_for_any_use(one) and may_use(one)]
    return min(found, key=partial(_order, language.base), default=None)


def ready_voice(language: Language) -> EngineSpec | None:
    """Return the human voice that ``auto`` would choose for a language as things are; None if there is none."""
    ranked = registry.chosen_by_auto(registry.SYNTHESIZERS, uses_gpu=False, language=language.base)
    found = (one for one in ranked if one.may_speak(language.base) and packages.is_ready(one, "", language.base))
    best = next(found, None)
    return None if best is None or best.is_built_in else best


def built_in_voice(language: Language) -> EngineSpec | None:
    """Return the voice that needs no download; None if none speaks the language."""
    specs = registry.specs(registry.SYNTHESIZERS)
    return next((one for one in specs if one.is_built_in and one.may_speak(language.base)), None)


def is_spoken(language: Language) -> bool:
    """Return whether a voice engine speaks a language, or would with a model to download."""
    if built_in_voice(language) or voice(language) or ready_voice(language):
        return True
    return any(
        spec.may_speak(language.base) and catalogue.voice_model(spec, language.base)
        for spec in catalogue.voice_engines_with_models()
    )


def is_for_any_use(model: Model) -> bool:
    """Return whether the licence of a model asks nothing of its users."""
    return not licences.find(model.licence).must_be_accepted


def _order(base: str, part: Part) -> tuple[bool, int, int]:
    return (not packages.has_all(part.spec, base), part.download_bytes, -part.spec.rank)
