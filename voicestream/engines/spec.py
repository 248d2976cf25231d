"""Engine specs: all that is known of an engine before it is loaded.

An entry point names a spec; the command line, the supervisor and the workers read it, so a module with a spec imports
nothing heavy. The engine itself is imported by ``load``, in the worker's process only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.model import Licence, Model
    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.engines.translator import Translator

    Report = Callable[[str, float | None], None]
    """Takes the name of a stage of loading and, where known, its progress from 0 to 1. Each call extends the time
    that the supervisor grants for loading."""

ONLY_BY_NAME: Final = 0
"""Rank of an engine that ``auto`` does not take."""


@dataclass(frozen=True)
class VoiceList:
    """The voices of an engine, as far as they are known without loading it."""

    names: Sequence[str] = ()
    """What people type after ``--voice``, in the order in which they are shown."""
    variants: Sequence[str] | None = None
    """Suffixes that go with every name (``+f3``), without the plus sign; None: names have no suffixes."""
    has_all: bool = True
    """False: there may be others, so a name that is not here is left to the engine."""
    also: Callable[[str], bool] | None = None
    """Whether a text that is none of the names is understood all the same: several names at once, a suffix."""
    summary: str = ""
    """Shown instead of the names, where there are too many of them to be read."""


def no_voices(_models: str) -> VoiceList:
    """No voice is known of an engine that is not loaded."""
    return VoiceList(has_all=False)


def unknown_language(_voice: str) -> str:
    """No language is known of a voice."""
    return ""


@dataclass(frozen=True, kw_only=True)
class EngineSpec:
    """What both kinds of engines say of themselves; which kind it is, is the class."""

    name: str
    """What people type after ``--translator`` or ``--tts``; the same as that of the entry point."""
    title: str
    """What people call it."""
    rank: int = ONLY_BY_NAME
    """Place in ``auto``, which takes the engine of the highest rank that is ready (docs/internals/engines.md)."""
    rank_on_gpu: int | None = None
    """Rank where a GPU computes, if that makes a difference."""
    languages: frozenset[str] = frozenset()
    """Base languages (``pt``, not ``pt-BR``) that it speaks or translates into; empty = the loaded engine says."""
    is_built_in: bool = False
    """Whether it is ready on every machine that has voicestream: nothing is to be installed or fetched for it."""
    packages: tuple[str, ...] = ()
    """Modules that it cannot be loaded without."""
    install: str = ""
    """The command that installs them."""
    models: tuple[Model, ...] = ()
    """What ``setup`` and ``models pull`` can fetch for it."""
    licences: tuple[Licence, ...] = ()
    """Licences of its models, as far as ``models.licences`` does not have them."""
    uses_settings: bool = True
    """Whether ``--models``, ``--compute``, ``--gpu`` or ``--no-graphs`` make any difference to it."""

    def __post_init__(self) -> None:
        """Check what the registry relies on.

        Raises:
            ValueError: a model names another engine.
        """
        for model in self.models:
            if model.engine != self.name:
                raise ValueError(f"the model {model.name} is for {model.engine}, not for {self.name}")

    def rank_for(self, *, uses_gpu: bool) -> int:
        """The rank in ``auto`` on a device; ``ONLY_BY_NAME``: never."""
        return self.rank if self.rank_on_gpu is None or not uses_gpu else self.rank_on_gpu

    def may_speak(self, base: str) -> bool:
        """Whether a base language is, or may be, one that it speaks or translates into."""
        return not self.languages or base in self.languages


@dataclass(frozen=True, kw_only=True)
class TranslatorSpec(EngineSpec):
    """A translation engine; entry points of the group ``voicestream.translators`` name one."""

    load: Callable[[EngineSettings, Report], Translator]
    """Imports and loads the engine, and returns it ready to translate.

    Raises ``EngineNotReadyError`` when a program, a package or weights are missing; the hint is the command that mends
    it. The worker ends with exit code 78 then, and is not started again.
    """


@dataclass(frozen=True, kw_only=True)
class SynthesizerSpec(EngineSpec):
    """A voice engine; entry points of the group ``voicestream.synthesizers`` name one."""

    load: Callable[[EngineSettings, Report], Synthesizer]
    """Imports and loads the engine, and returns it ready to speak; raises as a translator's does."""
    summary: str = ""
    """What ``setup --help`` says of its voice, in some words."""
    takes_samples: bool = False
    """Whether it speaks with the voice of a recording: ``synthesize`` may be given the path of a sample."""
    find_weights: Callable[[str], object] | None = None
    """Finds its weights in a directory of models (empty = the user's), or raises ``EngineNotReadyError``."""
    voices: Callable[[str], VoiceList] = field(default=no_voices)
    """Its voices, found in a directory of models (empty = the user's); quick, and raises nothing."""
    language_of: Callable[[str], str] = field(default=unknown_language)
    """BCP-47 tag of the language of a voice; empty = the name does not say it."""
