"""Option table of a session: flags, environment variables, keys of ``config.toml``, types, defaults and help.

The command line, the reader of ``config.toml`` and the tables of the documentation are generated from it.
"""

from __future__ import annotations

from typing import Final, Literal

from voicestream.config.engine_settings import AUTO
from voicestream.config.formats import AUTO as ANY_FORMAT
from voicestream.config.formats import FORMATS
from voicestream.records import FrozenRecord

Group = Literal["Input", "Language", "Voice", "Output", "Machine"]
"""Group title in ``--help``."""

NO_SIGNAL: Final = "none"
"""Value of ``--turn-signal`` for no signal."""

MAX_PAUSE_SECONDS: Final = 10
"""Upper limit: a longer pause looks like a failure."""


class Option(FrozenRecord, frozen=True, kw_only=True):
    """One option."""

    name: str
    """Flag without dashes."""
    group: Group
    help: str
    type: type[str] | type[int] | type[float] | type[bool] = str
    default: str | float | None = ""
    """Default; None: the help text describes it."""
    metavar: str | None = None
    short: str = ""
    """One-letter flag."""
    negative: str = ""
    """Flag that turns it off; empty = none."""
    minimum: float | None = None
    maximum: float | None = None
    excludes_minimum: bool = False
    choices: tuple[str, ...] = ()
    takes_numbers: bool = False
    """True: ``config.toml`` may have a whole number in place of the text."""
    repeats: bool = False
    """True: it may be given several times."""
    shows_default: bool = False
    has_variable: bool = True
    table: str | None = ""
    """Table of ``config.toml`` that may have it; empty = the top of the file, None: not allowed there."""
    in_project: bool = False
    """True: ``.voicestream.toml`` may have it, a file of a repository that somebody else may have written."""
    parameter: str = ""
    """Parameter name of the command if it differs from the flag."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Return the typed forms: ``--graphs/--no-graphs``, ``-q`` and ``--quiet``."""
        long = f"--{self.name}/{self.negative}" if self.negative else f"--{self.name}"
        return (self.short, long) if self.short else (long,)

    @property
    def parameter_name(self) -> str:
        """Return the parameter name of the command."""
        return self.parameter or self.name.replace("-", "_")

    @property
    def key(self) -> tuple[str, ...] | None:
        """Path in ``config.toml``: ``keep-alive``, or ``speech.sentence_pause``; None: not allowed there."""
        if self.table is None:
            return None
        return (self.table, self.name.replace("-", "_")) if self.table else (self.name,)

    @property
    def variable(self) -> str | None:
        """Return the environment variable: ``VOICESTREAM_KEEP_ALIVE`` for ``--keep-alive``."""
        return "VOICESTREAM_" + self.name.upper().replace("-", "_") if self.has_variable else None


