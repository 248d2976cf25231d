"""Piper's voices on this machine: pairs of a network (``NAME.onnx``) and its configuration (``NAME.onnx.json``).

They are searched in a directory of models, one level deep, and in the directory itself.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from voicestream.config import languages
from voicestream.engines import registry
from voicestream.errors import EngineNotReadyError, UsageError
from voicestream.models import location, weights
from voicestream.workers.engines.piper.model import CONFIGURATION, NAME, NETWORK, tag_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAD: Final = "_"
BEGIN: Final = "^"
END: Final = "$"

_PHONEMES: Final = "espeak"
"""Type of phonemes of voices that read a text with espeak-ng."""

SETUP: Final = f"voicestream setup --voice-model {NAME}"
SPEAKER: Final = "#"
"""Between the name of a voice and that of one of its speakers: ``fr_FR-upmc-medium#jessica``."""


@dataclass(frozen=True)
class Voice:
    """One voice, as its configuration describes it."""

    name: str
    network: Path
    tag: str
    """BCP-47 tag of its language."""
    espeak: str
    """Voice of espeak-ng that reads texts for it."""
    sample_rate: int
    ids: Mapping[str, tuple[int, ...]]
    """Numbers of the symbols that its network knows."""
    noise_scale: float
    length_scale: float
    noise_w: float
    speakers: Mapping[str, int]
    """Numbers of its speakers by name; empty if there is one only."""

    @property
    def base(self) -> str:
        """Base language."""
        return languages.parse(self.tag).base


def find(models: str) -> dict[str, Voice]:
    """Return the voices in a directory by name, sorted.

    Args:
        models: directory of models, or of one voice; empty = the user's.

    Raises:
        EngineNotReadyError: there is none, or all are damaged; then it is the error of the first.
    """
    root = location.root(models)
    found: dict[str, Voice] = {}
    first: EngineNotReadyError | None = None
    for file in _configurations(root):
        try:
            voice = read(file)
        except EngineNotReadyError as error:
            first = first or error
        else:
            found.setdefault(voice.name, voice)
    if found:
        return dict(sorted(found.items()))
    raise first or EngineNotReadyError(f"there are no Piper voices in {root}", hint=SETUP)


def read(file: Path) -> Voice:
    """Read the configuration of a voice.

    Raises:
        EngineNotReadyError: it is damaged, not Piper's, or the network beside it is missing.
    """
    name = file.name.removesuffix(CONFIGURATION)
    network = file.with_name(f"{name}{NETWORK}")
    if not network.is_file():
        raise EngineNotReadyError(f"{network} is missing, the network of {file.name}", hint=weights.AGAIN)
    table = weights.table(file)
    try:
        voice = _voice(name, network, table)
        languages.parse(voice.tag)
    except (AttributeError, KeyError, TypeError, ValueError, UsageError) as error:
        raise EngineNotReadyError(
            f"{file} is no voice that can be used: {type(error).__name__}: {error}", hint=weights.AGAIN
        ) from error
    kind = str(table.get("phoneme_type", _PHONEMES))
    missing = [symbol for symbol in (PAD, BEGIN, END, " ") if symbol not in voice.ids]
    if kind != _PHONEMES or missing:
        what = f"its phonemes are of the type {kind}" if kind != _PHONEMES else f"it has no symbol {missing[0]!r}"
        raise EngineNotReadyError(f"{file} is no voice that can be used: {what}", hint=weights.AGAIN)
    return voice


def choose(there: Mapping[str, Voice], typed: str, language: str) -> tuple[Voice, int]:
    """Return the voice that speaks a sentence, and the number of the speaker.

    A voice that was typed speaks its own language; another language is spoken by the best voice for it.

    Args:
        there: all voices.
        typed: value of ``--voice``: empty, ``de_DE-thorsten-medium``, or with a speaker behind ``#``.
        language: BCP-47 tag of the sentence.

    Raises:
        UsageError: there is no such voice or speaker.
    """
    if not typed.strip():
        return best(there, language), 0
    if "/" in typed or typed.endswith(".wav"):
        other = registry.for_samples()
        raise UsageError(
            f"{NAME} cannot speak with the voice of a recording ({typed})",
            hint=f"Try: {f'--tts {other.name}, or ' if other else ''}the name of a voice: --voice {next(iter(there))}",
        )
    wanted, _, speaker = typed.strip().partition(SPEAKER)
    voice = _named(there, wanted)
    number = 0
    if speaker:
        if speaker not in voice.speakers:
            known = ", ".join(voice.speakers) or "only one"
            raise UsageError(f'the voice {voice.name} has no speaker "{speaker}"', hint=f"There is {known}.")
        number = voice.speakers[speaker]
    if voice.base != languages.parse(language).base:
        return best(there, language), 0
    return voice, number


def best(there: Mapping[str, Voice], language: str) -> Voice:
    """Return the voice for a language: of the same region if there is one.

    Raises:
        ValueError: no voice speaks it.
    """
    spoken = languages.parse(language)
    same = [voice for voice in there.values() if voice.base == spoken.base]
    if not same:
        raise ValueError(f"no voice speaks {spoken.name}")
    return min(same, key=lambda voice: languages.parse(voice.tag).tag != spoken.tag)


def _configurations(root: Path) -> list[Path]:
    try:
        return sorted([*root.glob(f"*{CONFIGURATION}"), *root.glob(f"*/*{CONFIGURATION}")])
    except (OSError, ValueError):  # there is no such directory, or the name is invalid
        return []


def _voice(name: str, network: Path, table: dict[str, Any]) -> Voice:
    inference, language, speakers = (
        cast("dict[str, Any]", table.get(key) or {}) for key in ("inference", "language", "speaker_id_map")
    )
    symbols = cast("dict[str, list[int]]", table["phoneme_id_map"])
    return Voice(
        name=name,
        network=network,
        tag=tag_of(str(language.get("code") or name.partition("-")[0])),
        espeak=str(table["espeak"]["voice"]),
        sample_rate=int(table["audio"]["sample_rate"]),
        ids={str(symbol): tuple(map(int, numbers)) for symbol, numbers in symbols.items()},
        noise_scale=float(inference.get("noise_scale", 0.667)),
        length_scale=float(inference.get("length_scale", 1.0)),
        noise_w=float(inference.get("noise_w", 0.8)),
        speakers={str(one): int(number) for one, number in speakers.items()},
    )


def _named(there: Mapping[str, Voice], typed: str) -> Voice:
    names = {name.lower(): name for name in there}
    wanted = typed.lower()
    if wanted in names:
        return there[names[wanted]]
    nearest = difflib.get_close_matches(wanted, names, n=1)
    guess = f"Did you mean --voice {names[nearest[0]]}? " if nearest else ""
    raise UsageError(f'{NAME} has no voice "{typed}"', hint=f"{guess}There are {', '.join(there)}.")
