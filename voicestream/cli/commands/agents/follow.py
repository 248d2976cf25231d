"""``voicestream follow``: speech of transcript files while agents write them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from voicestream.cli import failures
from voicestream.cli.click_classes import GroupedCommand, NumberRange
from voicestream.cli.session.click_options import GROUPS, options_of, session_options, typed_options
from voicestream.client.interruption import Interruption
from voicestream.config import options
from voicestream.errors import UsageError

_MORE: Final = ("format", "only", "code", "max-lag")
"""Options of ``run`` besides those of every session."""

_GROUPS: Final = {
    "Input": ("from_start", "until_idle", *GROUPS["Input"]),
    **{k: v for k, v in GROUPS.items() if k != "Input"},
}


@click.command(cls=GroupedCommand, groups=_GROUPS)
@click.argument("path", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--from-start", is_flag=True, help="Speak what is in the file already, too.")
@click.option(
    "--until-idle",
    type=NumberRange(0, min_open=True),
    metavar="SECONDS",
    help="End when nothing was written for so long and all is spoken.  [default: never]",
)
@session_options
@options_of(*_MORE)
@click.pass_context
def follow(
    context: click.Context, /, path: Path, *, from_start: bool, until_idle: float | None, **_options: object
) -> int:
    """Speak transcripts while agents write them.

    A directory stands for all .jsonl files below it; each is a session of its own. Ends with Ctrl-C.

    voicestream follow ~/.claude/projects
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UsageError(f"{path} is neither a file nor a directory", hint="For a pipe: … | voicestream run")
    from voicestream.client.sources.follower import Follower

    typed = typed_options(context, (*options.SESSION, *_MORE))
    with Interruption() as interruption:
        interruption.record_only()
        if not path.exists():
            failures.print_message(f"waiting for {path}")
        return Follower(path, typed, interruption, failures.print_message, from_start=from_start).run(until_idle)
