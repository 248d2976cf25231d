"""``voicestream man``: manual pages in roff."""

from __future__ import annotations

from pathlib import Path

import click

from voicestream.atomic_files import write_whole
from voicestream.cli.shell import manual
from voicestream.errors import UsageError, VoicestreamError
from voicestream.terminal_text import one_line


@click.command()
@click.argument("command", nargs=-1)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write all pages into DIR, for example ~/.local/share/man/man1.",
)
@click.pass_context
def man(context: click.Context, /, *, command: tuple[str, ...], folder: Path | None) -> None:
    """Print the manual page, or that of one COMMAND.

    To read it: voicestream man > page.1 && man -l page.1
    """
    root = context.find_root().command
    if folder is not None:
        _write_all(root, folder)
        return
    text = manual.page(root, command) if command else manual.whole(root)
    if text is None:
        raise UsageError(f"there is no command {one_line(' '.join(command))}", hint="Try: voicestream --help")
    click.echo(text, nl=False)


def _write_all(root: click.Command, folder: Path) -> None:
    pages = {"voicestream.1": manual.whole(root)}
    for one in manual.commands(root):
        if one.path:
            pages["-".join(("voicestream", *one.path)) + ".1"] = manual.page(root, one.path) or ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            write_whole(folder / name, text.encode())
    except OSError as error:
        raise VoicestreamError(f"{folder}: {error.strerror}") from error
    click.echo(one_line(f"voicestream: {len(pages)} pages written to {folder}"), err=True)
