"""Session request: validated options of a command, from the command line, the environment and the user's file."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from voicestream.cli.session import gpu_option, output_option, remote_hosts
from voicestream.cli.session.click_options import check_environment, error_text
from voicestream.config import config_file, languages, project_file, worker_limits
from voicestream.config.engine_settings import AUTO
from voicestream.config.options import BY_NAME, NO_SIGNAL
from voicestream.engines import registry
from voicestream.errors import EXIT_USAGE, ConfigurationError, UsageError, VoicestreamError
from voicestream.protocol.messages import LanguageVoice, ParserOptions, SessionOptions, TranslationOptions
from voicestream.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Generator

    from voicestream.config.project_file import Project
    from voicestream.config.worker_limits import WorkerLimits

_PLACES: Final = "voicestream.config.config_file"
"""Key in ``click.Context.meta``: place in a file by parameter name."""

_OF_PROJECT: Final = "voicestream.config.project_file"
"""Key in ``click.Context.meta``: names of the parameters that the project's file has set."""

MAX_NAME_CHARACTERS: Final = 60
"""Limit of the name of a session, which is spoken."""

_log = logging.getLogger(__name__)


def with_project(context: click.Context, project: Project, *, is_lenient: bool = False) -> None:
    """Take options from the project's file that were neither typed nor in the environment.

    Args:
        context: of the command.
        project: the project.
        is_lenient: errors are logged instead of raised, and what they concern is ignored.

    Raises:
        ConfigurationError: the first error of the file.
    """
    problems = list(project.problems)
    before = set(context.meta.get(_PLACES, {}))
    for flag, value in project.settings.options.items():
        try:
            with_settings(context, replace(project.settings, options={flag: value}))
        except ConfigurationError as error:
            problems.append(error)
    context.meta[_OF_PROJECT] = set(context.meta.get(_PLACES, {})) - before
    for problem in problems:
        if not is_lenient:
            raise problem
        _log.error("ignored: %s", problem)


def with_settings(context: click.Context, found: config_file.Settings) -> None:
    """Take options from a file that were neither typed nor in the environment, nor in a file taken before.

    Raises:
        ConfigurationError: one of them is invalid for the command.
    """
    parameters = {parameter.name: parameter for parameter in context.command.params}
    places: dict[str, str] = context.meta.setdefault(_PLACES, {})
    for flag, value in found.options.items():
        name = BY_NAME[flag].parameter_name
        source = context.get_parameter_source(name)
        if name in parameters and source is ParameterSource.DEFAULT:
            try:
                context.params[name] = parameters[name].type_cast_value(context, value)
            except (click.BadParameter, UsageError) as error:
                hint = error.hint if isinstance(error, UsageError) else ""
                raise ConfigurationError(f"{found.place_of(flag)}: {flag}: {error_text(error)}", hint=hint) from error
            context.set_parameter_source(name, ParameterSource.DEFAULT_MAP)
            places[name] = found.place_of(flag)


@contextlib.contextmanager
def named_source(context: click.Context, *names: str) -> Generator[None]:
    """Add the source of a value to errors about these parameters, unless it was typed; the exit code is then 78.

    Raises:
        ConfigurationError: instead of a ``UsageError``, if the value is from the environment or the user's file.
    """
    try:
        yield
    except VoicestreamError as error:
        places = [place for name in names if (place := place_of(context, name))]
        if not places or error.exit_code not in (EXIT_USAGE, ConfigurationError.exit_code):
            raise
        raise ConfigurationError(f"{places[0]}: {error}", hint=error.hint) from error


def place_of(context: click.Context, name: str) -> str:
    """Return the source of a value that was neither typed nor is a default; empty for others."""
    if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        parameter = next(parameter for parameter in context.command.params if parameter.name == name)
        return f"{parameter.envvar}={parameter.resolve_envvar_value(context)}"
    places: dict[str, str] = context.meta.get(_PLACES, {})
    return places.get(name, "")


@dataclass(frozen=True)
class SessionRequest:
    """Options of the session, and of its display."""

    options: SessionOptions
    captions: bool
    quiet: bool
    worker_limits: WorkerLimits
    """For a supervisor that has to be started."""
    detach: bool
    """The supervisor finishes the session after the end of the input."""
    is_now: bool = False
    """The session interrupts others."""
    takes_keys: bool = False
    """Keys of the terminal control playback."""
    enabled: bool = True
    """False: nothing is spoken."""
    disabled_by: str = ""
    """Source of ``enabled``, for people; empty if it was typed."""

    @property
    def is_typed_silent(self) -> bool:
        """True if ``--disabled`` was typed: it also silences commands that ignore ``enabled`` of the settings."""
        return not self.enabled and not self.disabled_by


