"""``voicestream replay``: the last sentences again, or a recorded session with the engines now configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from voicestream.cli.commands import control
from voicestream.cli.commands.control import MAX_SENTENCES
from voicestream.cli.commands.records.session_argument import OPTIONAL_SESSION
from voicestream.cli.session.click_options import session_command, session_options
from voicestream.config import languages
from voicestream.errors import EXIT_OK, UsageError
from voicestream.history import replayed, store
from voicestream.protocol.messages import Control

if TYPE_CHECKING:
    from voicestream.history.record import Record

DEFAULT_SENTENCES: Final = 3
"""Sentences that are played again without a number."""


@session_command()
@OPTIONAL_SESSION
@click.option(
    "--sentences",
    metavar="N",
    type=click.IntRange(1, MAX_SENTENCES),
    help=f"Without SESSION: the last N sentences.  [default: {DEFAULT_SENTENCES}]",
)
@session_options
@click.pass_context
def replay(context: click.Context, /, *, session: str, sentences: int | None, **_options: object) -> int:
    """Play the last sentences again, or speak a recorded session.

    SESSION is the beginning of its id in `voicestream history`. Recorded translations are spoken where they are in the
    language to hear. Without SESSION, the session heard last is played again, also after its end, with its own options.
    """
    if not session:
        control.do(Control(action="replay", sentences=sentences or DEFAULT_SENTENCES))
        return EXIT_OK
    if sentences is not None:
        raise UsageError("--sentences is for the session heard last", hint=f"voicestream replay {session}")
    record = store.session(session)
    if not record.sentences:
        raise UsageError(f"no sentence of session {record.id} is recorded", hint="voicestream history")
    target = _target(context, record)
    # A recorded translation is not translated again, and the session is not recorded again.
    is_same = languages.are_same(target, record.language)
    chosen = {"history": False, "target": target, "source": target if is_same else record.source}
    for name, value in chosen.items():
        context.params[name] = value
        context.set_parameter_source(name, ParameterSource.COMMANDLINE)
    # Imported late, as in `control`.
    from voicestream.cli.session.request import request
    from voicestream.cli.session.speaking import speak_text

    asked = request(context, input_format="text")
    return speak_text(asked, replayed.as_text(record, target).encode(errors="replace"))


def _target(context: click.Context, record: Record) -> str:
    """Return the language to hear: the typed one, else that of the session."""
    is_default = context.get_parameter_source("target") is ParameterSource.DEFAULT
    return record.language if is_default else str(context.params["target"] or record.language)
