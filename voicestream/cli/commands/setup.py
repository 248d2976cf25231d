"""``voicestream setup``: download of a translation model and a voice for one language."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from voicestream.atomic_files import total_bytes
from voicestream.cli import heavy_prompt, licence_prompt, prompts, voice_prompt, way_prompt
from voicestream.cli.commands.workers import RESTART_SECONDS
from voicestream.cli.prompts import show
from voicestream.cli.shell import values
from voicestream.cli.terminal_progress import TerminalProgress
from voicestream.cli.way_prompt import LightWay
from voicestream.client import rpc
from voicestream.config import languages
from voicestream.engines import registry
from voicestream.errors import UnreachableError, UsageError, VoicestreamError
from voicestream.models import catalogue, directions, light_setup, manifest, packages
from voicestream.models.catalogue import COMPUTES
from voicestream.models.downloads import disk
from voicestream.models.light_setup import Part
from voicestream.models.location import directory
from voicestream.models.model_store import ModelStore
from voicestream.protocol.messages import RestartWorker, Status, StatusRequest, WorkerRestarted
from voicestream.protocol.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from voicestream.config.languages import Language
    from voicestream.engines.model import Model
    from voicestream.engines.spec import TranslatorSpec
    from voicestream.protocol.messages import Role

Answer = TypeVar("Answer")

EXAMPLE: Final = "voicestream setup --to ja --yes"
AGENT: Final = "claude -p … --output-format stream-json --verbose"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The options of the command."""

    compute: str | None
    quality: str | None
    voice_model: str | None
    yes: bool
    source: ModelStore | None

    @property
    def is_light(self) -> bool | None:
        """Return whether the light way was asked for; None: neither was."""
        if self.quality is not None:
            return _is_light(self.quality)
        return None if self.compute is None else False

    def can_have(self, model: Model) -> bool:
        """Return whether the model is in the directory of ``--dir``, or without that option can be downloaded."""
        if self.source is None:
            return True
        names = (model.name, *([model.original] if model.original else []))
        return any(manifest.read(self.source.path_of(name)) is not None for name in names)

    def command(self, language: Language) -> str:
        """Return the command that does the same for a language without a question."""
        typed = ["voicestream", "setup", "--to", language.tag, "--yes"]
        for option, value in (
            ("--compute", self.compute),
            ("--quality", self.quality),
            ("--voice-model", self.voice_model),
            ("--dir", None if self.source is None else str(self.source.root)),
        ):
            typed += [option, value] if value is not None else []
        return shlex.join(typed)


@click.command()
@click.option(
    "--to",
    "target",
    metavar="LANG",
    help="Language to hear: en, ja, es, pt-BR …",
    shell_complete=values.LANGUAGES,
)
@click.option("--compute", type=click.Choice(COMPUTES), help="Device of a heavy translator.  [default: detected]")
@click.option("--quality", metavar="light|small|medium|large", help="Model size, or the name of a model.")
@voice_prompt.option
@click.option("--yes", is_flag=True, help="Do not ask: take the light way, or what is recommended.")
@click.option(
    "--dir",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Install models from DIR without a network (voicestream models pull NAME --dir DIR downloads them).",
)
@licence_prompt.option
def setup(
    *,
    target: str | None,
    compute: str | None,
    quality: str | None,
    voice_model: str | None,
    yes: bool,
    source: Path | None,
    accepted: tuple[str, ...],
) -> None:
    """Download a translation model and a voice.

    Asks for the language, then proposes two ways. The light one has small models for any use, which need no GPU.
    The heavy one has bigger models with licences to accept, and asks where to translate, how good, and which voice.
    --yes takes the light way; --quality or --compute ask for a heavy translator. Agents write English: for --to en
    only a voice is fetched, unless --quality asks for a translator.
    """
    if yes and target is None:
        raise UsageError("setup --yes needs the language to hear", hint=f"Try: {EXAMPLE}")
    elsewhere = None if source is None else ModelStore(source.absolute())
    wishes = Wishes(compute=compute, quality=quality, voice_model=voice_model, yes=yes, source=elsewhere)
    # A typing error is reported before any question.
    if quality is not None and not _is_light(quality):
        catalogue.for_quality(quality, "cpu")
    if voice_model not in (None, voice_prompt.NONE):
        catalogue.for_voice(voice_model)
    with _stopping():
        language = _ask_language() if target is None else _heard(target)
        translates, parts = _choose(language, wishes)
        wanted = [part.model for part in parts if part.model is not None]
        for model in wanted:
            licence_prompt.ensure_accepted(model, accepted, may_ask=not yes)
    _install(wanted, wishes, language)
    has_voice = len(parts) > int(translates)
    what = "translate into and speak" if translates and has_voice else "translate into" if translates else "speak"
    show(f"voicestream: ready to {what} {language.name}. Try:")
    to = f"--to {language.tag}"
    click.echo(f"  voicestream demo {to}\n  {AGENT} | voicestream run {to}", err=True)


