"""``voicestream acp``: a pass-through between an editor and an agent, whose messages are spoken."""

from __future__ import annotations

from typing import Final

import click

from voicestream.cli.click_classes import GroupedCommand
from voicestream.cli.session.click_options import GROUPS, options_of, session_options
from voicestream.errors import UsageError

_SPEECH: Final = ("--format", "acp", "--detach", "--no-captions")
"""Options of the speech process; what was typed comes after them."""

_TYPED: Final = "voicestream.cli.commands.agents.acp"
"""Key in ``click.Context.meta`` of the options as they were typed."""


class _PassThrough(GroupedCommand):
    """Command that keeps the options before the agent's command as they were typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line."""
        typed = list(args)
        rest = super().parse_args(ctx, args)
        typed = typed[: len(typed) - len(ctx.params["agent"])]
        ctx.meta[_TYPED] = typed[:-1] if typed[-1:] == ["--"] else typed
        return rest


@click.command(cls=_PassThrough, groups=GROUPS, context_settings={"allow_interspersed_args": False})
@click.argument("agent", nargs=-1, required=True, type=click.UNPROCESSED)
@session_options
@options_of("only", "code", "max-lag", "events")
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

    become_agent(agent, [*_SPEECH, *context.meta[_TYPED]])
