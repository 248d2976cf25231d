"""Way prompt of ``setup``: the light way, small models for any use, or the heavy one, with sizes and licences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from voicestream.cli.prompts import show
from voicestream.engines import registry
from voicestream.errors import ConfigurationError, UsageError
from voicestream.models import catalogue, licences, light_setup
from voicestream.models.catalogue import format_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicestream.cli.prompts import Ask
    from voicestream.config.languages import Language
    from voicestream.engines.model import Model
    from voicestream.engines.spec import EngineSpec
    from voicestream.models.light_setup import Part

LIGHT: Final = "light"
HEAVY: Final = "heavy"


@dataclass(frozen=True)
class LightWay:
    """Engines of the light way."""

    language: Language
    translator: Part | None
    """None: the language is English, or no light translator has it."""
    voice: Part | None
    """Human voice to set up; None: there is none, or one is ready."""
    ready_voice: EngineSpec | None
    """Human voice that is ready."""

    @classmethod
    def of(cls, language: Language, may_use: Callable[[Model], bool]) -> LightWay:
        """Return the light way for a language.

        Args:
            language: language to be heard.
            may_use: returns whether a model can be had.
        """
        translates = language.base != "en"
        ready = light_setup.ready_voice(language)
        return cls(
            language,
            light_setup.translator(language, may_use) if translates else None,
            None if ready else light_setup.voice(language, may_use),
            ready,
        )

    @property
    def is_complete(self) -> bool:
        """Return whether it makes the language heard; English needs no translator, but a human voice."""
        return self.translator is not None or (
            self.language.base == "en" and (self.voice or self.ready_voice) is not None
        )

    @property
    def parts(self) -> list[Part]:
        """Return what is to be set up, the translator first."""
        return [part for part in (self.translator, self.voice) if part is not None]

    def lines(self) -> list[str]:
        """Return the lines that describe it."""
        spoken = _described(self.voice) if self.voice else _already(self.ready_voice, self.language)
        translated = [f"translate  {_described(self.translator)}"] if self.translator else []
        return [*translated, f"speak      {spoken}"]


def heavy_models(language: Language) -> list[Model]:
    """Return the models of the heavy way for a language: those whose licence is to be accepted, translators first."""
    sizes = [] if language.base == "en" else catalogue.translation_models()
    voices = [
        model
        for spec in catalogue.voice_engines_with_models()
        for model in (catalogue.voice_model(spec, language.base),)
        if model is not None
    ]
    specs = {spec.name: spec for spec in registry.all_specs()}
    return [
        model
        for model in (*sizes, *voices)
        if specs[model.engine].may_speak(language.base) and not light_setup.is_for_any_use(model)
    ]


def heavy_lines(language: Language) -> list[str]:
    """Return the lines that describe the heavy way; none: there is nothing for the language."""
    models = heavy_models(language)
    translators = {spec.name: spec for spec in registry.specs(registry.TRANSLATORS)}
    sizes = [model for model in models if model.engine in translators]
    lines: list[str] = []
    if sizes:
        least = min(sizes, key=lambda model: model.download_bytes)
        lines.append(f"translate  {_heavy(least, f'{translators[least.engine].title}, from')}")
    return [*lines, *(f"speak      {_heavy(model, f'{model.title},')}" for model in models if model not in sizes)]


def choose(light: LightWay, ask: Ask) -> str:
    """Show both ways and ask for one; returns ``LIGHT`` or ``HEAVY``.

    Only one is asked about if the other has nothing for the language.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    heavy = heavy_lines(light.language)
    if not light.is_complete:
        show(f"\nNo light model has {light.language.name}. The heavy way:", *(f"  {line}" for line in heavy))
        return HEAVY
    show(f"\nTo hear {light.language.name}, for any use and without a GPU ({LIGHT}, recommended):")
    show(*(f"  {line}" for line in light.lines()))
    if not heavy:
        return LIGHT
    show(f"Bigger models, slow without a GPU, each with a licence to accept ({HEAVY}):")
    show(*(f"  {line}" for line in heavy))

    def chosen(answer: str) -> str:
        if answer not in (LIGHT, HEAVY):
            raise UsageError(f'there is no way "{answer}"', hint=f"There is {LIGHT} and {HEAVY}.")
        return answer

    return ask(f"Which way ({LIGHT}, {HEAVY})?", LIGHT, chosen)


def check_packages(parts: list[Part], language: Language, again: str, *, downloads: bool) -> None:
    """Check that the packages of all engines are installed, before anything is downloaded.

    Args:
        parts: engines to set up.
        language: language to be heard.
        again: the command to type afterwards.
        downloads: models come from the network.

    Raises:
        ConfigurationError: some are missing; the hint has the commands that install them.
    """
    lacking = {part: part.lacking(language.base, downloads=downloads) for part in parts}
    commands = dict.fromkeys(part.spec.install for part, names in lacking.items() if names)
    if not commands:
        return
    what = "; ".join(f"{part.spec.title} needs {', '.join(names)}" for part, names in lacking.items() if names)
    raise ConfigurationError(f"{what}, not installed here", hint="\n     ".join(commands) + f"\nThen: {again}")


def _described(part: Part) -> str:
    if part.model is None:
        return f"{part.title}, in its package, {part.spec.weights_licence}".rstrip(", ")
    return f"{part.title}, {format_size(part.model.download_bytes)}, {licences.find(part.model.licence).name}"


def _already(ready: EngineSpec | None, language: Language) -> str:
    if ready is not None:
        return f"{ready.title}, which is ready"
    built_in = light_setup.built_in_voice(language)
    return f"{built_in.title}, built in, in a robot's voice" if built_in else "-"


def _heavy(model: Model, title: str) -> str:
    licence = licences.find(model.licence)
    return f"{title} {format_size(model.download_bytes)}, {licence.id}: not for commercial purposes"
