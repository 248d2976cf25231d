"""Values that shells complete: languages, engines, voices, models, workers.

A shell asks with every press of the key, so everything is imported late, and errors give no values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from click.shell_completion import CompletionItem

from voicestream.errors import VoicestreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    Values = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

HELP_CHARACTERS: Final = 60


def _values(list_values: Callable[[click.Context], Iterable[tuple[str, str]]], more: str = "") -> Values:
    """Return a completion function.

    Args:
        list_values: returns values and their descriptions.
        more: ``file`` or ``dir`` if these are values, too.
    """

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del parameter
        try:
            found = list(list_values(context))
        except VoicestreamError:
            found = []
        items = [
            CompletionItem(value, help=text[:HELP_CHARACTERS] or None)
            for value, text in found
            if value.casefold().startswith(incomplete.casefold())
        ]
        return items if items or not more else [CompletionItem(incomplete, type=more)]

    return complete


def _languages(_: click.Context) -> Iterable[tuple[str, str]]:
    from voicestream.config import languages

    return [(language.tag, language.name) for language in languages.known()]


def _synthesizers(_: click.Context) -> Iterable[tuple[str, str]]:
    from voicestream.engines import registry

    return [("auto", ""), *((name, "") for name in registry.names(registry.SYNTHESIZERS))]


def _translators(_: click.Context) -> Iterable[tuple[str, str]]:
    from voicestream.engines import registry

    return [("auto", ""), *((name, "") for name in registry.names(registry.TRANSLATORS))]


def _voices(context: click.Context) -> Iterable[tuple[str, str]]:
    """Own voices, and those of the engine that was named or of all."""
    from voicestream.config.engine_settings import AUTO
    from voicestream.engines import registry

    engine = str(context.params.get("tts") or AUTO)
    models = str(context.params.get("models") or "")
    for spec in registry.specs(registry.SYNTHESIZERS):
        if engine in (AUTO, spec.name):
            yield from ((name, spec.title) for name in spec.voices(models).names)
    yield from _own_voices(context)


def _own_voices(_: click.Context) -> Iterable[tuple[str, str]]:
    from voicestream.voices.voice_store import VoiceStore

    return [(voice.name, "your own") for voice in VoiceStore().voices()]


def _models(_: click.Context) -> Iterable[tuple[str, str]]:
    from voicestream.models import catalogue

    return [(name, model.title) for name, model in catalogue.catalogue().items()]


def _installed_models(_: click.Context) -> Iterable[tuple[str, str]]:
    from voicestream.models.location import directory
    from voicestream.models.model_store import ModelStore

    return [(entry.name, "") for entry in ModelStore(directory()).entries()]


def _voice_models(_: click.Context) -> Iterable[tuple[str, str]]:
    from voicestream.engines import registry

    specs = registry.specs(registry.SYNTHESIZERS)
    return [(spec.name, spec.title) for spec in specs if spec.models]


def _outputs(_: click.Context) -> Iterable[tuple[str, str]]:
    return [("speakers", "the sound device"), ("null", "no sound")]


def _nothing(_: click.Context) -> Iterable[tuple[str, str]]:
    return []


def workers(roles: Iterable[str]) -> Values:
    """Return the completion of ``ROLE[:ENGINE]``."""

    def list_workers(context: click.Context) -> Iterable[tuple[str, str]]:
        engines = {"tts": _synthesizers, "translation": _translators}
        for role in roles:
            yield role, ""
            for engine, _ in engines.get(role, _nothing)(context):
                if engine != "auto":
                    yield f"{role}:{engine}", ""

    return _values(list_workers)


OWN_VOICES: Final = _values(_own_voices)
VOICE_MODELS: Final = _values(_voice_models)
LANGUAGES: Final = _values(_languages)
MODELS: Final = _values(_models)
INSTALLED_MODELS: Final = _values(_installed_models)
VOICES: Final = _values(_voices, more="file")

OF_OPTION: Final = {
    "from": LANGUAGES,
    "to": LANGUAGES,
    "tts": _values(_synthesizers),
    "translator": _values(_translators),
    "voice": VOICES,
    "output": _values(_outputs, more="file"),
    "models": _values(_nothing, more="dir"),
    "events": _values(_nothing, more="file"),
    "captions-file": _values(_nothing, more="file"),
    "compute": _values(lambda _: [(name, "") for name in ("auto", "cpu", "cuda", "mps")]),
}
"""Values of the options of a session that are no choice, by flag without dashes."""