OPTIONS: Final = (
    Option(
        name="format",
        group="Input",
        help=f"What the agent prints: {', '.join(FORMATS)}.",
        metavar="NAME",
        choices=FORMATS,
        default=ANY_FORMAT,
        shows_default=True,
        parameter="input_format",
    ),
    Option(
        name="only",
        group="Input",
        help="Speak the final answer of a turn only, or all messages.",
        choices=("final", "all"),
        default="all",
    ),
    Option(
        name="code",
        group="Input",
        help="Drop code blocks silently, or announce them.",
        choices=("drop", "announce"),
        default="drop",
    ),
    Option(
        name="max-lag",
        group="Input",
        help="If speech falls more than SECONDS behind, skip the oldest messages and announce it.  [default: never]",
        type=float,
        metavar="SECONDS",
        minimum=0,
        excludes_minimum=True,
        default=None,
    ),
    Option(
        name="hush-on-prompt",
        group="Input",
        help="A prompt in an interactive agent drops what is queued of its session.",
        type=bool,
        negative="--no-hush-on-prompt",
        default=True,
        shows_default=True,
    ),
    Option(
        name="enabled",
        group="Input",
        help="Speak, or read the input and stay silent.",
        type=bool,
        negative="--disabled",
        default=True,
        shows_default=True,
        in_project=True,
    ),
    Option(
        name="name",
        group="Input",
        help="Name of the session for people.  [default: that of the project]",
        metavar="TEXT",
        in_project=True,
    ),
    Option(
        name="from",
        group="Language",
        help="Language of the agent's output, a BCP-47 tag.  [default: en]",
        metavar="LANG",
        default="en",
        parameter="source",
        in_project=True,
    ),
    Option(
        name="to",
        group="Language",
        help="Language to hear: ja, de, pt-BR, …  [default: that of --from]",
        metavar="LANG",
        default=None,
        parameter="target",
        in_project=True,
    ),
    Option(
        name="translator",
        group="Language",
        help="Translation engine.",
        metavar="NAME",
        default=AUTO,
        shows_default=True,
    ),
    Option(
        name="beams",
        group="Language",
        help="Beam search width: 1 is fastest, 5 slightly better.",
        type=int,
        metavar="N",
        minimum=1,
        maximum=16,
        default=1,
        shows_default=True,
    ),
    Option(
        name="tts",
        group="Voice",
        help="Voice engine.",
        metavar="NAME",
        default=AUTO,
        shows_default=True,
    ),
    Option(
        name="voice",
        group="Voice",
        help="Voice name (`voicestream voices list`), or an audio sample to clone.",
        metavar="NAME|FILE",
        in_project=True,
    ),
    Option(
        name="speed",
        group="Voice",
        help="Speech rate: 1.5 is one and a half times as fast.",
        type=float,
        metavar="X",
        minimum=0.25,
        maximum=4.0,
        default=1.0,
        shows_default=True,
        in_project=True,
    ),
    Option(
        name="sentence-pause",
        group="Voice",
        help="Pause after a sentence, at --speed 1.",
        type=float,
        metavar="SECONDS",
        minimum=0,
        maximum=MAX_PAUSE_SECONDS,
        default=0.25,
        shows_default=True,
        table="speech",
    ),
    Option(
        name="paragraph-pause",
        group="Voice",
        help="Pause after a paragraph, an item, a heading.",
        type=float,
        metavar="SECONDS",
        minimum=0,
        maximum=MAX_PAUSE_SECONDS,
        default=0.6,
        shows_default=True,
        table="speech",
    ),
    Option(
        name="output",
        group="Output",
        help="Output: speakers, or FILE (.wav, .flac, .opus); a directory, or a name with {session}: one per session.",
        metavar="speakers|null|FILE",
        short="-o",
        default="speakers",
        shows_default=True,
    ),
    Option(
        name="force",
        group="Output",
        help="Overwrite the file of --output.",
        type=bool,
        default=False,
        has_variable=False,
        table=None,
    ),
    Option(
        name="device",
        group="Output",
        help="Sound device: number or part of a name in `voicestream devices`.",
        metavar="NAME|N",
        takes_numbers=True,
    ),
    Option(
        name="lead-in",
        group="Output",
        help="Milliseconds of quiet that wake an idle device; auto: by kind of device.",
        metavar="auto|MS",
        default=AUTO,
        shows_default=True,
        takes_numbers=True,
    ),
    Option(
        name="turn-signal",
        group="Output",
        help="Signal when another session gets its turn: its name, or a chime.",
        choices=("chime", "name", NO_SIGNAL),
        default="chime",
        shows_default=True,
        in_project=True,
    ),
    Option(
        name="tee",
        group="Output",
        help="Copy stdin to stdout, unchanged.",
        type=bool,
        default=False,
        has_variable=False,
        table=None,
    ),
    Option(
        name="events",
        group="Output",
        help="Write events as JSON lines.",
        metavar="FILE|-",
        default=None,
        has_variable=False,
        table=None,
    ),
    Option(
        name="captions-file",
        group="Output",
        help="Write captions with times to a .srt or .vtt file.",
        metavar="FILE",
        default=None,
        has_variable=False,
        table=None,
    ),
    Option(
        name="captions",
        group="Output",
        help="Print captions to stderr.",
        type=bool,
        negative="--no-captions",
        default=True,
        shows_default=True,
        in_project=True,
    ),
    Option(
        name="keys",
        group="Output",
        help="Control playback with keys of the terminal.",
        type=bool,
        negative="--no-keys",
        default=True,
        shows_default=True,
    ),
    Option(
        name="quiet",
        group="Output",
        help="Print only errors to stderr.",
        type=bool,
        short="-q",
        default=False,
    ),
    Option(
        name="detach",
        group="Output",
        help="Exit at the end of the input; the supervisor speaks what is queued.",
        type=bool,
        default=False,
        table=None,
    ),
    Option(
        name="history",
        group="Output",
        help="Keep the sentences of the session for `voicestream history` and `replay`.",
        type=bool,
        negative="--no-history",
        default=True,
        shows_default=True,
    ),
    Option(
        name="history-days",
        group="Output",
        help="Days for which sessions are kept.",
        type=float,
        metavar="DAYS",
        minimum=0,
        excludes_minimum=True,
        maximum=3650,
        default=7.0,
        shows_default=True,
    ),
    Option(
        name="now",
        group="Output",
        help="Interrupt the sentence that is being heard; it continues afterwards.",
        type=bool,
        default=False,
        has_variable=False,
        table=None,
    ),
    Option(
        name="models",
        group="Machine",
        help="Directory of model weights.  [default: that of `setup`]",
        metavar="DIR",
    ),
    Option(
        name="compute",
        group="Machine",
        help="Compute device: auto, cpu, cuda, mps.",
        metavar="DEVICE",
        default=AUTO,
        shows_default=True,
    ),
    Option(
        name="gpu",
        group="Machine",
        help="NVIDIA GPU index, or that of one role: tts=1.  Repeatable.",
        metavar="[ROLE=]N",
        default=None,
        repeats=True,
    ),
    Option(
        name="graphs",
        group="Machine",
        help="Use CUDA graphs on an NVIDIA GPU.",
        type=bool,
        negative="--no-graphs",
        default=True,
        shows_default=True,
    ),
    Option(
        name="keep-alive",
        group="Machine",
        help="How long the workers stay warm after the last session.",
        type=float,
        metavar="SECONDS",
        minimum=0,
        default=300.0,
        shows_default=True,
    ),
)
"""All options in the order of ``--help``."""

BY_NAME: Final = {option.name: option for option in OPTIONS}
"""Options by flag without dashes."""

PROJECT: Final = tuple(option.name for option in OPTIONS if option.in_project)
"""Options that ``.voicestream.toml`` may have."""

RUN_ONLY: Final = ("format", "only", "code", "max-lag", "tee", "events", "captions-file", "keys")
"""Options of ``run`` only: input and targets of an agent's output."""

SAY_ONLY: Final = ("now",)
"""Options of ``say`` only."""

HOOK_ONLY: Final = ("hush-on-prompt",)
"""Options of sessions that are fed by an agent's hooks only."""

SESSION: Final = tuple(
    option.name for option in OPTIONS if option.name not in (*RUN_ONLY, *SAY_ONLY, *HOOK_ONLY, "detach")
)
"""Options of every command that opens a session."""

ENGINES: Final = ("tts", "translator", "models", "compute", "gpu", "graphs")
"""Options that select engines and their settings, also of ``up``."""
