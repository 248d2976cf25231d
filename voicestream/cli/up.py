"""``voicestream up``: a supervisor that stays until ``down``."""

from __future__ import annotations

import click

from voicestream import cards
from voicestream.cli import card_option
from voicestream.cli.session_options import models_directory
from voicestream.client import Client
from voicestream.engine_settings import AUTO
from voicestream.errors import VoicestreamError
from voicestream.messages import Status, StatusRequest
from voicestream.run_directory import RunDirectory


@click.command()
@click.option("--tts", metavar="NAME", default="auto", envvar="VOICESTREAM_TTS", help="Voice engine.")
@click.option(
    "--translator", metavar="NAME", default="auto", envvar="VOICESTREAM_TRANSLATOR", help="Translation engine."
)
@click.option("--models", metavar="DIR", default="", envvar="VOICESTREAM_MODELS", help="Weights of neural engines.")
@click.option("--compute", metavar="DEVICE", default=AUTO, envvar="VOICESTREAM_COMPUTE", help="Where they compute.")
@click.option("--gpu", metavar="[ROLE=]N", multiple=True, envvar="VOICESTREAM_GPU", help="NVIDIA card, e.g. tts=1.")
@click.option("--graphs/--no-graphs", default=True, envvar="VOICESTREAM_GRAPHS", help="Record steps on an NVIDIA GPU.")
@click.pass_context
def up(context: click.Context, /, *, tts: str, translator: str, models: str, graphs: bool, **_: object) -> None:
    """Start the background supervisor and keep it until `voicestream down`."""
    compute, found = card_option.devices(context)
    options = [
        "--stay",
        f"--tts={tts}",
        f"--translator={translator}",
        f"--models={models_directory(models)}",
        f"--compute={compute}",
        *(f"--gpu={text}" for text in cards.written(found)),
        *([] if graphs else ["--no-graphs"]),
    ]
    with Client(RunDirectory.of_this_user(), options) as client:
        started = client.connect_or_start()
        answer = client.ask(StatusRequest())
    if client.log_failure:
        click.echo(f"voicestream: {client.log_failure}", err=True)
    if not isinstance(answer, Status):
        raise VoicestreamError(f"the supervisor answered with {type(answer).__name__}")
    click.echo(
        f"voicestream: supervisor {answer.supervisor.pid} {'started' if started else 'was running already'}", err=True
    )
