"""``voicestream voices``: list, add, remove and try voices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec
from click.core import ParameterSource

from voicestream.cli import consent_prompt
from voicestream.cli.click_classes import Group, GroupedCommand
from voicestream.cli.columns import show, terminal_width, wrapped
from voicestream.cli.consent_prompt import FLAG
from voicestream.cli.session.click_options import GROUPS, option, session_options
from voicestream.cli.session.request import models_directory, named_source, request
from voicestream.cli.session.speaking import speak_text
from voicestream.cli.shell import values
from voicestream.config import languages
from voicestream.config.engine_settings import AUTO
from voicestream.engines import registry
from voicestream.errors import UsageError
from voicestream.terminal_text import one_line
from voicestream.voices import names
from voicestream.voices.introduction import introduction, spoken_by
from voicestream.voices.voice_choice import engine_of, engine_of_samples
from voicestream.voices.voice_store import VoiceStore, check_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.engines.spec import SynthesizerSpec, VoiceList
    from voicestream.voices.voice_store import OwnVoice

_HASH_SHOWN: Final = 12


@click.group(cls=Group)
def voices() -> None:
    """Manage voices.

    Your own are samples of somebody who has agreed: XTTS speaks with them.
    """


@voices.command("list")
@option("models")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
def list_voices(context: click.Context, /, *, models: str, as_json: bool) -> None:
    """List your own voices and those of the installed engines."""
    with named_source(context, "models"):
        models = models_directory(models)
    store = VoiceStore()
    engines = [(spec, spec.voices(models)) for spec in registry.specs(registry.SYNTHESIZERS)]
    if as_json:
        click.echo(json.dumps(_as_data(store, engines)))
        return
    own, files = store.voices(), store.files()
    lines = [
        *(
            f"{voice.name}: your own, {voice.record.seconds:.0f} s, agreed on {voice.record.consent.date}"
            for voice in own
        ),
        *(f"a file without a name, {v.record.seconds:.0f} s, agreed on {v.record.consent.date}" for v in files),
    ]
    for spec, found in engines:
        shown = found.summary or ", ".join(found.names)
        if not shown and spec.models:
            shown = f"not set up; try: voicestream setup --voice-model {spec.name}"
        if shown:
            lines.append(f"{spec.name}: {shown}")
    if own or files:
        lines.append(f"in {store.root}")
    width = terminal_width()
    for line in lines:
        show(wrapped(line, width))


@voices.command("add")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(FLAG, "agreed", is_flag=True, help="You are the speaker, or have the speaker's permission.")
def add(name: str, files: tuple[Path, ...], *, agreed: bool) -> None:
    """Add a voice of your own: WAV, FLAC or MP3, 6 to 30 seconds of one person in a quiet room.

    Several files are joined. You are asked whether the speaker has agreed.
    """
    from voicestream.voices import cleaning

    store = VoiceStore()
    check_name(name)
    _check_not_taken(name)
    cleaned = cleaning.clean(files)
    consent_prompt.warn(name, cleaned.warnings)
    hint = f"If you are the speaker, or have the speaker's permission, add: {FLAG}"
    by = FLAG if agreed else consent_prompt.ask_consent(" and ".join(str(file) for file in files), hint)
    kept = store.add(name, cleaned.sample, by)
    click.echo(
        f'voicestream: the voice "{kept.name}" is kept, {kept.record.seconds:.0f} s\n'
        f"Try: voicestream voices try {names.quoted(kept.name)}",
        err=True,
    )


@voices.command("remove")
@click.argument("name", shell_complete=values.OWN_VOICES, required=False)
@click.option("--files", is_flag=True, help="All samples that were used with --voice FILE, without a name.")
def remove(name: str | None, *, files: bool) -> None:
    """Delete a voice of your own, and the record of its speaker's consent."""
    if (name is None) != files:
        raise UsageError(
            "which voice?", hint="Try: voicestream voices remove NAME, or: voicestream voices remove --files"
        )
    store = VoiceStore()
    if name is not None:
        click.echo(one_line(f'voicestream: the voice "{store.remove(name).name}" is removed'), err=True)
    else:
        click.echo(f"voicestream: removed: {store.remove_files()} without a name", err=True)


@voices.command("try", cls=GroupedCommand, groups=GROUPS)
@click.argument("voice_name", metavar="NAME", shell_complete=values.VOICES)
@click.argument("text", nargs=-1)
@session_options
@click.pass_context
def try_voice(context: click.Context, /, voice_name: str, text: tuple[str, ...], **_options: object) -> int:
    """Play a sample sentence, in the language of the voice or that of --from."""
    set_default(context, "voice", voice_name)
    if context.params["tts"] == AUTO:
        set_default(context, "tts", engine_of(voice_name, str(context.params["models"])))
    if context.get_parameter_source("source") is ParameterSource.DEFAULT:
        set_default(context, "source", spoken_by(voice_name, str(context.params["tts"])))
    asked = request(context, input_format="text")
    words = " ".join(text) or introduction(languages.parse(str(context.params["source"])))
    return speak_text(asked, words.encode(errors="replace"))


def set_default(context: click.Context, parameter: str, value: str) -> None:
    """Set a parameter as if it had been typed, so that it overrides the user's file."""
    context.params[parameter] = value
    context.set_parameter_source(parameter, ParameterSource.COMMANDLINE)


def _check_not_taken(name: str) -> None:
    """Check that a name belongs to one voice only.

    Raises:
        UsageError: an engine has a voice of that name.
    """
    for spec in registry.specs(registry.SYNTHESIZERS):
        if names.match(name, spec.voices("").names) is not None:
            raise UsageError(f'{spec.name} has a voice "{name}" already', hint="Give your own another name.")


def _as_data(store: VoiceStore, engines: Sequence[tuple[SynthesizerSpec, VoiceList]]) -> dict[str, object]:
    """Return the voices as data; an engine whose names take suffixes is listed under its own name."""
    rows = [_row(voice, "own") for voice in store.voices()] + [_row(voice, "file") for voice in store.files()]
    data: dict[str, object] = {"directory": str(store.root), "voices": rows}
    for spec, found in engines:
        if found.variants is None:
            rows += [{"name": name, "kind": "built-in", "engine": spec.name} for name in found.names]
        else:
            data.setdefault(spec.name, {"voices": list(found.names), "variants": list(found.variants)})
    return data


def _row(voice: OwnVoice, kind: str) -> dict[str, object]:
    record = voice.record
    return {
        "name": voice.name,
        "kind": kind,
        "engine": engine_of_samples(),
        "path": str(voice.path),
        "seconds": record.seconds,
        "content_hash": record.content_hash,
        "consent": msgspec.to_builtins(record.consent),
    }