def request(
    context: click.Context,
    *,
    input_format: str = "auto",
    only: str = "all",
    code: str = "drop",
    project: Project | None = None,
    is_lenient: bool = False,
) -> SessionRequest:
    """Validate the options of a command.

    Args:
        context: of the command.
        input_format: for commands without an option for it,
        only: likewise,
        code: likewise.
        project: project of the session; None: that of the working directory.
        is_lenient: errors in the project's file are logged, and what they concern is ignored.

    Raises:
        UsageError: a typed value is invalid: a directory, a voice, a GPU.
        ConfigurationError: a value in the environment or the user's file is invalid.
    """
    check_environment(context)
    project = project or project_file.of_working_directory()
    with_project(context, project, is_lenient=is_lenient)
    found = config_file.load(config_file.path())
    with_settings(context, found)
    values = context.params
    with named_source(context, "models"):
        models = models_directory(str(values["models"]))
    with named_source(context, "tts"):
        registry.check(tts=str(values["tts"]))
    with named_source(context, "translator"):
        registry.check(translator=str(values["translator"]))
    voice, tts = _voice_of(context, models, is_lenient=is_lenient)
    with named_source(context, "gpu", "compute"):
        compute, gpus = gpu_option.devices(context)
    with named_source(context, "output"):
        output = output_option.parse(
            str(values["output"]),
            str(values["device"]),
            lead_in=str(values["lead_in"]),
            force=bool(values["force"]),
        )
    source = str(values["source"])
    target = str(values["target"] or source)
    voices = _voices_by_language(context, found, models)
    chooses_voices = _is_open(context) and tts == AUTO and not voice
    if (entry := next((tag for tag in voices if languages.are_same(tag, target)), None)) is not None:
        own = voices.pop(entry)
        tts, voice = own.engine, own.voice
    translator = str(values["translator"])
    options = SessionOptions(
        parser=ParserOptions(
            format=str(values.get("input_format", input_format)),
            only="final" if values.get("only", only) == "final" else "all",
            code="announce" if values.get("code", code) == "announce" else "drop",
            language=source,
            replacements=found.replacements,
        ),
        output=output,
        target=target,
        translator=translator,
        translation=TranslationOptions(
            beams=int(values["beams"]), keep=found.keep, glossary=found.glossary_for(target)
        ),
        models=models,
        compute=compute,
        gpus=gpus,
        graphs=bool(values["graphs"]),
        tts=tts,
        voice=voice,
        voices=voices,
        remote=remote_hosts.of_session(found.remote, translator, [tts, *(one.engine for one in voices.values())]),
        chooses_voices=chooses_voices,
        speed=float(values["speed"]),
        sentence_pause_seconds=float(values["sentence_pause"]),
        paragraph_pause_seconds=float(values["paragraph_pause"]),
        keep_alive_seconds=float(values["keep_alive"]),
        max_lag_seconds=float(values.get("max_lag") or 0.0),
        quiet=bool(values["quiet"]),
        turn_signal="" if values["turn_signal"] == NO_SIGNAL else values["turn_signal"],
        history_days=float(values["history_days"]) if values["history"] else 0.0,
        project=_name(str(values["name"] or project.directory.name)),
    )
    return SessionRequest(
        options=options,
        captions=bool(values["captions"]),
        quiet=bool(values["quiet"]),
        worker_limits=worker_limits.resolve(found.idle_seconds, found.memory_bytes),
        detach=bool(values.get("detach")),
        enabled=bool(values["enabled"]),
        disabled_by=place_of(context, "enabled"),
        is_now=bool(values.get("now")),
        takes_keys=bool(values.get("keys")),
    )


def _name(name: str) -> str:
    """Return the name of a session as it is shown and spoken."""
    return one_line(name.encode(errors="replace").decode())[:MAX_NAME_CHARACTERS].strip()


def _is_open(context: click.Context) -> bool:
    """Return whether neither engine nor voice was typed, or set in the environment or by the project."""
    typed = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    if "voice" in context.meta.get(_OF_PROJECT, ()):
        return False
    return not any(context.get_parameter_source(name) in typed for name in ("tts", "voice"))


def _voice_of(context: click.Context, models: str, *, is_lenient: bool) -> tuple[str, str]:
    """Return voice and engine of a session; a voice of the project that is not there is ignored if ``is_lenient``."""
    values = context.params
    try:
        with named_source(context, "voice", "tts"):
            return _voice(str(values["voice"]), str(values["tts"]), models)
    except VoicestreamError as error:
        if not is_lenient or "voice" not in context.meta.get(_OF_PROJECT, ()):
            raise
        _log.error("ignored: %s", error)
        return "", str(values["tts"])


def _voices_by_language(context: click.Context, found: config_file.Settings, models: str) -> dict[str, LanguageVoice]:
    """Resolve ``[voices]``; a voice or an engine that was typed holds for the whole session.

    Raises:
        ConfigurationError: there is no such engine or voice.
    """
    if not found.voices or not _is_open(context):
        return {}
    from voicestream.voices import by_language

    voices: dict[str, LanguageVoice] = {}
    for tag, written in found.voices.items():
        try:
            chosen = by_language.resolve(written, models)
        except VoicestreamError as error:
            raise ConfigurationError(f"{found.place_of_voice(tag)}: {error}", hint=error.hint) from error
        voices[tag] = LanguageVoice(engine=chosen.tts, voice=chosen.voice)
    return voices


def models_directory(models: str) -> str:
    """Return ``--models`` as an absolute path: the supervisor may have been started in another directory.

    Raises:
        UsageError: there is no such directory.
    """
    if not models:
        return ""
    if not Path(models).is_dir():
        raise UsageError(f"--models {models}: there is no such directory")
    return str(Path(models).absolute())


def _voice(voice: str, tts: str, models: str) -> tuple[str, str]:
    """Resolve ``--voice`` into a voice and its engine."""
    if not voice:
        return "", tts
    from voicestream.cli import consent_prompt
    from voicestream.voices import voice_choice

    found = voice_choice.resolve(voice, tts, models, consent_prompt.ask_file_consent)
    return found.voice, found.tts