def _choose(language: Language, wishes: Wishes) -> tuple[bool, list[Part]]:
    """Return whether to translate, and the engines to set up, the translator first.

    Raises:
        UsageError: nothing has the language, or there is no terminal to ask at.
        ConfigurationError: a package is missing.
    """
    light = LightWay.of(language, wishes.can_have)
    is_light = _prefers_light(light, wishes) if wishes.is_light is None else wishes.is_light
    translates = language.base != "en" or wishes.quality is not None
    if is_light:
        parts = _light_parts(light, wishes, translates=translates)
    else:
        parts = _heavy_parts(language, wishes, translates=translates)
    way_prompt.check_packages(parts, language, wishes.command(language), downloads=wishes.source is None)
    return translates, parts


def _prefers_light(light: LightWay, wishes: Wishes) -> bool:
    """Return whether to take the light way where no option says it."""
    if light.language.base == "en" and wishes.voice_model is not None:
        return True  # only a voice is set up, and it is known
    if wishes.source is not None and not light.is_complete:
        _check_has_heavy(wishes, light.language)
        return False
    if wishes.yes and light.is_complete:
        return True
    if wishes.yes:
        show(f"voicestream: no light model translates into {light.language.name}")
        return False
    return way_prompt.choose(light, _ask) == way_prompt.LIGHT


def _check_has_heavy(wishes: Wishes, language: Language) -> None:
    """Check that the directory of ``--dir`` has a model of the heavy way.

    Raises:
        VoicestreamError: it has none for the language.
    """
    if any(wishes.can_have(model) for model in way_prompt.heavy_models(language)):
        return
    root = wishes.source.root if wishes.source else ""
    parts = LightWay.of(language, light_setup.anything).parts
    pulls = [f"voicestream models pull {part.model.name} --dir DIR" for part in parts if part.model]
    raise VoicestreamError(
        f"{root} has no models for {language.name}",
        hint="\n  ".join(["On a machine with a network, try:", *pulls]),
    )


def _light_parts(light: LightWay, wishes: Wishes, *, translates: bool) -> list[Part]:
    """Return the engines of the light way, or those that options name instead."""
    language = light.language
    parts = [light.translator] if light.translator else []
    if translates and wishes.quality is not None:
        (model, *_) = catalogue.for_direction(wishes.quality, directions.PIVOT, directions.code(language.tag))
        parts = [Part(registry.spec(registry.TRANSLATORS, model.engine), model)]
    if wishes.voice_model is not None:
        return [*parts, *_named_voice(wishes.voice_model, language)]
    if light.voice is None:
        speaks = light.ready_voice or light_setup.built_in_voice(language)
        manner = "" if light.ready_voice else ", in a robot's voice"
        show(f"voicestream: {speaks.title if speaks else 'nothing'} will speak {language.name}{manner}")
    return [*parts, *([light.voice] if light.voice else [])]


def _heavy_parts(language: Language, wishes: Wishes, *, translates: bool) -> list[Part]:
    """Return the engines of the heavy way, by options, by questions or as recommended."""
    parts: list[Part] = []
    if translates:
        packages.check(*packages.CONVERTING, *(packages.FETCHING if wishes.source is None else ()))
        model = heavy_prompt.choose(wishes.compute, wishes.quality, None if wishes.yes else _ask)
        parts.append(Part(registry.spec(registry.TRANSLATORS, model.engine), model))
    if wishes.voice_model is not None:
        return [*parts, *_named_voice(wishes.voice_model, language)]
    voice = voice_prompt.propose(language, None if wishes.yes else _ask)
    return [*parts, *([Part(registry.spec(registry.SYNTHESIZERS, voice.engine), voice)] if voice else [])]


def _named_voice(answer: str, language: Language) -> list[Part]:
    """Return the engine and the model of ``--voice-model``, if it names one."""
    model = voice_prompt.parse_answer(answer, language)
    return [] if model is None else [Part(registry.spec(registry.SYNTHESIZERS, model.engine), model)]


