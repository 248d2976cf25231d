"""``voicestream setup``: interactive download of a translation model and a voice."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from voicestream.cli import licence_prompt, prompts, rpc, voice_prompt
from voicestream.cli.commands.workers import RESTART_SECONDS
from voicestream.cli.terminal_progress import TerminalProgress
from voicestream.config import languages
from voicestream.engines import registry
from voicestream.errors import UsageError, VoicestreamError
from voicestream.models import catalogue, directions, packages
from voicestream.models.catalogue import COMPUTES, format_size
from voicestream.models.location import directory
from voicestream.models.model_store import ModelStore
from voicestream.protocol.messages import RestartWorker, Status, StatusRequest, WorkerRestarted
from voicestream.protocol.run_directory import RunDirectory
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicestream.config.gpu_probe import ComputeDevice
    from voicestream.config.languages import Language
    from voicestream.engines.model import Model
    from voicestream.engines.spec import TranslatorSpec
    from voicestream.protocol.messages import Role

Answer = TypeVar("Answer")

EXAMPLE = "voicestream setup --to ja --yes --accept-licence cc-by-nc-4.0"

COMPUTE_WORDS = {"cpu": "processor", "mps": "Apple GPU", "cuda": "NVIDIA GPU"}


@click.command()
@click.option("--to", "target", metavar="LANG", help="Language to translate into: ja, es, pt-BR …")
@click.option("--compute", type=click.Choice(COMPUTES), help="Device for translation.  [default: detected]")
@click.option("--quality", metavar="light|small|medium|large", help="Model size, or the name of a model.")
@voice_prompt.option
@click.option("--yes", is_flag=True, help="Do not ask: take the recommended choice for each option not given.")
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

    Asks for the language, where to translate, how good, and which voice, shows the licences, then fetches, verifies
    and, for a processor, converts. All of it can be said by options, with --yes. Agents write English: for --to en
    only a voice is fetched, unless --quality asks for a translator.
    """
    if yes and target is None:
        raise UsageError("setup --yes needs the language to hear", hint=f"Try: {EXAMPLE}")
    if not yes and licence_prompt.is_interactive():
        click.echo(
            f"Agents write English. {_downloadable_titles()} translates it on this machine; nothing is sent anywhere.",
            err=True,
        )
    if quality is not None and not _is_light(quality):
        catalogue.for_quality(quality, "cpu")  # a typing error is reported before any question
    if voice_model not in (None, voice_prompt.NONE):
        catalogue.for_voice(voice_model)
    language = _translatable(target) if target is not None else _ask_language()
    translates = language.base != "en" or quality is not None
    wanted = _translation(language, compute, quality, source, may_ask=not yes) if translates else []
    voice = (
        voice_prompt.propose(language, None if yes else _ask)
        if voice_model is None
        else voice_prompt.parse_answer(voice_model, language)
    )
    if voice is not None:
        spec = registry.spec(registry.SYNTHESIZERS, voice.engine)
        packages.check(*spec.packages, install=spec.install)
        packages.check(*(packages.FETCHING if source is None else ()))
        wanted.append(voice)
    for model in wanted:
        licence_prompt.ensure_accepted(model, accepted, may_ask=not yes)
    _install(wanted, source)
    what = "translate into and speak" if translates and voice else "translate into" if translates else "speak"
    click.echo(
        f"voicestream: ready to {what} {language.name}\n"
        f"Try: claude -p … --output-format stream-json --verbose | voicestream run --to {language.tag}",
        err=True,
    )


def _is_light(quality: str) -> bool:
    """Return whether a quality means models of single directions."""
    return any(model.direction and model.quality == quality for model in catalogue.catalogue().values())


def _translation(
    language: Language, compute: str | None, quality: str | None, source: Path | None, *, may_ask: bool
) -> list[Model]:
    """Return the models that translate from English into a language.

    Raises:
        UsageError: no model of the quality does.
        ConfigurationError: a package is missing.
    """
    if quality is not None and _is_light(quality):
        found = catalogue.for_direction(quality, directions.PIVOT, directions.code(language.tag))
        spec = registry.spec(registry.TRANSLATORS, found[0].engine)
        packages.check(*spec.packages, install=spec.install)
        return found
    packages.check(*packages.CONVERTING, *(packages.FETCHING if source is None else ()))
    return [_model(_device(compute, may_ask=may_ask), quality, may_ask=may_ask)]


