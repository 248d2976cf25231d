"""The options that describe a session, shared by ``run``, ``say`` and ``demo``; imports little, to be parsed at once.

A value that was typed and cannot be right ends the command while it is parsed. One from the environment does not: it
is kept until ``check_environment``, which ``run`` reaches when it reads the agent's output already.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from voicestream.cli.click_classes import GroupedCommand
from voicestream.config import languages
from voicestream.config.engine_settings import check_compute
from voicestream.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_PROBLEMS: Final = "voicestream.client.environment"
"""Key in ``click.Context.meta`` of what is wrong in the environment."""


class SessionOption(click.Option):
    """An option that has an environment variable."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - click's
        """The value as its type; the default for one in the environment that cannot be right."""
        try:
            return super().process_value(ctx, value)
        except (click.BadParameter, UsageError) as error:
            if ctx.get_parameter_source(self.name or "") is not ParameterSource.ENVIRONMENT:
                raise
            problems: list[ConfigurationError] = ctx.meta.setdefault(_PROBLEMS, [])
            problems.append(
                ConfigurationError(
                    f"{self.envvar}={self.resolve_envvar_value(ctx)}: {in_words(error)}",
                    hint=getattr(error, "hint", "") or f"Set it to another value, or type: unset {self.envvar}",
                )
            )
            return super().process_value(ctx, self.get_default(ctx))


def check_environment(context: click.Context) -> None:
    """Report what is wrong in the environment variables of a command's options.

    Raises:
        ConfigurationError: one of them has a value that its option cannot have.
    """
    for problem in context.meta.get(_PROBLEMS, []):
        raise problem


def in_words(error: click.ClickException | UsageError) -> str:
    """What is wrong with a value."""
    return error.message if isinstance(error, click.ClickException) else str(error)


def _language(tag: str) -> str:
    """The normalised tag of a language that voicestream knows."""
    return languages.parse(tag).tag


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

PARAMETER_OF: Final = {"from": "source", "to": "target", "format": "input_format"}
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
    parameter = PARAMETER_OF.get(name, name.replace("-", "_"))
    return click.option(*short, flag, parameter, cls=SessionOption, metavar=metavar, envvar=variable, help=text, **more)


def _seconds(default: float) -> dict[str, Any]:
    """Of a pause: longer ones would look as if nothing came any more."""
    return {"type": _NumberRange(0, 10), "default": default, "show_default": True}


_AUTO: Final[dict[str, Any]] = {"default": "auto", "show_default": True}

_BEAMS: Final[dict[str, Any]] = {"type": click.IntRange(1, 16), "default": 1, "show_default": True}

_OPTIONS: Final = (
    option(
        "--from", "Language of the agent's output, a BCP-47 tag.  [default: en]", "LANG", type=_language, default="en"
    ),
    option(
        "--to", "Language to hear: ja, de, pt-BR, …  [default: that of --from]", "LANG", type=_language, default=None
    ),
    option("--translator", "Translation engine.", "NAME", default="auto", show_default=True),
    option("--beams", "Beam search width: 1 is fastest, 5 slightly better.", "N", **_BEAMS),
    option("--models", "Directory of model weights.  [default: that of `setup`]", "DIR", default=""),
    option("--compute", "Compute device: auto, cpu, cuda, mps.", "DEVICE", type=check_compute, **_AUTO),
    option("--gpu", "NVIDIA GPU index, or that of one role: tts=1.  Repeatable.", "[ROLE=]N", multiple=True),
    option("--graphs/--no-graphs", "Use CUDA graphs on an NVIDIA GPU.", default=True, show_default=True),
    option("--tts", "Voice engine.", "NAME", default="auto", show_default=True),
    option("--voice", "Voice name (`voicestream voices list`), or an audio sample to clone.", "NAME|FILE", default=""),
    option(
        "--speed",
        "Speech rate: 1.5 is one and a half times as fast.",
        "X",
        type=SPEED_RANGE,
        default=1.0,
        show_default=True,
    ),
    option("--sentence-pause", "Pause after a sentence, at --speed 1.", "SECONDS", **_seconds(0.25)),
    option("--paragraph-pause", "Pause after a paragraph, an item, a heading.", "SECONDS", **_seconds(0.6)),
    option(
        "--output",
        "Output; a directory, or a name with {session}, gets one file per session.  [default: speakers]",
        "speakers|null|FILE.wav",
        short=("-o",),
        default="speakers",
    ),
    click.option("--force", is_flag=True, help="Overwrite the file of --output."),
    option("--device", "Sound device, by part of its name.", "NAME", default=""),
    option(
        "--keep-alive",
        "How long the workers stay warm after the last session.",
        "SECONDS",
        type=SECONDS,
        default=300.0,
        show_default=True,
    ),
    option("--captions/--no-captions", "Print captions to stderr.", default=True, show_default=True),
    option("--quiet", "Print only errors to stderr.", short=("-q",), is_flag=True),
)

detach_option: Final = option(
    "--detach", "Exit at the end of the input; the supervisor speaks what is queued.", is_flag=True
)

GROUPS: Final = {
    "Input": ("input_format", "only", "code", "max_lag"),
    "Language": ("source", "target", "translator", "beams"),
    "Voice": ("tts", "voice", "speed", "sentence_pause", "paragraph_pause"),
    "Output": ("output", "force", "device", "tee", "events", "captions", "quiet", "detach"),
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
