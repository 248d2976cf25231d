"""``voicestream acp``: a pass-through between an editor and an agent, whose messages are spoken."""

from __future__ import annotations

from typing import Final

import click

from voicestream.cli.click_classes import GroupedCommand
from voicestream.cli.session.click_options import GROUPS, options_of, session_options, typed_options
from voicestream.config import options
from voicestream.errors import UsageError

_MORE: Final = ("only", "code", "max-lag", "events")
"""Options of ``run`` besides those of every session."""


@click.command(cls=GroupedCommand, groups=GROUPS, context_settings={"allow_interspersed_args": False})
@click.argument("agent", nargs=-1, required=True, type=click.UNPROCESSED)
@session_options
@options_of(*_MORE)
@click.pass_context
def acp(context: click.Context, /, agent: tuple[str, ...], events: str | None, **_options: object) -> None:
    """Speak an agent that runs in an editor.

    Give the editor this command in place of the agent's own. Both directions of the Agent Client
    Protocol are passed on unchanged, and what the agent writes is spoken:

    voicestream acp --to ja -- gemini --acp
    """
    if events == "-":
        raise UsageError("--events -: stdout is the agent's", hint="Give --events a file name.")
    from voicestream.client.sources.acp_relay import become_agent

    typed = typed_options(context, (*options.SESSION, *_MORE))
    become_agent(agent, ["--format", "acp", "--detach", "--no-captions", *typed])