def _install(wanted: list[Model], wishes: Wishes, language: Language) -> None:
    """Install the models one after the other.

    Raises:
        VoicestreamError: one could not be installed; those before it are.
    """
    from voicestream.models.installing import Installer

    store = ModelStore(directory())
    missing = [model for model in wanted if store.installed(model.name) is None]
    if len(missing) > 1 and not any(model.original for model in missing):
        there = sum(total_bytes(store.unfinished_path_of(model.name)) for model in missing)
        disk.check_room(store.root, sum(model.disk_bytes for model in missing) - there, "this")
    with TerminalProgress() as reporter:
        for model in wanted:
            try:
                Installer(store, reporter, source=wishes.source).install(model)
            except UnreachableError as error:
                raise UnreachableError(str(error), hint=_without_network(missing, language)) from error
    if RunDirectory.of_this_user().is_held():
        translating = {model.name for spec in registry.specs(registry.TRANSLATORS) for model in spec.models}
        _restart_workers({"translation" if model.name in translating else "tts" for model in wanted})


def _without_network(missing: list[Model], language: Language) -> str:
    """Return how to get models to a machine that reaches no host."""
    pulls = "\n".join(f"  voicestream models pull {model.name} --dir DIR" for model in missing)
    return (
        "Check the connection, then type the same command again: it resumes where it stopped.\n"
        f"Or on a machine with a network:\n{pulls}\n"
        f"and here, with a copy of DIR:\n  voicestream setup --to {language.tag} --dir DIR"
    )


def _restart_workers(roles: Iterable[Role]) -> None:
    """Restart workers of a running supervisor that use the replaced models; with open sessions print the command."""
    for role in sorted(roles):
        try:
            status = rpc.call(StatusRequest(), Status)
            if all(worker.state == "not_started" for worker in status.workers if worker.role == role):
                continue  # the next one is started with what is there now
            if status.supervisor.sessions:
                hint = f"Try: voicestream workers restart {role}"
                show(f"voicestream: open sessions still use the earlier {role}", hint)
                continue
            show(f"voicestream: restarting {role} …")
            request = RestartWorker(role=role)
            for _ in rpc.call_each(request, WorkerRestarted, timeout_seconds=RESTART_SECONDS):
                pass  # one answer a worker
        except VoicestreamError as error:
            show(f"voicestream: {role} was not restarted: {error.for_people()}")


@contextmanager
def _stopping() -> Generator[None]:
    """Tell that nothing was installed when the questions end early."""
    try:
        yield
    except click.Abort:
        show("voicestream: stopped; nothing was installed")
        raise


def _ask(question: str, default: str | None, parse: Callable[[str], Answer], /) -> Answer:
    """Ask at the terminal for a value that no option gave.

    Raises:
        UsageError: there is no terminal, or the input ended.
    """
    if not licence_prompt.is_interactive():
        raise UsageError(f"setup asks: {question} There is no terminal to answer at", hint=f"Try: {EXAMPLE}")
    return prompts.ask(question, default, parse)


def _is_light(quality: str) -> bool:
    """Return whether a quality means models of single directions."""
    return any(model.direction and model.quality == quality for model in catalogue.catalogue().values())


def _downloadable() -> list[TranslatorSpec]:
    """Return the translators with downloadable models."""
    return [spec for spec in registry.specs(registry.TRANSLATORS) if spec.models]


def _downloadable_titles() -> str:
    return " or ".join(dict.fromkeys(spec.title for spec in _downloadable()))


def _heard(tag: str) -> Language:
    """Return the language of a tag if a downloadable translator has it and a voice speaks it.

    Raises:
        UsageError: it is not a language, or nothing has it.
    """
    language = languages.parse(tag)
    if not any(spec.may_speak(language.base) for spec in _downloadable()):
        raise UsageError(
            f"{_downloadable_titles()} does not translate into {language.name}",
            hint="docs/internals/engines.md lists the languages it has, and those of engines without models.",
        )
    if not light_setup.is_spoken(language):
        raise UsageError(
            f"no voice speaks {language.name}",
            hint="Try: voicestream voices list\ndocs/internals/engines.md tells how to add an engine.",
        )
    return language


def _ask_language() -> Language:
    show(
        "Coding agents write English. The models that setup downloads translate it and speak it on this machine; "
        "nothing is sent anywhere.",
    )
    from_locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    default = None
    with suppress(UsageError):  # "C", or no locale: then there is no default
        spoken = _heard(from_locale.partition(".")[0])
        is_own_row = spoken.tag in {language.tag for language in languages.known()}
        default = spoken.tag if is_own_row else spoken.base
    return _ask("Which language do you want to hear (en, ja, es, pt-BR …)?", default, _heard)
