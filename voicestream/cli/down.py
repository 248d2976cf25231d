"""``voicestream down``: end the supervisor and all workers."""

from __future__ import annotations

from typing import Final

import click

from voicestream.client import Client
from voicestream.errors import VoicestreamError
from voicestream.messages import Control
from voicestream.run_directory import RunDirectory

END_SECONDS: Final = 15.0
"""The whole ladder from drain to kill takes less."""


@click.command()
def down() -> None:
    """End the background supervisor; sessions that are open end with exit code 1."""
    with Client(RunDirectory.of_this_user()) as client:
        client.connect()
        client.send(Control(action="shutdown"))
        if not client.wait_for_end(END_SECONDS):
            raise VoicestreamError(
                f"the supervisor has not ended within {END_SECONDS:.0f} s",
                hint="Type: voicestream workers logs supervisor",
            )
    click.echo("voicestream: ended", err=True)
