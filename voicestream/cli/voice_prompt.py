"""Voice prompt of ``setup``: choice of the voice to download, with sizes and licences, or by option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from voicestream.cli.shell import values
from voicestream.engines import registry
from voicestream.errors import UsageError
from voicestream.models import catalogue, licences, packages
from voicestream.models.catalogue import format_size
from voicestream.models.location import directory
from voicestream.models.model_store import ModelStore

if TYPE_CHECKING:
    from voicestream.cli.prompts import Ask
    from voicestream.config.languages import Language
    from voicestream.engines.model import Model
    from voicestream.engines.spec import SynthesizerSpec

NONE: Final = "none"


class _VoiceModelOption(click.Option):
    """``--voice-model``, whose help lists the installed engines, searched when the help is shown."""

    def make_metavar(self, ctx: click.Context) -> str:
        del ctx
        return f"{'|'.join(spec.name for spec in catalogue.voice_engines_with_models())}|{NONE}"

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        engines = "; ".join(
            f"{spec.name}: {spec.summary}" for spec in catalogue.voice_engines_with_models() if spec.summary
        )
        self.help = f"The voice to fetch. {engines}."
        return super().get_help_record(ctx)


option = click.option("--voice-model", cls=_VoiceModelOption, shell_complete=values.VOICE_MODELS)


def parse_answer(answer: str, language: Language) -> Model | None:
    """Return the model of an answer; None for no voice.

    Raises:
        UsageError: there is no such voice, or it does not speak the language.
    """
    if answer == NONE:
        return None
    model = catalogue.for_voice(answer, language.base)
    is_of_another = bool(model.language) and catalogue.base_of(model) != language.base
    if is_of_another or not any(spec.name == model.engine for spec in _speaking(language)):
        raise UsageError(
            f"{model.title} does not speak {language.name}",
            hint=f"Try: --voice-model {_best(language)}",
        )
    return model


def propose(language: Language, ask: Ask | None) -> Model | None:
    """Ask for the voice if no option named one; None without a terminal.

    No voice is downloaded unasked: each has a licence and a gigabyte of its own.
    """
    spoken = _speaking(language)
    models = [catalogue.voice_model(spec, language.base) for spec in spoken]
    if not spoken or any(model and ModelStore(directory()).installed(model.name) is not None for model in models):
        return None
    built_in = " or ".join(spec.title for spec in registry.specs(registry.SYNTHESIZERS) if spec.is_built_in)
    if ask is None:
        names = " or ".join(f"--voice-model {spec.name}" for spec in spoken)
        click.echo(
            f"voicestream: {built_in} will speak {language.name}, in a robot's voice. For a better one, add: {names}",
            err=True,
        )
        return None
    click.echo(f"\n{built_in} speaks without any download, in a robot's voice. Better ones:", err=True)
    best = _best(language)
    for spec in spoken:
        click.echo(f"  {_line(spec, language)}{', recommended' if spec.name == best else ''}", err=True)
    return ask("Which voice (or none)?", best, lambda answer: parse_answer(answer, language))


def _speaking(language: Language) -> list[SynthesizerSpec]:
    """Return the engines with a model that speak a language, best first."""
    specs = catalogue.voice_engines_with_models()
    return [spec for spec in specs if spec.may_speak(language.base) and catalogue.voice_model(spec, language.base)]


def _best(language: Language) -> str:
    """Return the recommended engine: the best one that speaks the language and lacks only its weights."""
    return next((spec.name for spec in _speaking(language) if packages.has_all(spec, language.base)), NONE)


def _line(spec: SynthesizerSpec, language: Language) -> str:
    model = catalogue.for_voice(spec.name, language.base)
    licence = licences.find(model.licence)
    terms = "not for commercial purposes" if licence.must_be_accepted else "for any purpose"
    lacking = "" if packages.has_all(spec, language.base) else f"; first: {spec.install}"
    return (
        f"{spec.name:8} {model.title:8} download {format_size(model.download_bytes):>8}, on disk "
        f"{format_size(model.disk_bytes):>8}, memory {format_size(model.memory_bytes):>8}, {terms}{lacking}"
    )
