"""``voicestream down``: shutdown of the supervisor and all workers, by signals if it does not answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from voicestream.client.connection import Client
from voicestream.errors import VoicestreamError
from voicestream.protocol import lock_holder
from voicestream.protocol.messages import Control
from voicestream.protocol.run_directory import RunDirectory
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from voicestream.protocol.lock_holder import LockHolder, Step

END_SECONDS: Final = 15.0
"""Timeout of a requested shutdown: drain and kill of all workers take less."""

STOPPED_SECONDS: Final = 1.0
"""Timeout for a stopped supervisor (SIGSTOP), which may be continued soon."""


@click.command()
def down() -> None:
    """Stop the background supervisor; open sessions end with exit code 1.

    One that does not answer is ended by SIGTERM, and by SIGKILL if that does not help.
    """
    directory = RunDirectory.of_this_user()
    with Client(directory) as client:
        client.connect()
        holder = lock_holder.find(directory)
        client.send(Control(action="shutdown"))
        seconds = STOPPED_SECONDS if holder is not None and holder.is_stopped() else END_SECONDS
        begun = time.monotonic()
        if client.wait_for_end(seconds):
            click.echo("voicestream: ended", err=True)
            return
        waited = time.monotonic() - begun
    holder = holder or lock_holder.find(directory)
    if holder is None and not directory.is_held():
        click.echo("voicestream: ended", err=True)  # just now
        return
    step = _end(holder, waited)
    try:
        if directory.acquire():
            directory.sweep()
            directory.remove()
    except (OSError, VoicestreamError) as error:
        # It has ended all the same; the next start removes its leftovers.
        click.echo(one_line(f"voicestream: its files cannot be removed: {error}"), err=True)
    click.echo(f"voicestream: ended by {step}; it had not answered within {waited:.0f} s", err=True)


def _end(holder: LockHolder | None, waited: float) -> Step:
    """Shut down a supervisor that does not answer.

    Raises:
        VoicestreamError: it cannot be ended, or not identified.
    """
    silent = f"the supervisor has not ended within {waited:.0f} s"
    if holder is None:
        raise VoicestreamError(
            f"{silent}, and its process cannot be identified", hint="Try: voicestream workers logs supervisor"
        )
    click.echo(f"voicestream: {silent}; ending process {holder.pid}", err=True)
    try:
        step = holder.end()
    except PermissionError as error:
        raise VoicestreamError(f"{silent}, and process {holder.pid} cannot be ended: {error.strerror}") from error
    finally:
        holder.close()
    if step is None:
        raise VoicestreamError(
            f"{silent}, nor by SIGKILL: process {holder.pid} waits for a device or a disk",
            hint=f"Try: ps -o pid,stat,wchan -p {holder.pid}",
        )
    return step
