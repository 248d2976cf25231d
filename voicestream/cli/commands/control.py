"""Playback control: ``voicestream pause | resume | skip | back | hush | speed | volume | mute | unmute``."""

from __future__ import annotations

from typing import Any, Final

import click

from voicestream.cli.click_classes import NumberRange
from voicestream.protocol.messages import Control, Done, PlaybackSettings
from voicestream.terminal_text import strip_terminal_codes

MAX_SENTENCES: Final = 200
"""Sentences that can be played again."""


class _Percent(NumberRange):
    """Percentage, with or without the sign."""

    name = "percentage"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """Convert to a number."""
        return super().convert(value.removesuffix("%") if isinstance(value, str) else value, param, ctx)


@click.command()
def pause() -> None:
    """Pause playback; agents keep running, and nothing is lost."""
    do(Control(action="pause"))


@click.command()
def resume() -> None:
    """Resume playback where it was paused."""
    do(Control(action="resume"))


@click.command()
@click.option("--message", is_flag=True, help="Skip the rest of the message.")
def skip(*, message: bool) -> None:
    """Skip the current sentence."""
    do(Control(action="skip_message" if message else "skip"))


@click.command()
@click.argument("sentences", metavar="[N]", type=click.IntRange(1, MAX_SENTENCES), default=1)
def back(sentences: int) -> None:
    """Go back N sentences (1), then continue from there.

    The current sentence counts once it has been heard for a second.
    """
    do(Control(action="back", sentences=sentences))


@click.command()
def hush() -> None:
    """Drop everything queued so far, in all sessions."""
    do(Control(action="hush"))


@click.command()
@click.argument("factor", metavar="X", type=NumberRange(0.5, 3.0))
def speed(factor: float) -> None:
    """Set the speed of playback, 0.5 to 3, at the same pitch.

    It applies to all sessions at the loudspeakers, at once.
    """
    do(Control(action="speed", playback=PlaybackSettings(speed=factor)))


@click.command()
@click.argument("percent", metavar="N%", type=_Percent(0, 100))
def volume(percent: float) -> None:
    """Set the volume, 0% to 100%, of all sessions at the loudspeakers."""
    do(Control(action="volume", playback=PlaybackSettings(volume=percent / 100)))


@click.command()
def mute() -> None:
    """Mute the loudspeakers; playback continues."""
    do(Control(action="mute"))


@click.command()
def unmute() -> None:
    """Unmute the loudspeakers."""
    do(Control(action="unmute"))


def do(wish: Control) -> None:
    """Carry out a control command, and print the answer."""
    # Imported late: ZeroMQ takes half the time of a completion by a shell.
    from voicestream.client.rpc import call

    answer = call(wish, Done)
    click.echo(strip_terminal_codes(f"voicestream: {answer.text}"), err=True)
