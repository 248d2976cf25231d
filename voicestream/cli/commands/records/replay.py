"""``voicestream replay``: a recorded session, spoken again with the engines now configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from voicestream.cli.commands.records.session_argument import SESSION
from voicestream.cli.session.click_options import session_command, session_options
from voicestream.cli.session.request import request
from voicestream.cli.session.speaking import speak_text
from voicestream.config import languages
from voicestream.errors import UsageError
from voicestream.history import replayed, store

if TYPE_CHECKING:
    from voicestream.history.record import Record


@session_command()
@SESSION
@session_options
@click.pass_context
def replay(context: click.Context, /, *, session: str, **_options: object) -> int:
    """Speak a recorded session again: SESSION is the beginning of its id in `voicestream history`.

    Recorded translations are spoken where they are in the language to hear.
    """
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
    asked = request(context, input_format="text")
    return speak_text(asked, replayed.as_text(record, target).encode(errors="replace"))


def _target(context: click.Context, record: Record) -> str:
    """Return the language to hear: the typed one, else that of the session."""
    is_default = context.get_parameter_source("target") is ParameterSource.DEFAULT
    return record.language if is_default else str(context.params["target"] or record.language)