def _install(wanted: list[Model], source: Path | None) -> None:
    """Install the models one after the other."""
    from voicestream.models.installing import Installer

    elsewhere = None if source is None else ModelStore(source.absolute())
    with TerminalProgress() as reporter:
        for model in wanted:
            Installer(ModelStore(directory()), reporter, source=elsewhere).install(model)
    if RunDirectory.of_this_user().is_held():
        translating = {model.name for spec in registry.specs(registry.TRANSLATORS) for model in spec.models}
        _restart_workers({"translation" if model.name in translating else "tts" for model in wanted})


def _restart_workers(roles: Iterable[Role]) -> None:
    """Restart workers of a running supervisor that use the replaced models; with open sessions print the command."""
    for role in sorted(roles):
        try:
            status = rpc.call(StatusRequest(), Status)
            if all(worker.state == "not_started" for worker in status.workers if worker.role == role):
                continue  # the next one is started with what is there now
            if status.supervisor.sessions:
                hint = f"Try: voicestream workers restart {role}"
                click.echo(f"voicestream: open sessions still use the earlier {role}\n{hint}", err=True)
                continue
            click.echo(f"voicestream: restarting {role} …", err=True)
            request = RestartWorker(role=role)
            for _ in rpc.call_each(request, WorkerRestarted, timeout_seconds=RESTART_SECONDS):
                pass  # one answer a worker
        except VoicestreamError as error:
            click.echo(f"voicestream: {role} was not restarted: {error.for_people()}", err=True)


def _ask(question: str, default: str | None, parse: Callable[[str], Answer], /) -> Answer:
    """Ask at the terminal for a value that no option gave.

    Raises:
        UsageError: there is no terminal.
    """
    if not licence_prompt.is_interactive():
        raise UsageError(f"setup asks: {question} There is no terminal to answer at", hint=f"Try: {EXAMPLE}")
    return prompts.ask(question, default, parse)


def _downloadable() -> list[TranslatorSpec]:
    """Return the translators with downloadable models."""
    return [spec for spec in registry.specs(registry.TRANSLATORS) if spec.models]


def _downloadable_titles() -> str:
    return " or ".join(dict.fromkeys(spec.title for spec in _downloadable()))


def _translatable(tag: str) -> Language:
    """Return the language of a tag if a downloadable translator supports it.

    Raises:
        UsageError: it is not a language, or no translator supports it.
    """
    language = languages.parse(tag)
    if not any(spec.may_speak(language.base) for spec in _downloadable()):
        raise UsageError(
            f"{_downloadable_titles()} does not translate into {language.name}",
            hint="docs/internals/engines.md lists the languages it has; Apertium has a few others.",
        )
    return language


def _ask_language() -> Language:
    from_locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    default = None
    with suppress(UsageError):  # "C", or no locale: then there is no default
        spoken = _translatable(from_locale.partition(".")[0])
        is_own_row = spoken.tag in {language.tag for language in languages.known()}
        # Agents write English: users who speak it need no translation.
        default = None if spoken.base == "en" else spoken.tag if is_own_row else spoken.base
    return _ask("Which language do you want to hear (ja, es, pt-BR …)?", default, _translatable)


def _device(compute: str | None, *, may_ask: bool) -> ComputeDevice:
    from voicestream.config import gpu_probe

    if compute is not None:
        return gpu_probe.ComputeDevice(compute, COMPUTE_WORDS[compute], None)
    found = gpu_probe.detect()
    click.echo(one_line(f"voicestream: best to translate with: {found.compute} ({found.name})"), err=True)
    if not may_ask:
        return found

    def chosen(answer: str) -> ComputeDevice:
        if answer == found.compute:
            return found
        if answer not in COMPUTES:
            raise UsageError(f'there is no "{answer}"', hint=f"There is {', '.join(COMPUTES)}.")
        return gpu_probe.ComputeDevice(answer, COMPUTE_WORDS[answer], None)

    return _ask(f"Where to translate ({', '.join(COMPUTES)})?", found.compute, chosen)


def _model(device: ComputeDevice, quality: str | None, *, may_ask: bool) -> Model:
    best = catalogue.recommended(device.compute, device.memory_bytes)
    if quality is not None:
        return catalogue.for_quality(quality, device.compute)
    if not may_ask:
        return catalogue.for_quality(best, device.compute)
    click.echo("\nBigger models translate better and take longer. For this device:", err=True)
    for model in catalogue.translation_models():
        if (model.original is not None) != (device.compute == "cpu"):
            continue
        name = model.original or model.name
        word = model.quality or name
        click.echo(
            f"  {word:14} {name:24} download {format_size(model.download_bytes):>8}, on disk "
            f"{format_size(model.disk_bytes):>8}, memory {format_size(model.memory_bytes):>8}"
            + (", recommended" if word == best else ""),
            err=True,
        )
    return _ask("Which one?", best, lambda answer: catalogue.for_quality(answer, device.compute))
