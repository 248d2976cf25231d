"""Engine specs: everything known about an engine before it is loaded.

An entry point names a spec. The command line, the supervisor and the workers read it, so a module with a spec imports
nothing heavy. ``load`` imports the engine itself, in the worker process only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from voicestream.records import FrozenRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicestream.config.engine_settings import EngineSettings
    from voicestream.engines.model import Licence, Model
    from voicestream.engines.synthesizer import Synthesizer
    from voicestream.engines.translator import Translator
    from voicestream.protocol.messages import RemoteHosts

    Report = Callable[[str, float | None], None]
    """Takes the name of a stage of loading and, where known, its progress from 0 to 1. Each call extends the time
    that the supervisor grants for loading."""

ONLY_BY_NAME: Final = 0
"""Rank of an engine that ``auto`` does not choose."""


class VoiceList(FrozenRecord, frozen=True):
    """Voices of an engine, as far as they are known without loading it."""

    names: Sequence[str] = ()
    """Values of ``--voice`` in the order in which they are shown."""
    variants: Sequence[str] | None = None
    """Suffixes valid for every name (``+f3``), without the plus sign; None: names have no suffixes."""
    has_all: bool = True
    """False: the list is incomplete, and the engine checks other names."""
    also: Callable[[str], bool] | None = None
    """Returns whether the engine accepts a text that is not in ``names``: several names, a suffix."""
    summary: str = ""
    """Shown instead of the names if there are too many to read."""


def no_voices(_models: str) -> VoiceList:
    """Return an incomplete list without names."""
    return VoiceList(has_all=False)


def unknown_language(_voice: str) -> str:
    """Return an empty tag: the language of a voice is unknown."""
    return ""


def no_packages(_base: str) -> tuple[str, ...]:
    """Return no modules: no language needs any of its own."""
    return ()


class EngineSpec(FrozenRecord, frozen=True, kw_only=True):
    """Facts common to both kinds of engines; the class of the spec tells the kind."""

    name: str
    """Value of ``--translator`` or ``--tts``; the same as the name of the entry point."""
    title: str
    """Name for people."""
    rank: int = ONLY_BY_NAME
    """Rank in ``auto``, which chooses the ready engine of the highest rank. See docs/internals/engines.md."""
    rank_on_gpu: int | None = None
    """Rank on a GPU, if it differs."""
    languages: frozenset[str] = frozenset()
    """Base languages (``pt``, not ``pt-BR``) it speaks or translates into; empty = only the loaded engine knows."""
    is_built_in: bool = False
    """True: it is part of voicestream and needs neither installation nor download."""
    packages: tuple[str, ...] = ()
    """Modules it cannot be loaded without."""
    programs: tuple[str, ...] = ()
    """Programs of the system it cannot be loaded without."""
    packages_for: Callable[[str], tuple[str, ...]] = no_packages
    """Returns the modules that it needs in addition for a base language; ``install`` installs them, too."""
    install: str = ""
    """Command that installs both."""
    models: tuple[Model, ...] = ()
    """Models that ``setup`` and ``models pull`` can download for it."""
    licences: tuple[Licence, ...] = ()
    """Licences of its models that ``models.licences`` does not have."""
    weights_licence: str = ""
    """Name of the licence of weights that come with its packages; empty if none do."""
    uses_settings: bool = True
    """True if ``--models``, ``--compute``, ``--gpu`` or ``--no-graphs`` affect it."""

    sends_text: bool = False
    """True: it sends sentences to the hosts that the user's file names for its role (``EngineSettings.remote``)."""
    probe: Callable[[RemoteHosts], dict[str, str]] | None = None
    """Asks these hosts whether they work, without a sentence; returns the problem of each, empty if it has none.
    Raises ``EngineNotReadyError`` if a token or certificates are missing."""

    def __post_init__(self) -> None:
        """Check the facts the registry relies on.

        Raises:
            ValueError: a model names another engine.
        """
        for model in self.models:
            if model.engine != self.name:
                raise ValueError(f"the model {model.name} is for {model.engine}, not for {self.name}")

    def rank_for(self, *, uses_gpu: bool) -> int:
        """Return the rank in ``auto`` on a device; ``ONLY_BY_NAME``: never chosen."""
        return self.rank if self.rank_on_gpu is None or not uses_gpu else self.rank_on_gpu

    @property
    def is_for_directions(self) -> bool:
        """Return whether each of its models translates one direction only."""
        return bool(self.models) and all(model.direction is not None for model in self.models)

    def may_speak(self, base: str) -> bool:
        """Return whether the engine speaks, or may speak, a base language."""
        return not self.languages or base in self.languages


class TranslatorSpec(EngineSpec, frozen=True, kw_only=True):
    """Spec of a translation engine, named by an entry point of the group ``voicestream.translators``."""

    load: Callable[[EngineSettings, Report], Translator]
    """Imports and loads the engine, and returns it ready to translate.

    Raises ``EngineNotReadyError`` if a program, a package or weights are missing; the hint is the command that installs
    them. The worker then ends with exit code 78 and is not restarted.
    """
    batches: bool = False
    """True if it is a ``MixedTranslator``; on a GPU a server then gives it many sentences at once."""


class SynthesizerSpec(EngineSpec, frozen=True, kw_only=True):
    """Spec of a voice engine, named by an entry point of the group ``voicestream.synthesizers``."""

    load: Callable[[EngineSettings, Report], Synthesizer]
    """Imports and loads the engine, and returns it ready to speak; raises like a translator's ``load``."""
    summary: str = ""
    """Short description of its voice in ``setup --help``."""
    batches: bool = False
    """True if it is a ``BatchSynthesizer``; on a GPU a server then gives it many sentences at once."""
    takes_samples: bool = False
    """True if it clones the voice of a sample: ``synthesize`` then accepts the path of one."""
    find_weights: Callable[[str], object] | None = None
    """Finds its weights in a directory of models (empty = the user's), or raises ``EngineNotReadyError``."""
    speaks: Callable[[str, str], bool] | None = None
    """Returns whether its weights in a directory of models (empty = the user's) speak a base language; fast, never
    raises. None: they speak all ``languages``."""
    voices: Callable[[str], VoiceList] = no_voices
    """Returns its voices in a directory of models (empty = the user's); fast, never raises."""
    language_of: Callable[[str], str] = unknown_language
    """Returns the BCP-47 tag of a voice's language; empty = unknown."""
