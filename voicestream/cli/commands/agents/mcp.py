"""``voicestream mcp``: a server of the Model Context Protocol with the tool ``speak``."""

from __future__ import annotations

import click

from voicestream.cli.session.click_options import session_command, session_options, typed_options
from voicestream.client.interruption import Interruption
from voicestream.config import options


@session_command()
@session_options
@click.pass_context
def mcp(context: click.Context, /, **_options: object) -> None:
    """Give agents the tool `speak` (Model Context Protocol, stdio).

    claude mcp add voicestream -- voicestream mcp --to ja
    """
    from voicestream.cli.session.request import request
    from voicestream.client.sources.mcp_server import Server

    typed = typed_options(context, options.SESSION)

    def is_enabled() -> bool:
        """Read the settings again: the project's file may have changed."""
        return request(context.command.make_context(context.info_name, list(typed)), input_format="text").enabled

    with Interruption():
        Server(typed, is_enabled).run()
