"""``voicestream up``: a supervisor that keeps running until ``down``."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import click

from voicestream.cli.session import gpu_option
from voicestream.cli.session.click_options import check_environment, options_of
from voicestream.cli.session.request import models_directory, named_source
from voicestream.client import inherited_environment
from voicestream.client.connection import Client, supervisor_command
from voicestream.config import config_file, worker_limits
from voicestream.config.engine_choice import EngineChoice
from voicestream.config.engine_settings import AUTO, UNTRANSLATED
from voicestream.config.options import ENGINES
from voicestream.engines import registry
from voicestream.errors import ConfigurationError, VoicestreamError
from voicestream.protocol.messages import Control, Status, StatusRequest
from voicestream.protocol.run_directory import RunDirectory
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from typing import NoReturn

READY_SECONDS: Final = 300.0
"""Timeout for engines to load."""

END_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.1
LOADED_STATES: Final = frozenset({"ready", "busy", "failed", "not_started"})
"""States of a worker that has finished loading, or is not to be loaded."""


@click.command()
@click.option("--foreground", is_flag=True, help="Stay in the foreground, for a service manager.")
@options_of(*ENGINES)
@click.pass_context
def up(context: click.Context, /, *, foreground: bool, tts: str, translator: str, **_: object) -> None:
    """Start the background supervisor and keep it until `voicestream down`."""
    arguments = _arguments(context, tts, translator)
    if foreground:
        _become_supervisor(arguments)
    with Client(RunDirectory.of_this_user(), arguments) as client:
        started = client.connect_or_start()
        answer = _wait_until_loaded(client)
        if client.log_failure:
            click.echo(one_line(f"voicestream: {client.log_failure}"), err=True)
        try:
            _check(answer, _started_with(tts, translator), is_new=started)
        except VoicestreamError:
            if started:
                # A supervisor that cannot do what it was started for is shut down.
                client.send(Control(action="shutdown"))
                client.wait_for_end(END_SECONDS)
            raise
    click.echo(
        f"voicestream: supervisor {answer.supervisor.pid} {'started' if started else 'was running already'}", err=True
    )


def _arguments(context: click.Context, tts: str, translator: str) -> list[str]:
    """Return the arguments of the supervisor.

    Raises:
        UsageError: a typed value is invalid.
        ConfigurationError: a value in the environment or the user's file is invalid.
    """
    check_environment(context)
    models = str(context.params["models"])
    with named_source(context, "tts"):
        registry.check(tts=tts)
    with named_source(context, "translator"):
        registry.check(translator=translator)
    with named_source(context, "models"):
        models = models_directory(models)
    with named_source(context, "gpu", "compute"):
        compute, found = gpu_option.devices(context)
    settings = config_file.load(config_file.path())
    started = _started_with(tts, translator)
    choice = EngineChoice(
        language=str(settings.options.get("to") or settings.options.get("from") or ""),
        tts=started["tts"],
        translator=started["translation"],
        models=models,
        compute=compute,
        gpus=found,
        graphs=bool(context.params["graphs"]),
    )
    limits = worker_limits.resolve(settings.idle_seconds, settings.memory_bytes)
    return ["--stay", *choice.arguments(), *limits.arguments()]


def _started_with(tts: str, translator: str) -> dict[str, str]:
    """Return the engines of the first workers; an engine with hosts is started by the session that names them."""
    return {
        "tts": "" if registry.sends_text(registry.SYNTHESIZERS, tts) else tts,
        "translation": UNTRANSLATED if registry.sends_text(registry.TRANSLATORS, translator) else translator,
    }


def _become_supervisor(arguments: list[str]) -> NoReturn:
    """Replace this process by the supervisor, which a service manager then watches.

    Raises:
        ConfigurationError: one is running already; to start again would not help.
    """
    run_directory = RunDirectory.of_this_user()
    run_directory.prepare()
    if run_directory.is_held():
        raise ConfigurationError("a supervisor is running already", hint="voicestream down")
    command = supervisor_command(run_directory, arguments)
    os.chdir("/")
    os.execve(command[0], command, inherited_environment.for_supervisor(os.environ))  # noqa: S606 - ourselves


def _wait_until_loaded(client: Client) -> Status:
    """Wait until every worker is ready or has failed, and return the status."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        answer = client.ask(StatusRequest())
        if not isinstance(answer, Status):
            raise VoicestreamError(f"the supervisor answered with {type(answer).__name__}")
        loading = [worker for worker in answer.workers if worker.state not in LOADED_STATES]
        if not loading:
            return answer
        if time.monotonic() >= deadline:
            roles = ", ".join(f"{worker.role} ({worker.detail or worker.state})" for worker in loading)
            raise VoicestreamError(
                f"not ready after {READY_SECONDS:.0f} s: {roles}", hint="Try: voicestream workers status"
            )
        time.sleep(POLL_SECONDS)


def _check(answer: Status, wanted: dict[str, str], *, is_new: bool) -> None:
    """Check that the supervisor runs the requested engines.

    Raises:
        ConfigurationError: a worker has failed, or runs another engine than the named one.
    """
    for worker in answer.workers:
        if worker.state == "failed" and (is_new or wanted.get(worker.role) == worker.engine):
            raise ConfigurationError(f"the {worker.role} worker does not start: {worker.detail}")
    for role, engine in wanted.items():
        running = [worker.engine for worker in answer.workers if worker.role == role and worker.engine]
        if not is_new and engine not in ("", AUTO, UNTRANSLATED, *running):
            raise ConfigurationError(
                f"the supervisor that is running has the {role} engine {', '.join(running) or 'stopped'}, not {engine}",
                hint="Try: voicestream down, then again: voicestream up",
            )
