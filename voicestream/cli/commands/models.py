"""``voicestream models``: list, pull, remove and path of models."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click
import msgspec

from voicestream.cli import licence_prompt
from voicestream.cli.click_classes import Group
from voicestream.cli.columns import Column, show, table, terminal_width, wrapped
from voicestream.cli.shell import values
from voicestream.cli.terminal_progress import TerminalProgress
from voicestream.errors import VoicestreamError
from voicestream.models import catalogue, licences
from voicestream.models.catalogue import format_size
from voicestream.models.location import directory
from voicestream.models.model_store import ModelStore
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from voicestream.engines.model import Model
    from voicestream.models.model_store import Entry

INSTALLED = "installed"
INCOMPLETE = "incomplete"
AVAILABLE = "not installed"


COLUMNS: Final = (
    Column("model"),
    Column("state"),
    Column("here", 3),
    Column("download"),
    Column("on disk", 4),
    Column("memory", 2),
    Column("engine", 5),
    Column("licence"),
)


class _Listed(NamedTuple):
    """A model that is known, installed, or both."""

    name: str
    model: Model | None
    entry: Entry | None


@click.group(cls=Group)
def models() -> None:
    """Manage models.

    They lie in the user's data directory, or in the one that VOICESTREAM_MODELS names.
    """


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--all", "show_all", is_flag=True, help="List the models of every pair of languages, too.")
def list_models(*, as_json: bool, show_all: bool) -> None:
    """List the known models, those installed, and the accepted licences."""
    store = ModelStore(directory())
    entries = {entry.name: entry for entry in store.entries()}
    known = catalogue.catalogue()
    names = [*known, *(name for name in entries if name not in known)]
    found = [_Listed(name, known.get(name), entries.get(name)) for name in names]
    if as_json:
        accepted = msgspec.to_builtins(licences.accepted())
        data = {"directory": str(store.root), "models": [_row(one) for one in found], "licences": accepted}
        click.echo(json.dumps(data))
        return
    listed = [one for one in found if show_all or one.entry or one.model is None or one.model.direction is None]
    _print_table(listed)
    width = terminal_width()
    if len(listed) < len(found):
        example = next(one.name for one in found if one not in listed)
        more = f"and {len(found) - len(listed)} for single pairs of languages, such as {example}: models list --all"
        show(wrapped(more, width))
    show(wrapped(f"in {store.root}", width))
    for identifier, acceptance in licences.accepted().items():
        how = f" ({acceptance.by})" if acceptance.by else ""
        text = f"licence {identifier}, version {acceptance.version}, accepted on {acceptance.date}{how}"
        show(wrapped(text, width))


@models.command("pull")
@click.argument("name", shell_complete=values.MODELS)
@click.option(
    "--dir",
    "elsewhere",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Download to DIR, for another machine: voicestream setup --dir DIR.",
)
@click.option("--keep-original", is_flag=True, help="Keep the original after a conversion.")
@licence_prompt.option
def pull(name: str, *, elsewhere: Path | None, keep_original: bool, accepted: tuple[str, ...]) -> None:
    """Download a model, or the missing parts of it.

    A name that ends in -int8 is converted here, of the original, which is deleted afterwards unless it was
    there before. Interrupt it as you like: the same command goes on where it stopped.
    """
    from voicestream.models.installing import Installer

    model = catalogue.find(name)
    licence_prompt.ensure_accepted(model, accepted, may_ask=True)
    with TerminalProgress() as reporter:
        store = ModelStore(directory() if elsewhere is None else elsewhere.absolute())
        Installer(store, reporter).install(model, keep_original=keep_original)


@models.command("remove")
@click.argument("name", shell_complete=values.INSTALLED_MODELS)
def remove(name: str) -> None:
    """Delete a model and its downloads."""
    store = ModelStore(directory())
    if name not in {entry.name for entry in store.entries()}:
        name = catalogue.find(name).name
    freed = store.remove(name)
    click.echo(one_line(f"voicestream: {name} is removed, {format_size(freed)} freed"), err=True)


@models.command("path")
@click.argument("name", shell_complete=values.INSTALLED_MODELS, required=False)
def path(name: str | None) -> None:
    """Print the directory of all models, or of one installed model."""
    store = ModelStore(directory())
    if name is None:
        _show_path(store.root)
        return
    if store.installed(name) is None:
        wanted = catalogue.find(name).name
        raise VoicestreamError(f"{wanted} is not installed", hint=f"Try: voicestream models pull {wanted}")
    _show_path(store.path_of(name))


def _show_path(path: Path) -> None:
    """Print the exact bytes of a path for programs, and a terminal-safe form for people."""
    click.echo(one_line(str(path)) if sys.stdout.isatty() else os.fsencode(path))


def _state(entry: Entry | None) -> str:
    if entry is None:
        return AVAILABLE
    return INSTALLED if entry.manifest is not None else INCOMPLETE


def _row(listed: _Listed) -> dict[str, object]:
    name, model, entry = listed
    manifest = None if entry is None else entry.manifest
    return {
        "name": name,
        "state": _state(entry),
        "path": None if entry is None else str(entry.path),
        "bytes": 0 if entry is None else entry.size,
        "download_bytes": None if model is None else model.download_bytes,
        "disk_bytes": None if model is None else model.disk_bytes,
        "memory_bytes": None if model is None else model.memory_bytes,
        "engine": None if model is None else model.engine,
        "repository": manifest.repository if manifest else model.repository if model else None,
        "revision": None if manifest is None else manifest.revision,
        "finished": None if manifest is None else manifest.finished,
        "licence": manifest.licence if manifest else model.licence if model else None,
    }


def _print_table(rows: list[_Listed]) -> None:
    shown: list[tuple[str, ...]] = []
    for name, model, entry in rows:
        sizes = (model.download_bytes, model.disk_bytes, model.memory_bytes) if model else ()
        words = [format_size(size) for size in sizes] or ["-"] * 3
        licence = entry.manifest.licence if entry and entry.manifest else model.licence if model else "-"
        here = format_size(entry.size) if entry else "-"
        shown.append((name, _state(entry), here, *words, model.engine if model else "-", licence))
    show(table(COLUMNS, shown, terminal_width()))
