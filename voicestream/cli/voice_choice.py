"""Which voice ``setup`` fetches: asked for, with sizes and licences, or said by an option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from voicestream.errors import UsageError
from voicestream.models import catalogue, licences, packages
from voicestream.models.catalogue import VOICE_MODELS, in_words
from voicestream.models.store import Store, directory

if TYPE_CHECKING:
    from voicestream.cli.questions import Ask
    from voicestream.languages import Language
    from voicestream.models.catalogue import Model

NONE: Final = "none"

option = click.option(
    "--voice-model",
    metavar=f"{'|'.join(VOICE_MODELS)}|{NONE}",
    help="The voice to fetch. xtts: 17 languages, clones voices, not for commercial purposes; kokoro: small, for any.",
)


def understand(answer: str, language: Language) -> Model | None:
    """The model that is meant; None for none.

    Raises:
        UsageError: there is no such voice, or it does not speak the language.
    """
    if answer == NONE:
        return None
    model = catalogue.for_voice(answer)
    if language.base not in model.languages:
        raise UsageError(
            f"{model.title} does not speak {language.name}",
            hint=f"Try: --voice-model {_best(language)}",
        )
    return model


def propose(language: Language, ask: Ask | None) -> Model | None:
    """The voice where no option named one: what is answered, or nothing where nobody is asked.

    No voice is fetched unasked: each is a licence, and a gigabyte, of its own.
    """
    spoken = [model for model in VOICE_MODELS.values() if language.base in model.languages]
    if not spoken or any(Store(directory()).installed(model.name) is not None for model in spoken):
        return None
    if ask is None:
        names = " or ".join(f"--voice-model {model.engine}" for model in spoken)
        click.echo(
            f"voicestream: espeak-ng will speak {language.name}, in a robot's voice. For a better one, add: {names}",
            err=True,
        )
        return None
    click.echo("\nespeak-ng speaks without any download, in a robot's voice. Better ones:", err=True)
    best = _best(language)
    for model in spoken:
        click.echo(f"  {_line(model)}{', recommended' if model.engine == best else ''}", err=True)
    return ask("Which voice (or none)?", best, lambda answer: understand(answer, language))


def _best(language: Language) -> str:
    """What to recommend: the best that speaks the language and lacks nothing but its weights."""
    for engine, model in VOICE_MODELS.items():
        if language.base in model.languages and packages.can_speak(engine):
            return engine
    return NONE


def _line(model: Model) -> str:
    licence = licences.find(model.licence)
    terms = "not for commercial purposes" if licence.must_be_accepted else "for any purpose"
    lacking = "" if packages.can_speak(model.engine) else f"; first: {packages.SPEAKING[model.engine][1]}"
    return (
        f"{model.engine:8} {model.title:8} download {in_words(model.download_bytes):>8}, on disk "
        f"{in_words(model.disk_bytes):>8}, memory {in_words(model.memory_bytes):>8}, {terms}{lacking}"
    )
