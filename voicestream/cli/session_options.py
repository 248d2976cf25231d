"""The options that describe a session, shared by ``run``, ``say`` and ``demo``, and what is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from voicestream import engine_names, languages, settings
from voicestream.cli import card_option, output_option
from voicestream.cli.commands import GroupedCommand
from voicestream.errors import ConfigurationError, UsageError
from voicestream.messages import ParserOptions, SessionOptions, TranslationOptions

if TYPE_CHECKING:
    from collections.abc import Callable


class _NumberRange(click.FloatRange):
    """A range that holds numbers only: NaN is not outside of any range, as comparing goes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """The number that was typed."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


SPEED_RANGE: Final = _NumberRange(0.25, 4.0)
SECONDS: Final = _NumberRange(min=0)
MORE_THAN_NO_SECONDS: Final = _NumberRange(min=0, min_open=True)

_PARAMETER_OF: Final = {"from": "source", "to": "target", "format": "input_format"}
"""Where the parameter of a command differs from the name of the flag."""


def option(
    flag: str,
    text: str,
    metavar: str | None = None,
    *,
    short: tuple[str, ...] = (),
    **more: Any,  # noqa: ANN401 - click's
) -> Callable[[Any], Any]:
    """A click option with its environment variable: ``--keep-alive`` is also ``VOICESTREAM_KEEP_ALIVE``."""
    name = flag.split("/", maxsplit=1)[0].removeprefix("--")
    variable = "VOICESTREAM_" + name.upper().replace("-", "_")
    parameter = _PARAMETER_OF.get(name, name.replace("-", "_"))
    return click.option(*short, flag, parameter, metavar=metavar, envvar=variable, help=text, **more)


def _seconds(default: float) -> dict[str, Any]:
    """Of a pause: longer ones would look as if nothing came any more."""
    return {"type": _NumberRange(0, 10), "default": default, "show_default": True}


_BEAMS: Final[dict[str, Any]] = {"type": click.IntRange(1, 16), "default": 1, "show_default": True}

_OPTIONS: Final = (
    option("--from", "Language of the agent's words, as a BCP-47 tag.  [default: en]", "LANG", default="en"),
    option("--to", "Language to hear: ja, de, pt-BR, …  [default: that of --from]", "LANG", default=None),
    option("--translator", "Translation engine.", "NAME", default="auto", show_default=True),
    option("--beams", "Translations to choose the best from: 1 is fastest, 5 a little better.", "N", **_BEAMS),
    option("--models", "Directory of the neural engines' weights.  [default: that of `setup`]", "DIR", default=""),
    option("--compute", "Where they compute: auto, cpu, cuda, mps.", "DEVICE", default="auto", show_default=True),
    option("--gpu", "NVIDIA card: 1, or of one role: tts=1.  Repeatable.", "[ROLE=]N", multiple=True),
    option("--graphs/--no-graphs", "Record steps on an NVIDIA GPU.", default=True, show_default=True),
    option("--tts", "Voice engine.", "NAME", default="auto", show_default=True),
    option("--voice", "A voice by name (`voicestream voices list`), or a sample of one.", "NAME|FILE", default=""),
    option("--speed", "1.5: one and a half times as fast.", "X", type=SPEED_RANGE, default=1.0, show_default=True),
    option("--sentence-pause", "Quiet after a sentence, at --speed 1.", "SECONDS", **_seconds(0.25)),
    option("--paragraph-pause", "Quiet after a paragraph, an item, a heading.", "SECONDS", **_seconds(0.6)),
    option(
        "--output",
        "Where the sound goes; a directory, or a name with {session}, gets a file a session.  [default: speakers]",
        "speakers|null|FILE.wav",
        short=("-o",),
        default="speakers",
    ),
    click.option("--force", is_flag=True, help="Overwrite the file of --output."),
    option("--device", "Part of the name of a sound device.", "NAME", default=""),
    option(
        "--keep-alive",
        "How long the workers stay warm after the last session.",
        "SECONDS",
        type=SECONDS,
        default=300.0,
        show_default=True,
    ),
    option("--captions/--no-captions", "Show what is said, on stderr.", default=True, show_default=True),
    option("--quiet", "Say nothing on stderr but errors.", short=("-q",), is_flag=True),
)


GROUPS: Final = {
    "Input": ("input_format", "only", "code", "max_lag"),
    "Language": ("source", "target", "translator", "beams"),
    "Voice": ("tts", "voice", "speed", "sentence_pause", "paragraph_pause"),
    "Output": ("output", "force", "device", "tee", "events", "captions", "quiet"),
    "Machine": ("models", "compute", "gpu", "graphs", "keep_alive"),
    "Other": ("help",),
}
"""Parameters of the commands that open a session, by the title of their group in ``--help``."""


def session_command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """Decorate a function as a command that opens a session."""
    return click.command(name, cls=GroupedCommand, groups=GROUPS)


def session_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a click command with the options of a session; it gets them as keyword arguments."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def with_settings(context: click.Context, found: settings.Settings) -> None:
    """Let options that were neither typed nor in the environment come from the user's file.

    Raises:
        ConfigurationError: one of them is not what the command takes.
    """
    parameters = {parameter.name: parameter for parameter in context.command.params}
    for flag, value in found.options.items():
        name = _PARAMETER_OF.get(flag, flag.replace("-", "_"))
        source = context.get_parameter_source(name)
        if name in parameters and source is click.core.ParameterSource.DEFAULT:
            try:
                context.params[name] = parameters[name].type_cast_value(context, value)
            except click.BadParameter as error:
                raise ConfigurationError(f"{settings.path()}: {flag}: {error.message}") from error


@dataclass(frozen=True)
class Request:
    """What a command wants spoken, and how it is shown."""

    options: SessionOptions
    captions: bool
    quiet: bool


def request(context: click.Context, *, input_format: str = "auto", only: str = "all", code: str = "drop") -> Request:
    """What the options of a command ask for, checked.

    Raises:
        UsageError: a language or a file name cannot be right.
        ConfigurationError: the user's file cannot be right.
    """
    found = settings.load(settings.path())
    with_settings(context, found)
    values = context.params
    source = languages.parse(str(values["source"])).tag
    engine_names.check(tts=str(values["tts"]), translator=str(values["translator"]))
    voice, tts = _voice(str(values["voice"]), str(values["tts"]), models_directory(str(values["models"])))
    compute, cards = card_option.devices(context)
    target = languages.parse(str(values["target"])).tag if values["target"] else source
    options = SessionOptions(
        parser=ParserOptions(
            format=str(values.get("input_format", input_format)),
            only="final" if values.get("only", only) == "final" else "all",
            code="announce" if values.get("code", code) == "announce" else "drop",
            language=source,
            replacements=found.replacements,
        ),
        output=output_option.parse(str(values["output"]), str(values["device"]), force=bool(values["force"])),
        target=target,
        translator=str(values["translator"]),
        translation=TranslationOptions(
            beams=int(values["beams"]), keep=found.keep, glossary=found.glossary_for(target)
        ),
        models=models_directory(str(values["models"])),
        compute=compute,
        cards=cards,
        graphs=bool(values["graphs"]),
        tts=tts,
        voice=voice,
        speed=float(values["speed"]),
        sentence_pause_seconds=float(values["sentence_pause"]),
        paragraph_pause_seconds=float(values["paragraph_pause"]),
        keep_alive_seconds=float(values["keep_alive"]),
        max_lag_seconds=float(values.get("max_lag") or 0.0),
    )
    return Request(options=options, captions=bool(values["captions"]), quiet=bool(values["quiet"]))


def models_directory(models: str) -> str:
    """What ``--models`` means, for a supervisor that may have been started from another place.

    Raises:
        UsageError: there is no such directory.
    """
    if not models:
        return ""
    if not Path(models).is_dir():
        raise UsageError(f"--models {models}: there is no such directory")
    return str(Path(models).absolute())


def _voice(voice: str, tts: str, models: str) -> tuple[str, str]:
    """What ``--voice`` means, and which engine is wanted then."""
    if not voice:
        return "", tts
    from voicestream.cli import consent_question
    from voicestream.voices import choice

    found = choice.resolve(voice, tts, models, consent_question.agree_to_file)
    return found.voice, found.tts
